//! The numbers of a call's events: which is next, which was seen, what is missing.

use std::ops::RangeInclusive;

/// The number that the next event has.
#[derive(Debug)]
pub(crate) struct Sequence {
    next: u64,
}

/// Where an event stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the next.
    Next,
    /// It was there before: sent again.
    Seen,
    /// These are missing before it.
    After(RangeInclusive<u64>),
}

impl Sequence {
    pub(crate) fn new() -> Self {
        Self { next: 1 }
    }

    /// Places an event and counts it. What was missing before it counts as lost: should it come after all, it has
    /// been seen.
    pub(crate) fn place(&mut self, seq: u64) -> Place {
        let expected = self.next;
        if seq < expected {
            return Place::Seen;
        }
        self.next = seq.saturating_add(1);
        if seq == expected { Place::Next } else { Place::After(expected..=seq - 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_place() {
        let mut sequence = Sequence::new();
        let places: Vec<_> =
            [1, 2, 2, 0, 5, 4, 6, u64::MAX, 7].into_iter().map(|seq| sequence.place(seq)).collect();
        let Place::After(gap) = &places[4] else { panic!("no gap") };
        assert_eq!(*gap, 3..=4);
        assert_eq!(places[..4], [Place::Next, Place::Next, Place::Seen, Place::Seen]);
        assert_eq!(places[5..], [Place::Seen, Place::Next, Place::After(7..=u64::MAX - 1), Place::Seen]);
    }
}
