//! Growing pauses between tries of one thing.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::limits::MIN_PAUSE;

/// Pauses that begin with [`MIN_PAUSE`] and double, with jitter, up to a longest one.
pub(crate) struct Pauses {
    backoff: ExponentialBackoff,
    longest: Duration,
}

impl Pauses {
    /// Pauses up to `longest`.
    pub(crate) fn new(longest: Duration) -> Self {
        let builder = ExponentialBuilder::default().with_min_delay(MIN_PAUSE).with_max_delay(longest);
        Self { backoff: builder.with_jitter().without_max_times().build(), longest }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        self.backoff.next().unwrap_or(self.longest)
    }
}
