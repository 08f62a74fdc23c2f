//! The events of a dialog that nobody has acknowledged, bounded. Each has a position, from 1 for the first of the dialog.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ari_bus::protocol::rfc3339;
use serde_json::json;
use time::OffsetDateTime;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::limits::{KEPT_BYTES, KEPT_BYTES_IN_ALL, KEPT_EVENTS, KEPT_IN_ANY_CASE};

/// The type of the event that stands for events which are lost.
pub(super) const GAP: &str = "ProxyGap";

/// An event on its way to a dialog's owner. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct KeptEvent {
    pub(crate) kind: Arc<str>,
    pub(crate) body: Utf8Bytes,
    /// When it came.
    pub(crate) at: OffsetDateTime,
    /// Whether it stands in for one that was missed.
    pub(crate) synthetic: bool,
}

/// Events that had to be dropped before anybody acknowledged them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) events: u64,
    /// When the first of them came.
    pub(crate) since: OffsetDateTime,
    /// When the last of them came.
    pub(crate) until: OffsetDateTime,
}

/// The bytes that the events of all dialogs of a proxy take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// The events that are kept for one dialog.
#[derive(Debug)]
pub(super) struct Kept {
    events: VecDeque<KeptEvent>,
    /// The position of the first event that is kept, or will be.
    base: u64,
    bytes: usize,
    budget: Budget,
    dropped: Option<Dropped>,
}

impl Budget {
    /// How many they are now.
    pub(super) fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl KeptEvent {
    /// An event that has just come.
    pub(crate) fn new(kind: &str, body: Utf8Bytes) -> Self {
        Self { kind: kind.into(), body, at: OffsetDateTime::now_utc(), synthetic: false }
    }

    /// What stands in for one that was missed.
    pub(crate) fn stand_in(kind: &str, body: Utf8Bytes) -> Self {
        Self { synthetic: true, ..Self::new(kind, body) }
    }

    /// What says that events were missed while there was no connection to Asterisk; with no time where there was no
    /// process either.
    pub(crate) fn missed(since: Option<OffsetDateTime>) -> Self {
        let until = rfc3339(OffsetDateTime::now_utc());
        let body = match since.map(rfc3339) {
            Some(since) => {
                json!({ "type": GAP, "reason": "the connection to Asterisk was lost", "since": since, "until": until })
            }
            None => json!({ "type": GAP, "reason": "the proxy was started anew", "until": until }),
        };
        Self::new(GAP, body.to_string().into())
    }

    /// Whether version 1 has no word for it.
    pub(super) fn is_gap(&self) -> bool {
        &*self.kind == GAP
    }

    /// What takes the place of an event that the bus does not carry.
    pub(super) fn too_large(&self, size: usize, largest: usize) -> Self {
        let reason = format!("an event of {size} bytes: the bus carries {largest} in a message");
        let at = rfc3339(self.at);
        let body = json!({ "type": GAP, "reason": reason, "since": at, "until": at, "events": 1 });
        Self { at: self.at, ..Self::new(GAP, body.to_string().into()) }
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.kind.len() + self.body.len()
    }
}

impl Kept {
    pub(super) fn new(budget: Budget) -> Self {
        Self { events: VecDeque::new(), base: 1, bytes: 0, budget, dropped: None }
    }

    /// What another process kept, from this position on.
    pub(super) fn take_over(
        base: u64,
        dropped: Option<Dropped>,
        events: impl Iterator<Item = KeptEvent>,
        budget: Budget,
    ) -> Self {
        let mut kept = Self { events: VecDeque::new(), base, bytes: 0, budget, dropped };
        events.for_each(|event| kept.push(event));
        kept
    }

    /// Adds the next event. Past the bounds the oldest ones go.
    pub(super) fn push(&mut self, event: KeptEvent) {
        let size = event.size();
        self.bytes += size;
        let in_all = self.budget.0.fetch_add(size, Ordering::Relaxed) + size;
        let mut over = in_all.saturating_sub(KEPT_BYTES_IN_ALL);
        self.events.push_back(event);
        while self.events.len() > KEPT_EVENTS
            || (self.bytes > KEPT_BYTES && self.events.len() > 1)
            || (over > 0 && self.events.len() > KEPT_IN_ANY_CASE)
        {
            let Some(oldest) = self.pop() else { return };
            over = over.saturating_sub(oldest.size());
            let dropped =
                self.dropped.get_or_insert(Dropped { events: 0, since: oldest.at, until: oldest.at });
            dropped.events += 1;
            dropped.until = oldest.at;
        }
    }

    /// Forgets everything before a position: somebody has had it, or knows that it is lost.
    pub(super) fn forget_before(&mut self, position: u64) {
        while self.base < position && self.pop().is_some() {}
        if position >= self.base {
            self.dropped = None;
        }
    }

    /// The position of the first event that is kept.
    pub(super) fn first(&self) -> u64 {
        self.base
    }

    /// The position that the next event will have.
    pub(super) fn next(&self) -> u64 {
        self.base + self.events.len() as u64
    }

    /// What had to be dropped before the first event that is kept.
    pub(super) fn dropped(&self) -> Option<Dropped> {
        self.dropped
    }

    /// Events from a position on, which is one that is kept.
    pub(super) fn from(&self, position: u64) -> impl Iterator<Item = (u64, &KeptEvent)> {
        let skip = usize::try_from(position.saturating_sub(self.base)).unwrap_or(usize::MAX);
        (self.base..).zip(&self.events).skip(skip)
    }

    fn pop(&mut self) -> Option<KeptEvent> {
        let oldest = self.events.pop_front()?;
        self.base += 1;
        self.bytes -= oldest.size();
        self.budget.0.fetch_sub(oldest.size(), Ordering::Relaxed);
        Some(oldest)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> KeptEvent {
        KeptEvent::new("X", "x".repeat(bytes).into())
    }

    #[test]
    fn past_each_bound_the_oldest_go_and_are_told() {
        let mut kept = Kept::new(Budget::default());
        for _ in 0..KEPT_EVENTS + 3 {
            kept.push(event(1));
        }
        assert_eq!((kept.first(), kept.next()), (4, KEPT_EVENTS as u64 + 4));
        assert_eq!(kept.dropped().unwrap().events, 3);
        kept.forget_before(3);
        assert!(kept.dropped().is_some(), "who has acknowledged 1 and 2 does not know of 3");
        kept.forget_before(4);
        assert_eq!(kept.dropped(), None);

        let mut kept = Kept::new(Budget::default());
        for _ in 0..3 {
            kept.push(event(KEPT_BYTES / 2));
        }
        assert_eq!((kept.first(), kept.next()), (3, 4));
        kept.push(event(2 * KEPT_BYTES));
        assert_eq!((kept.first(), kept.next()), (4, 5), "the last is there whatever its size");
    }

    #[test]
    fn all_dialogs_share_one_bound_and_each_has_some_room_in_any_case() {
        let budget = Budget::default();
        let mut all: Vec<Kept> =
            (0..2 * KEPT_BYTES_IN_ALL / KEPT_BYTES).map(|_| Kept::new(budget.clone())).collect();
        for kept in &mut all {
            while kept.dropped().is_none() {
                kept.push(event(KEPT_BYTES / 256));
            }
        }
        let most = KEPT_BYTES_IN_ALL + all.len() * KEPT_IN_ANY_CASE * (KEPT_BYTES / 256 + 100);
        assert!(budget.0.load(Ordering::Relaxed) <= most);
        assert!(all.iter().all(|kept| kept.next() - kept.first() >= KEPT_IN_ANY_CASE as u64));
        drop(all);
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }
}
