//! Events of a term that has not begun here: the proxy to which a call is brought sends them with its answer, and they may be
//! seen before it. No I/O.

use super::sequence::Item;
use crate::limits::{HELD_EVENT_BYTES, HELD_EVENTS};

/// What came early, bounded: what finds no place is asked for again.
#[derive(Debug, Default)]
pub(super) struct Early {
    events: Vec<Envelope>,
    bytes: usize,
}

/// An event as it came.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) term: u64,
    pub(super) seq: u64,
    pub(super) item: Item,
    /// Whether it says that all before it is lost.
    pub(super) jumps: bool,
}

impl Early {
    pub(super) fn hold(&mut self, event: Envelope) {
        let size = event.item.size();
        if self.events.len() < HELD_EVENTS && self.bytes + size <= HELD_EVENT_BYTES {
            self.bytes += size;
            self.events.push(event);
        }
    }

    /// Takes out all of them, and forgets what is of no use.
    pub(super) fn take(&mut self) -> Vec<Envelope> {
        std::mem::take(self).events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn no_flood_is_too_long() {
        let event = |body: String| Envelope {
            term: 2,
            seq: 1,
            item: Item::Event(Event::numbered("X", 1, body)),
            jumps: false,
        };
        let mut early = Early::default();
        (0..HELD_EVENTS * 2).for_each(|_| early.hold(event(String::new())));
        assert_eq!(early.take().len(), HELD_EVENTS);
        (0..3).for_each(|_| early.hold(event("x".repeat(HELD_EVENT_BYTES / 2))));
        assert_eq!((early.take().len(), early.take().len(), early.bytes), (2, 0, 0));
    }
}
