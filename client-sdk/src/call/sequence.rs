//! The numbers of a call's events: which is next, which was there before, what is missing, and what came before its turn.

use std::{collections::BTreeMap, ops::RangeInclusive};

use crate::{
    Event,
    limits::{HELD_EVENT_BYTES, HELD_EVENTS},
};

/// The events of a call on their way into it, in the order of their [positions](super::terms::Term), which are meant by
/// every number here.
#[derive(Debug)]
pub(crate) struct Sequence {
    next: u64,
    /// The highest number that is known to exist.
    known: u64,
    /// What came before its turn, or found no room: in case it never comes again.
    held: BTreeMap<u64, Item>,
    held_bytes: usize,
    /// What is missing was given up: whatever comes next is taken.
    open: bool,
    /// The last number before each term that something may go on of, the present one at the end. What is missing up to that never
    /// comes. Different ones are as many as events are held.
    bases: Vec<u64>,
}

/// What has a number.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// An event for the handler.
    Event(Event),
    /// The end of the call.
    End,
}

/// What goes on to the handler.
#[derive(Debug)]
pub(crate) enum Next {
    /// The next event, or the end.
    Item(Item),
    /// These are lost for good: their numbers in their term.
    Lost(RangeInclusive<u64>),
}

impl Sequence {
    pub(crate) fn new() -> Self {
        Self { next: 1, known: 0, held: BTreeMap::new(), held_bytes: 0, open: false, bases: vec![0] }
    }

    /// The last number up to which everything has come, or was given up.
    pub(crate) fn arrived(&self) -> u64 {
        self.next - 1
    }

    /// The first number that is missing, where one is known to be.
    pub(crate) fn missing(&self) -> Option<u64> {
        // Before the term there is only what waits for room.
        (self.base() < self.next && self.next <= self.known).then_some(self.next)
    }

    /// The proxy says that it has sent events up to this number.
    pub(crate) fn expect(&mut self, seq: u64) {
        self.known = self.known.max(seq.min(u64::MAX - 1));
    }

    /// Takes an event. One that says that all before it is lost (`jumps`) needs nothing before it. `deliver` says whether
    /// there is room: what finds none has not come.
    pub(crate) fn take(&mut self, seq: u64, item: Item, jumps: bool, deliver: &mut dyn FnMut(&Next) -> bool) {
        if self.open {
            // What was the first to come after what is given up, and found no room.
            self.go_on(deliver);
        }
        if seq < self.next || seq == u64::MAX {
            return;
        }
        self.expect(seq);
        if seq > self.next && !jumps && !self.open {
            return self.hold(seq, item);
        }
        // What was held before one that jumps came, after all.
        while let Some((number, earlier)) = self.first_held().filter(|(number, _)| jumps && *number < seq) {
            if !self.deliver(number, earlier, true, deliver) {
                return;
            }
            self.let_go(number);
        }
        if self.deliver(seq, item.clone(), jumps, deliver) {
            self.open = false;
            self.go_on(deliver);
        } else if !jumps {
            // That of one that jumps cannot be told when it is taken up again.
            self.hold(seq, item);
        }
    }

    /// Takes up what was held and is next, for as long as there is room.
    pub(crate) fn go_on(&mut self, deliver: &mut dyn FnMut(&Next) -> bool) {
        while let Some((number, item)) =
            self.first_held().filter(|(number, _)| *number <= self.next.max(self.base()) || self.open)
        {
            if number >= self.next && !self.deliver(number, item, false, deliver) {
                return;
            }
            self.open = false;
            self.let_go(number);
        }
    }

    /// Gives up what is missing: what was held goes on, with a word for each gap; otherwise whatever comes next.
    pub(crate) fn give_up(&mut self, deliver: &mut dyn FnMut(&Next) -> bool) {
        self.open = self.held.is_empty();
        while let Some((number, item)) = self.first_held() {
            if number >= self.next && !self.deliver(number, item, false, deliver) {
                // The rest is missed again when there is room.
                return;
            }
            self.let_go(number);
        }
        self.known = self.arrived();
    }

    /// A new term begins, which has a first event. What was held of the one before goes on, with a word for each gap, as soon
    /// as there is room; all else of it never comes. Returns the last number before the new term.
    pub(crate) fn begin_term(&mut self, deliver: &mut dyn FnMut(&Next) -> bool) -> u64 {
        let last = self.held.last_key_value().map_or(0, |(number, _)| *number);
        let (base, oldest) = (last.max(self.arrived()), self.base_of(self.next));
        self.bases.retain(|earlier| (oldest..base).contains(earlier));
        self.bases.push(base);
        (self.known, self.open) = (0, false);
        self.expect(base.saturating_add(1));
        self.go_on(deliver);
        base
    }

    /// The last number before the present term.
    fn base(&self) -> u64 {
        self.bases.last().copied().unwrap_or(0)
    }

    /// The last number before the term that a number is of.
    fn base_of(&self, number: u64) -> u64 {
        self.bases.iter().rev().find(|base| **base < number).copied().unwrap_or(0)
    }

