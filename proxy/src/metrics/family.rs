//! The numbers of one metric: one for each combination of its labels' values, all made beforehand, so that to count is one
//! step of an atomic number.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use super::metric::Kind;

/// The ends of the buckets of every histogram, in seconds: from a command on the same machine to a caller's patience.
pub(super) const BUCKETS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    30.0,
];

/// The same in nanoseconds.
const ENDS: [u64; BUCKETS.len()] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
    30_000_000_000,
];

/// A histogram: a number for each bucket, one for what is beyond the last, and the sum in nanoseconds.
const CELLS_PER_HISTOGRAM: usize = BUCKETS.len() + 2;

/// The numbers of one metric.
#[derive(Debug)]
pub(super) struct Family {
    /// How many values each label has.
    widths: Vec<usize>,
    /// How many numbers each combination of values has.
    stride: usize,
    cells: Box<[AtomicU64]>,
}

/// What a histogram has counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    /// The sum of all, in seconds.
    pub(super) sum: f64,
    /// Their number.
    pub(super) count: u64,
    /// The end of each bucket, and how many are in it and in none before.
    pub(super) buckets: [(f64, u64); BUCKETS.len() + 1],
}

impl Family {
    /// All numbers of a metric whose labels have so many values.
    pub(super) fn new(kind: Kind, widths: Vec<usize>) -> Self {
        let stride = if kind == Kind::Histogram { CELLS_PER_HISTOGRAM } else { 1 };
        let size = widths.iter().product::<usize>() * stride;
        Self { widths, stride, cells: (0..size).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Every combination of values, in their order.
    pub(super) fn combinations(&self) -> impl Iterator<Item = Vec<usize>> {
        (0..self.cells.len() / self.stride).map(|mut index| {
            let mut values: Vec<usize> = self
                .widths
                .iter()
                .rev()
                .map(|width| {
                    let value = index % width;
                    index /= width;
                    value
                })
                .collect();
            values.reverse();
            values
        })
    }

    fn cell(&self, values: &[usize], offset: usize) -> Option<&AtomicU64> {
        debug_assert_eq!(values.len(), self.widths.len());
        let index = values.iter().zip(&self.widths).fold(0, |index, (value, width)| {
            // What has no place is the last value, which is the common one.
            index * width + (*value).min(width - 1)
        });
        self.cells.get(index * self.stride + offset)
    }

    pub(super) fn add(&self, values: &[usize], number: u64) {
        if let Some(cell) = self.cell(values, 0) {
            cell.fetch_add(number, Relaxed);
        }
    }

    pub(super) fn subtract(&self, values: &[usize], number: u64) {
        if let Some(cell) = self.cell(values, 0) {
            cell.fetch_sub(number, Relaxed);
        }
    }

    pub(super) fn set(&self, values: &[usize], number: u64) {
        if let Some(cell) = self.cell(values, 0) {
            cell.store(number, Relaxed);
        }
    }

    pub(super) fn get(&self, values: &[usize]) -> u64 {
        self.cell(values, 0).map_or(0, |cell| cell.load(Relaxed))
    }

    /// Notes how long something took.
    pub(super) fn observe(&self, values: &[usize], time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = ENDS.partition_point(|end| *end < time);
        if let (Some(bucket), Some(sum)) =
            (self.cell(values, bucket), self.cell(values, CELLS_PER_HISTOGRAM - 1))
        {
            sum.fetch_add(time, Relaxed);
            bucket.fetch_add(1, Relaxed);
        }
    }

    /// What a histogram has counted. The count is that of the buckets, whatever is counted meanwhile.
    pub(super) fn times(&self, values: &[usize]) -> Times {
        let load = |offset| self.cell(values, offset).map_or(0, |cell| cell.load(Relaxed));
        let end = |bucket: usize| BUCKETS.get(bucket).copied().unwrap_or(f64::INFINITY);
        let buckets = std::array::from_fn(|bucket| (end(bucket), load(bucket)));
        let count = buckets.iter().map(|(_, number)| number).sum();
        Times { sum: Duration::from_nanos(load(CELLS_PER_HISTOGRAM - 1)).as_secs_f64(), count, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_buckets_are_the_same_in_both_units() {
        for (seconds, nanoseconds) in BUCKETS.iter().zip(ENDS) {
            assert_eq!(Duration::from_secs_f64(*seconds), Duration::from_nanos(nanoseconds));
        }
    }

    #[test]
    fn each_combination_has_a_number_of_its_own() {
        let family = Family::new(Kind::Counter, vec![2, 3]);
        let all: Vec<_> = family.combinations().collect();
        assert_eq!(all.len(), 6);
        for (number, values) in (1..).zip(&all) {
            family.add(values, number);
        }
        let got: Vec<_> = all.iter().map(|values| family.get(values)).collect();
        assert_eq!(got, [1, 2, 3, 4, 5, 6]);
        family.add(&[7, 7], 10);
        assert_eq!(family.get(&[1, 2]), 16, "what has no place is the last");
    }

    #[test]
    fn a_time_is_in_the_first_bucket_that_it_does_not_exceed() {
        let family = Family::new(Kind::Histogram, vec![]);
        for time in [Duration::ZERO, Duration::from_micros(100), Duration::from_nanos(100_001), Duration::MAX]
        {
            family.observe(&[], time);
        }
        let Times { count, buckets, .. } = family.times(&[]);
        assert_eq!(count, 4);
        assert_eq!(buckets[0], (0.000_1, 2));
        assert_eq!(buckets[1], (0.000_25, 1));
        assert_eq!(buckets[BUCKETS.len()], (f64::INFINITY, 1));
    }
}
