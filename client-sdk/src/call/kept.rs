//! The events of one call that are kept, bounded by their number and their bytes. Each has an index that it never loses.

use std::collections::VecDeque;

use crate::{
    Event,
    limits::{EVENT_BYTES_KEPT, EVENTS_KEPT},
};

/// The last events of a call.
#[derive(Default)]
pub(super) struct Kept {
    slots: VecDeque<Slot>,
    /// How many were dropped before the first that is kept: its index.
    dropped: u64,
    /// Bytes of all that was ever put in.
    bytes: u64,
}

struct Slot {
    event: Event,
    /// Bytes of all that was put in before it.
    before: u64,
}

impl Kept {
    /// The index of the first that is kept.
    pub(super) fn first(&self) -> u64 {
        self.dropped
    }

    /// The index of what is put in next.
    pub(super) fn end(&self) -> u64 {
        self.dropped + self.slots.len() as u64
    }

    pub(super) fn get(&self, index: u64) -> Option<&Event> {
        self.slots.get(self.place(index)).map(|slot| &slot.event)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.slots.iter().map(|slot| &slot.event)
    }

    /// How many events are kept from this index on, and how many bytes they have.
    pub(super) fn from(&self, index: u64) -> (usize, usize) {
        let place = self.place(index);
        let bytes = self.slots.get(place).map_or(0, |slot| self.bytes - slot.before);
        (self.slots.len().saturating_sub(place), usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// Whether an event of this size can be put in and everything from an index on stays. With nothing to stay any event
    /// can.
    pub(super) fn fits(&self, size: usize, from: u64) -> bool {
        let (events, bytes) = self.from(from);
        events == 0 || (events < EVENTS_KEPT && bytes.saturating_add(size) <= EVENT_BYTES_KEPT)
    }

    /// Puts in the next event; for it the oldest go where they must.
    pub(super) fn put(&mut self, event: Event, mut gone: impl FnMut(&Event)) {
        let before = self.bytes;
        self.bytes += event.body().len() as u64;
        self.slots.push_back(Slot { event, before });
        while self.slots.len() > EVENTS_KEPT || (self.slots.len() > 1 && self.from(0).1 > EVENT_BYTES_KEPT) {
            let Some(oldest) = self.slots.pop_front() else { break };
            self.dropped += 1;
            gone(&oldest.event);
        }
    }

    /// Where an index is among those that are kept; the first for what was dropped.
    fn place(&self, index: u64) -> usize {
        usize::try_from(index.saturating_sub(self.dropped)).unwrap_or(usize::MAX)
    }
}
