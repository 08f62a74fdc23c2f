//! Who waits for one event of a call: each `finished()` has a watcher, which judges every event once, in order.
//!
//! Watchers also look at events that find no [room](super::feed): a handler that waits for a `finished()` reads nothing
//! meanwhile, so there might be no room before it has what it waits for.

use std::collections::BTreeSet;

use tokio::sync::watch;

use crate::Event;

/// What a watcher has seen so far.
#[derive(Debug, Clone, Default)]
pub(crate) enum Seen {
    /// Nothing of interest.
    #[default]
    Nothing,
    /// The object's channel has gone: the event that is awaited comes soon or never.
    Over,
    /// The awaited event.
    Event(Event),
}

pub(super) type Judge = Box<dyn Fn(&Event) -> Seen + Send>;

/// The watchers of one call.
#[derive(Default)]
pub(super) struct Watchers {
    watchers: Vec<Watcher>,
    /// The numbers of what they have found.
    found: BTreeSet<u64>,
    /// The number up to which they have seen everything.
    seen: u64,
}

struct Watcher {
    id: u64,
    judge: Judge,
    sender: watch::Sender<Seen>,
    /// The first number that it has not judged.
    next: u64,
}

impl Watchers {
    /// Adds one for what comes from now on; where it looks back, among these events as well, where each is found by one
    /// watcher alone.
    pub(super) fn add<'a>(
        &mut self,
        id: u64,
        judge: Judge,
        back: Option<impl Iterator<Item = &'a Event>>,
    ) -> watch::Receiver<Seen> {
        // What was looked at without room is not among those that one looks back at: it comes in later.
        let mut next = if back.is_some() { 0 } else { self.seen.saturating_add(1) };
        let mut before = Seen::Nothing;
        for event in back.into_iter().flatten() {
            next = event.position().map_or(next, |seq| seq.saturating_add(1));
            match judge(event) {
                Seen::Nothing => {}
                Seen::Over => before = Seen::Over,
                found @ Seen::Event(_) => {
                    if event.position().is_none_or(|seq| self.found.insert(seq)) {
                        return watch::Sender::new(found).subscribe();
                    }
                }
            }
        }
        let (sender, receiver) = watch::channel(before);
        self.watchers.push(Watcher { id, judge, sender, next });
        receiver
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.watchers.retain(|watcher| watcher.id != id);
    }

    /// Nothing more comes. Dropping their senders tells those who wait.
    pub(super) fn end(&mut self) {
        self.watchers.clear();
    }

    /// An event is put in: it is judged by those who have not looked at it before.
    pub(super) fn put_in(&mut self, event: &Event) {
        let Some(seq) = event.position() else { return self.judge(event, |_| true) };
        self.seen = self.seen.max(seq);
        if !self.found.contains(&seq) {
            self.judge(event, |watcher| watcher.next <= seq);
        }
    }

    /// An event has come that finds no room. It is judged by those who have seen everything before it: what ends a channel
    /// must not be seen before what happened on it.
    pub(super) fn look(&mut self, event: &Event) {
        let Some(seq) = event.position() else { return };
        let jumps = event.kind() == "ProxyGap";
        let is_next = |next: u64| seq == next || (jumps && seq > next);
        if is_next(self.seen.saturating_add(1)) {
            self.seen = seq;
        }
        self.judge(event, |watcher| is_next(watcher.next));
    }

    /// An event is not kept any more, nor is any before it.
    pub(super) fn forget(&mut self, event: &Event) {
        let Some(seq) = event.position() else { return };
        while self.found.first().is_some_and(|found| *found <= seq) {
            self.found.pop_first();
        }
    }

    fn judge(&mut self, event: &Event, whose: impl Fn(&Watcher) -> bool) {
        let mut is_found = false;
        self.watchers.retain_mut(|watcher| {
            if !whose(watcher) {
                return true;
            }
            watcher.next = event.position().map_or(watcher.next, |seq| seq.saturating_add(1));
            let seen = (watcher.judge)(event);
            let found = matches!(seen, Seen::Event(_));
            if !matches!(seen, Seen::Nothing) {
                watcher.sender.send_replace(seen);
            }
            is_found |= found;
            !found
        });
        if is_found {
            self.found.extend(event.position());
        }
    }
}