    /// What came before its turn or found no room, in order.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Event> {
        self.held.values().filter_map(Item::event)
    }

    fn deliver(
        &mut self,
        seq: u64,
        item: Item,
        silently: bool,
        deliver: &mut dyn FnMut(&Next) -> bool,
    ) -> bool {
        if seq > self.next && !silently {
            let base = self.base_of(seq);
            let of_term = |number: u64| number.saturating_sub(base);
            if !deliver(&Next::Lost(of_term(self.next)..=of_term(seq - 1))) {
                return false;
            }
            self.next = seq;
        }
        let delivered = deliver(&Next::Item(item));
        if delivered {
            self.next = seq + 1;
        }
        delivered
    }

    fn first_held(&self) -> Option<(u64, Item)> {
        self.held.first_key_value().map(|(number, item)| (*number, item.clone()))
    }

    fn let_go(&mut self, number: u64) {
        self.held_bytes -= self.held.remove(&number).map_or(0, |item| item.size());
    }

    /// Keeps an event that came before its turn, if there is space: it will be sent again anyway.
    fn hold(&mut self, seq: u64, item: Item) {
        let size = item.size();
        if self.held.len() < HELD_EVENTS
            && self.held_bytes + size <= HELD_EVENT_BYTES
            && !self.held.contains_key(&seq)
        {
            self.held_bytes += size;
            self.held.insert(seq, item);
        }
    }
}

