//! Figures that a test prints and does not assert.

use std::{fmt, time::Duration};

/// Durations, to be told by their quantiles.
#[derive(Debug, Default, Clone)]
pub struct Durations(Vec<Duration>);

impl Durations {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value below which this part of them lies.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (sorted.len().saturating_sub(1) as f64 * part) as usize;
        sorted.get(index).copied().unwrap_or_default()
    }
}

impl Extend<Duration> for Durations {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, durations: T) {
        self.0.extend(durations);
    }
}

impl FromIterator<Duration> for Durations {
    fn from_iter<T: IntoIterator<Item = Duration>>(durations: T) -> Self {
        Self(durations.into_iter().collect())
    }
}

impl IntoIterator for Durations {
    type Item = Duration;
    type IntoIter = std::vec::IntoIter<Duration>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, most, longest] = [0.5, 0.99, 1.0].map(|part| self.quantile(part));
        write!(f, "median {median:.2?}, 99 % under {most:.2?}, longest {longest:.2?} of {}", self.0.len())
    }
}
