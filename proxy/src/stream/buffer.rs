//! What was offered and the broker has not taken yet, bounded in bytes.
//!
//! When it is full the newest are dropped, until a quarter of it is free again: so one hole is in the stream and not thousands, and a
//! message tells where.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::{Origin, gap};
use crate::limits::{STREAM_BATCH, STREAM_BATCH_BYTES, STREAM_BATCH_MOST, STREAM_BATCH_SHARE, STREAM_HOLES};

/// An event in its envelope.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) origin: Origin,
    pub(super) name: Box<str>,
    /// The application, or the channel's id.
    pub(super) of: Box<str>,
    pub(super) body: Bytes,
    /// Its place in the stream.
    pub(super) number: u64,
}

impl Item {
    pub(super) fn new(origin: Origin, name: &str, of: &str, body: Bytes) -> Self {
        Self { origin, name: name.into(), of: of.into(), body, number: 0 }
    }

    /// What it takes of the memory.
    fn size(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.of.len() + self.body.len()
    }
}

/// What became of an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits for the publisher.
    Kept,
    /// There was no room.
    Full {
        /// Whether there was for the one before.
        first: bool,
    },
    /// There never would be.
    TooLarge,
}

/// Items that the publisher has in hand.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    bytes: usize,
}

/// The items.
#[derive(Debug)]
pub(super) struct Buffer {
    most: usize,
    state: Mutex<State>,
    pushed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Item>,
    /// Those in the publisher's hand.
    in_hand: usize,
    /// Of all of them.
    bytes: usize,
    /// The number of the item before.
    last: u64,
    hole: Option<Hole>,
}

/// Items that are being dropped.
#[derive(Debug)]
struct Hole {
    since: OffsetDateTime,
    /// How many, of each application and of each other origin.
    events: HashMap<(Origin, Box<str>), u64>,
}

impl Buffer {
    /// One of so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, state: Mutex::default(), pushed: Notify::new() }
    }

    // A panic while it was held would leave it as whole as each of these short methods does.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item behind the others.
    pub(super) fn push(&self, item: Item) -> Pushed {
        // A hole is there only while something waits whose publication ends it: this one alone would be there for ever.
        if item.size() > self.most {
            return Pushed::TooLarge;
        }
        let mut state = self.state();
        let full = state.bytes + item.size() > self.most;
        let first = state.hole.is_none();
        if full || !first {
            let since = OffsetDateTime::now_utc;
            let hole = state.hole.get_or_insert_with(|| Hole { since: since(), events: HashMap::new() });
            hole.add(item);
            return Pushed::Full { first };
        }
        state.put(item);
        drop(state);
        self.pushed.notify_one();
        Pushed::Kept
    }

    /// The next items, as many as go in one batch; those of the batch before have been [settled](Self::settle).
    pub(super) async fn next(&self) -> Batch {
        loop {
            if let Some(batch) = self.state().take() {
                return batch;
            }
            self.pushed.notified().await;
        }
    }

    /// What the items take.
    pub(super) fn bytes(&self) -> usize {
        self.state().bytes
    }

    /// Whether as many items wait as go in one batch.
    pub(super) fn has_a_batch(&self) -> bool {
        self.state().waiting.len() >= STREAM_BATCH
    }

    /// How many items are left to be published.
    pub(super) fn left(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.in_hand
    }

    /// The broker has the batch. Returns how many items were dropped, if that is over now: it is told in the stream, where they are
    /// missing.
    pub(super) fn settle(&self, batch: &Batch) -> Option<u64> {
        let mut state = self.state();
        state.bytes -= batch.bytes;
        state.in_hand = 0;
        if state.bytes > self.most / 4 * 3 {
            return None;
        }
        let hole = state.hole.take()?;
        let mut all = 0;
        for ((origin, of), events) in hole.events {
            all += events;
            state.put(gap::dropped(origin, &of, hole.since, events));
        }
        drop(state);
        self.pushed.notify_one();
        Some(all)
    }
}

impl State {
    fn put(&mut self, mut item: Item) {
        self.last += 1;
        item.number = self.last;
        self.bytes += item.size();
        self.waiting.push_back(item);
    }

    fn take(&mut self) -> Option<Batch> {
        let most = (self.waiting.len() / STREAM_BATCH_SHARE).clamp(STREAM_BATCH, STREAM_BATCH_MOST);
        let mut batch = Batch::default();
        while batch.items.len() < most && batch.bytes < STREAM_BATCH_BYTES {
            let Some(item) = self.waiting.pop_front() else { break };
            batch.bytes += item.size();
            batch.items.push(item);
        }
        self.in_hand = batch.items.len();
        (!batch.items.is_empty()).then_some(batch)
    }
}

impl Hole {
    fn add(&mut self, item: Item) {
        let of = if item.origin == Origin::Application { item.of } else { Box::default() };
        let key = (item.origin, of);
        if self.events.len() < STREAM_HOLES || self.events.contains_key(&key) {
            *self.events.entry(key).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_more_waits_the_more_goes_in_one_batch() {
        let buffer = Buffer::new(usize::MAX);
        let mut number = 0;
        let mut batch_of = |waiting: usize| {
            while buffer.left() < waiting {
                buffer.push(Item::new(Origin::Channel, "Noise", "1", Bytes::new()));
            }
            let batch = buffer.next().now_or_never().unwrap();
            buffer.settle(&batch);
            assert!(
                batch.items.iter().map(|item| item.number).eq(number + 1..=number + batch.items.len() as u64)
            );
            number += batch.items.len() as u64;
            (batch.items.len(), buffer.has_a_batch())
        };
        assert_eq!(batch_of(1), (1, false));
        assert_eq!(batch_of(20), (16, false));
        assert_eq!(batch_of(128), (16, true));
        assert_eq!(batch_of(8_000), (1_000, true));
        assert_eq!(batch_of(100_000), (4_096, true));
    }
}
