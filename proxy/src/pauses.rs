//! Growing pauses between tries of one thing.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::limits::MIN_PAUSE;

/// Pauses that double, with jitter, up to a longest one.
pub(crate) struct Pauses {
    backoff: ExponentialBackoff,
    longest: Duration,
}

impl Pauses {
    /// Pauses from [`MIN_PAUSE`] to `longest`.
    pub(crate) fn new(longest: Duration) -> Self {
        Self::between(MIN_PAUSE, longest)
    }

    /// Pauses from `first`, which is at most half of `longest`, to `longest`.
    pub(crate) fn between(first: Duration, longest: Duration) -> Self {
        // The jitter makes a pause up to twice as long.
        let builder = ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest / 2);
        Self { backoff: builder.with_jitter().without_max_times().build(), longest }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        self.backoff.next().unwrap_or(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_none_is_longer_than_the_longest() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut pauses = Pauses::between(first, longest);
        let seen: Vec<Duration> = (0..1_000).map(|_| pauses.next()).collect();
        assert!((first..=2 * first).contains(&seen[0]), "{:?}", seen[0]);
        assert!(seen.iter().all(|pause| *pause <= longest), "{:?}", seen.iter().max());
        assert!(seen[10..].iter().all(|pause| *pause >= longest / 2), "{:?}", seen[10..].iter().min());
    }
}
