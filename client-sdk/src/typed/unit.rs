//! Durations in the units that ARI has them in.

use std::time::Duration;

/// In whole milliseconds, rounded up.
pub(crate) fn milliseconds(time: Duration) -> i128 {
    whole(time, 1_000_000)
}

/// In whole seconds, rounded up: 0 would mean no limit.
pub(crate) fn seconds(time: Duration) -> i128 {
    whole(time, 1_000_000_000)
}

fn whole(time: Duration, nanoseconds: u128) -> i128 {
    // The longest duration has far fewer than 2¹²⁷ nanoseconds.
    i128::try_from(time.as_nanos().div_ceil(nanoseconds)).unwrap_or(i128::MAX)
}

/// How long to wait for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// This long, rounded up to whole seconds.
    After(Duration),
    /// For as long as it takes.
    Never,
}

impl Timeout {
    pub(crate) fn seconds(self) -> i128 {
        match self {
            Self::After(time) => seconds(time),
            Self::Never => -1,
        }
    }
}

impl From<Duration> for Timeout {
    fn from(time: Duration) -> Self {
        Self::After(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_becomes_none_and_none_overflows() {
        let times = [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(1001)];
        assert_eq!(times.map(milliseconds), [0, 1, 1001]);
        assert_eq!(times.map(seconds), [0, 1, 2]);
        assert_eq!(seconds(Duration::MAX), 1 << 64);
        assert_eq!((Timeout::Never.seconds(), Timeout::from(times[2]).seconds()), (-1, 2));
    }
}