impl Item {
    pub(crate) fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::End => None,
        }
    }

    /// The same at another position than its number.
    pub(super) fn at(self, position: u64) -> Self {
        match self {
            Self::Event(event) => Self::Event(event.at(position)),
            Self::End => Self::End,
        }
    }

    pub(super) fn size(&self) -> usize {
        self.event().map_or(0, |event| event.body().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes events, those from 100 to 199 as ones that jump (to their number less 100), and tells what was delivered: numbers, 0
    /// for the end of a gap that is lost.
    fn run(sequence: &mut Sequence, numbers: &[u64]) -> Vec<u64> {
        let mut seen = Vec::new();
        for number in numbers {
            let (seq, jumps) =
                if (100..200).contains(number) { (number - 100, true) } else { (*number, false) };
            let event = Event::numbered("X", seq, String::new());
            sequence.take(seq, Item::Event(event), jumps, &mut |next| {
                seen.push(number_of(next));
                true
            });
        }
        seen
    }

    fn number_of(next: &Next) -> u64 {
        match next {
            Next::Item(Item::Event(event)) => event.seq().unwrap(),
            Next::Item(Item::End) => u64::MAX,
            Next::Lost(_) => 0,
        }
    }

    #[test]
    fn nothing_goes_on_beyond_a_gap_until_it_is_filled() {
        let mut sequence = Sequence::new();
        assert_eq!(run(&mut sequence, &[1, 2, 2, 0, 5, 4]), [1, 2]);
        assert_eq!((sequence.arrived(), sequence.missing()), (2, Some(3)));
        assert_eq!(run(&mut sequence, &[3]), [3, 4, 5]);
        assert_eq!((sequence.arrived(), sequence.missing()), (5, None));
    }

    #[test]
    fn an_event_that_says_that_all_before_it_is_lost_goes_on_in_its_place() {
        let mut sequence = Sequence::new();
        assert_eq!(run(&mut sequence, &[1, 4, 6, 105]), [1, 4, 5, 6]);
        assert_eq!(sequence.missing(), None);
    }

    #[test]
    fn what_is_given_up_is_told() {
        let mut sequence = Sequence::new();
        run(&mut sequence, &[1, 3, 6]);
        let mut seen = Vec::new();
        sequence.give_up(&mut |next| {
            seen.push(number_of(next));
            true
        });
        assert_eq!((seen, sequence.missing()), (vec![0, 3, 0, 6], None));
        // Of the end itself nothing more is known than that it was lost.
        sequence.expect(9);
        assert_eq!(sequence.missing(), Some(7));
        sequence.give_up(&mut |_| panic!("nothing was held"));
        assert_eq!((sequence.missing(), run(&mut sequence, &[8, 9, 11])), (None, vec![0, 8, 9]));
    }

    #[test]
    fn no_number_is_too_large_and_no_flood_too_long() {
        let mut sequence = Sequence::new();
        assert!(run(&mut sequence, &[u64::MAX - 1]).is_empty());
        for seq in 5..HELD_EVENTS as u64 * 2 {
            sequence.take(seq, Item::End, false, &mut |_| panic!("1 is missing"));
        }
        assert_eq!(sequence.held.len(), HELD_EVENTS);
        sequence.expect(u64::MAX);
        sequence.take(u64::MAX, Item::End, true, &mut |_| panic!("there is no such number"));
        sequence.take(u64::MAX - 1, Item::End, true, &mut |_| true);
        assert_eq!((sequence.arrived(), sequence.missing()), (u64::MAX - 1, None));
    }

    #[test]
    fn a_new_term_goes_on_after_what_came_of_the_old_one() {
        let mut sequence = Sequence::new();
        run(&mut sequence, &[1, 3]);
        sequence.expect(9);
        let mut seen = Vec::new();
        let base = sequence.begin_term(&mut |next| {
            if let Next::Lost(range) = next {
                assert_eq!(*range, 2..=2);
            }
            seen.push(number_of(next));
            true
        });
        // What it was told of and never got goes without a word; the first event of the new term is missing.
        assert_eq!((base, seen, sequence.arrived(), sequence.missing()), (3, vec![0, 3], 3, Some(4)));
        assert_eq!((run(&mut sequence, &[3, 5, 4]), sequence.missing()), (vec![4, 5], None));
        run(&mut sequence, &[8]);
        let base = sequence.begin_term(&mut |next| match next {
            Next::Lost(range) => *range == (3..=4),
            Next::Item(_) => true,
        });
        assert_eq!((base, sequence.arrived(), sequence.held_bytes), (8, 8, 0));
    }

    #[test]
    fn what_waits_for_room_goes_on_in_the_new_term() {
        let (mut sequence, mut seen) = (Sequence::new(), Vec::new());
        for seq in [1, 2, 4] {
            sequence.take(seq, Item::End, false, &mut room(&mut seen, 1));
        }
        assert_eq!(sequence.begin_term(&mut room(&mut seen, 1)), 4);
        sequence.take(5, Item::End, true, &mut room(&mut seen, 1));
        sequence.take(6, Item::End, false, &mut room(&mut seen, 1));
        assert_eq!((sequence.arrived(), sequence.missing()), (1, None), "there is no room to ask for");
        // 2, the gap and 4; then the first event is asked for, as one that jumps is not held.
        sequence.go_on(&mut room(&mut seen, 9));
        assert_eq!((&seen[1..], sequence.arrived()), (&[u64::MAX, 0, u64::MAX][..], 4));
        assert_eq!(sequence.missing(), Some(5));
        sequence.take(5, Item::End, true, &mut room(&mut seen, 9));
        assert_eq!((sequence.arrived(), sequence.missing(), sequence.held_bytes), (6, None, 0));
    }

    #[test]
    fn no_term_begins_too_late() {
        let mut sequence = Sequence::new();
        sequence.take(u64::MAX - 1, Item::End, true, &mut |_| true);
        assert_eq!(sequence.begin_term(&mut |_| true), u64::MAX - 1);
        sequence.take(u64::MAX, Item::End, false, &mut |_| panic!("there is no such number"));
        assert_eq!(sequence.missing(), None);
    }

    /// With room for so many.
    fn room(seen: &mut Vec<u64>, most: usize) -> impl FnMut(&Next) -> bool {
        move |next| {
            let taken = seen.len() < most;
            if taken {
                seen.push(number_of(next));
            }
            taken
        }
    }

    #[test]
    fn what_finds_no_room_has_not_come() {
        let (mut sequence, mut seen) = (Sequence::new(), Vec::new());
        for seq in [1, 2, 3, 5, 4] {
            sequence.take(seq, Item::End, false, &mut room(&mut seen, 2));
        }
        assert_eq!((sequence.arrived(), sequence.missing()), (2, Some(3)));
        sequence.go_on(&mut room(&mut seen, 4));
        assert_eq!((sequence.arrived(), sequence.missing(), seen.len()), (4, Some(5), 4));
        // One that jumps needs room for what was held before it as well.
        sequence.take(9, Item::End, true, &mut room(&mut seen, 5));
        assert_eq!((sequence.arrived(), sequence.missing(), seen.len()), (5, Some(6), 5));
        sequence.take(9, Item::End, true, &mut room(&mut seen, 6));
        assert_eq!((sequence.arrived(), sequence.missing(), sequence.held_bytes), (9, None, 0));
    }

    #[test]
    fn what_is_given_up_needs_room_for_its_gap() {
        let (mut sequence, mut seen) = (Sequence::new(), Vec::new());
        let event = |seq| Item::Event(Event::numbered("X", seq, "x".to_owned()));
        sequence.take(3, event(3), false, &mut room(&mut seen, 0));
        sequence.take(6, event(6), false, &mut room(&mut seen, 0));
        sequence.give_up(&mut room(&mut seen, 3));
        assert_eq!((&*seen, sequence.missing()), (&[0, 3, 0][..], Some(6)));
        sequence.go_on(&mut room(&mut seen, 4));
        assert_eq!((&*seen, sequence.missing(), sequence.held_bytes), (&[0, 3, 0, 6][..], None, 0));
        // Nothing is held: whatever comes next is taken, when there is room.
        sequence.expect(8);
        sequence.give_up(&mut room(&mut seen, 4));
        for seq in [10, 11] {
            sequence.take(seq, event(seq), false, &mut room(&mut seen, 4));
        }
        sequence.take(13, event(13), false, &mut room(&mut seen, 99));
        assert_eq!((&seen[4..], sequence.missing()), (&[0, 10, 11][..], Some(12)));
    }
}
