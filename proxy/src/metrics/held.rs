//! Gauges that are kept by those whom they count: as long as each lives, it is counted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use super::{DialogState, Metric, Metrics};

/// Counted in a gauge until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    metrics: Arc<Metrics>,
    metric: Metric,
    /// The value of the gauge's label, if it has one.
    value: Option<AtomicUsize>,
    number: AtomicU64,
}

impl Held {
    pub(super) fn new(metrics: &Arc<Metrics>, metric: Metric, value: Option<usize>, number: u64) -> Self {
        let held = Self {
            metrics: Arc::clone(metrics),
            metric,
            value: value.map(AtomicUsize::new),
            number: number.into(),
        };
        held.with(|values| metrics.family(metric).add(values, number));
        held
    }

    /// The dialog stands elsewhere now.
    pub(crate) fn is_now(&self, state: DialogState) {
        let family = self.metrics.family(self.metric);
        let Some(value) = &self.value else { return };
        let before = value.swap(state as usize, Relaxed);
        let number = self.number.load(Relaxed);
        family.subtract(&[before], number);
        family.add(&[state as usize], number);
    }

    /// It is not counted any more, though it lives on.
    pub(crate) fn ends(&self) {
        let number = self.number.swap(0, Relaxed);
        self.with(|values| self.metrics.family(self.metric).subtract(values, number));
    }

    fn with(&self, act: impl Fn(&[usize])) {
        match &self.value {
            Some(value) => act(&[value.load(Relaxed)]),
            None => act(&[]),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ends();
    }
}
