//! The order of one term's commands: by `cmd_seq`, without a gap. No I/O.

use std::{collections::BTreeMap, time::Duration};

use crate::limits::COMMANDS_PER_DIALOG;

/// The commands of one term that have a number.
#[derive(Debug)]
pub(super) struct Order<T> {
    next: u64,
    /// Those that came before their time, with the moment at which the first of them gives up.
    early: BTreeMap<u64, T>,
    gives_up: Option<Duration>,
}

/// What is to be done with a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placed<T> {
    /// It is its turn, and that of these which waited for it.
    Now(Vec<T>),
    /// It waits for those before it.
    Early,
    /// Its number was used up before.
    Past(T),
    /// Too many wait already; its number is not used up.
    Full(T),
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self { next: 1, early: BTreeMap::new(), gives_up: None }
    }
}

impl<T> Order<T> {
    /// The next number, and what waits behind it.
    pub(super) fn hand_over(&self) -> (u64, impl Iterator<Item = (u64, &T)>) {
        (self.next, self.early.iter().map(|(number, command)| (*number, command)))
    }

    /// The order that another process had. What waits gives up at this time.
    pub(super) fn take_over(
        next: u64,
        early: impl IntoIterator<Item = (u64, T)>,
        gives_up: Duration,
    ) -> Self {
        let early: BTreeMap<u64, T> = early.into_iter().filter(|(number, _)| *number > next).collect();
        let gives_up = (!early.is_empty()).then_some(gives_up);
        Self { next, early, gives_up }
    }

    /// Places the command of a number. If it has to wait, then until `gives_up` at most, or as long as those that wait
    /// already.
    pub(super) fn place(&mut self, number: u64, command: T, gives_up: Duration) -> Placed<T> {
        // The largest number has none after it.
        if number < self.next || number == u64::MAX || self.early.contains_key(&number) {
            return Placed::Past(command);
        }
        if number == self.next {
            self.next = self.next.saturating_add(1);
            let mut now = vec![command];
            self.follow(&mut now);
            return Placed::Now(now);
        }
        if self.early.len() >= COMMANDS_PER_DIALOG {
            return Placed::Full(command);
        }
        self.early.insert(number, command);
        self.gives_up.get_or_insert(gives_up);
        Placed::Early
    }

    /// The command that waits under a number.
    pub(super) fn waiting(&self, number: u64) -> Option<&T> {
        self.early.get(&number)
    }

    /// When those that wait give up.
    pub(super) fn gives_up(&self) -> Option<Duration> {
        self.gives_up
    }

    /// Gives up: returns those that wait. The numbers up to the last of them are used up.
    pub(super) fn give_up(&mut self) -> Vec<T> {
        self.gives_up = None;
        if let Some((last, _)) = self.early.last_key_value() {
            self.next = last.saturating_add(1);
        }
        std::mem::take(&mut self.early).into_values().collect()
    }

    /// Takes out those whose turn it is after the last of `now`.
    fn follow(&mut self, now: &mut Vec<T>) {
        while let Some(command) = self.early.remove(&self.next) {
            self.next = self.next.saturating_add(1);
            now.push(command);
        }
        if self.early.is_empty() {
            self.gives_up = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LATER: Duration = Duration::from_secs(2);

    #[test]
    fn a_gap_holds_up_what_follows_and_is_then_given_up() {
        let mut order = Order::default();
        assert_eq!(order.place(1, "a", LATER), Placed::Now(vec!["a"]));
        assert_eq!(order.place(3, "c", LATER), Placed::Early);
        assert_eq!(order.place(3, "again", LATER), Placed::Past("again"));
        assert_eq!(order.gives_up(), Some(LATER));
        assert_eq!(order.place(2, "b", 2 * LATER), Placed::Now(vec!["b", "c"]));
        assert_eq!(order.gives_up(), None);
        assert_eq!(order.place(6, "f", LATER), Placed::Early);
        assert_eq!(order.give_up(), ["f"]);
        assert_eq!(order.place(5, "e", LATER), Placed::Past("e"), "its number was used up with the gap");
        assert_eq!(order.place(7, "g", LATER), Placed::Now(vec!["g"]));
    }

    proptest! {
        #[test]
        fn whatever_comes_runs_in_order_once_and_without_a_hole(
            numbers in prop::collection::vec((prop_oneof![1u64..30, Just(u64::MAX)], any::<bool>()), 0..200),
        ) {
            let (mut order, mut last) = (Order::default(), 0);
            for (number, give_up) in numbers {
                if let Placed::Now(ran) = order.place(number, number, LATER) {
                    for number in ran {
                        prop_assert_eq!(number, last + 1);
                        last = number;
                    }
                }
                if give_up {
                    last = order.give_up().into_iter().fold(last, u64::max);
                }
                prop_assert_eq!(order.gives_up().is_some(), !order.early.is_empty());
            }
        }
    }
}
