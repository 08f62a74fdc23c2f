//! The numbers in events, and what is wrong with a row of them.

use std::fmt;

use serde_json::Value;

/// What became of numbered events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Events that came.
    pub came: usize,
    /// Numbers that never came.
    pub lost: usize,
    /// Events whose number had come before.
    pub doubled: usize,
    /// Events whose number is smaller than one that came before.
    pub out_of_order: usize,
}

impl Verdict {
    /// Judges the numbers of one dialog, which were sent as 1 to `sent`.
    #[must_use]
    pub fn of(numbers: &[u64], sent: u64) -> Self {
        let mut verdict = Self { came: numbers.len(), ..Self::default() };
        let mut seen = std::collections::HashSet::new();
        let mut greatest = 0;
        for number in numbers {
            if !seen.insert(*number) {
                verdict.doubled += 1;
            } else if *number < greatest {
                verdict.out_of_order += 1;
            }
            greatest = greatest.max(*number);
        }
        verdict.lost = (1..=sent).filter(|number| !seen.contains(number)).count();
        verdict
    }

    /// Adds another dialog's.
    pub fn add(&mut self, other: Self) {
        self.came += other.came;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        (self.lost, self.doubled, self.out_of_order) == (0, 0, 0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { came, lost, doubled, out_of_order } = self;
        write!(f, "{came} events came, {lost} lost, {doubled} doubled, {out_of_order} out of order")
    }
}

/// The number in an ARI event of the fake Asterisk's load, or in a user event of the real one.
#[must_use]
pub fn number(event: &Value) -> Option<u64> {
    let number = &event["userevent"]["n"];
    number.as_u64().or_else(|| number.as_str()?.parse().ok())
}

/// Whether an ARI event is marked as its call's last numbered one.
#[must_use]
pub fn is_last(event: &Value) -> bool {
    let last = &event["userevent"]["last"];
    *last == true || *last == "true"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracle_can_fail() {
        assert!(Verdict::of(&[1, 2, 3], 3).is_clean());
        assert_eq!(Verdict::of(&[1, 3], 3).lost, 1);
        assert_eq!(Verdict::of(&[1, 2, 2, 3], 3).doubled, 1);
        assert_eq!(Verdict::of(&[1, 3, 2], 3).out_of_order, 1);
        assert_eq!(Verdict::of(&[], 2).lost, 2);
    }
}
