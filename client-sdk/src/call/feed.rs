//! The events of one call: kept, bounded, for any number of readers, and watched for the one event that a
//! `finished()` waits for. Putting an event in never waits for a reader.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Event,
    limits::{EVENT_BYTES_KEPT, EVENTS_KEPT},
};

/// Why the events of a call came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallEnd {
    /// The call is over: no channel of it lives any more.
    Ended,
    /// The call is not this worker's any more: the proxy gave it to another, or gave it up.
    Gone,
    /// The handler has returned, and with it the call was let go.
    Released,
    /// The connection to the bus was closed.
    Closed,
}

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

type Judge = Box<dyn Fn(&Event) -> Seen + Send>;

/// The events of one call.
#[derive(Default)]
pub(crate) struct Feed {
    kept: Mutex<Kept>,
    ended: CancellationToken,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Event>,
    bytes: usize,
    /// How many were dropped before the first that is kept: its absolute index.
    dropped: u64,
    end: Option<CallEnd>,
    readers: Vec<(u64, Waker)>,
    watchers: Vec<(u64, Judge, watch::Sender<Seen>)>,
    next_id: u64,
}

impl Feed {
    /// Adds an event; nothing is added after the end.
    pub(crate) fn push(&self, event: Event) {
        let mut kept = self.lock();
        if kept.end.is_some() {
            return;
        }
        kept.watchers.retain(|(_, judge, seen)| match judge(&event) {
            Seen::Nothing => true,
            Seen::Over => {
                seen.send_replace(Seen::Over);
                true
            }
            found @ Seen::Event(_) => {
                seen.send_replace(found);
                false
            }
        });
        kept.bytes += event.body().len();
        kept.events.push_back(event);
        while kept.events.len() > EVENTS_KEPT || (kept.bytes > EVENT_BYTES_KEPT && kept.events.len() > 1) {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.bytes -= oldest.body().len();
            kept.dropped += 1;
        }
        kept.wake();
    }

    /// Ends the feed; the first end stands.
    pub(crate) fn end(&self, end: CallEnd) {
        let mut kept = self.lock();
        if kept.end.is_none() {
            kept.end = Some(end);
            // Dropping their senders tells the watchers.
            kept.watchers.clear();
            kept.wake();
            drop(kept);
            self.ended.cancel();
        }
    }

    pub(crate) fn ended(&self) -> Option<CallEnd> {
        self.lock().end
    }

    /// Resolves when the feed has ended.
    pub(crate) async fn until_end(&self) -> CallEnd {
        self.ended.cancelled().await;
        self.ended().unwrap_or(CallEnd::Ended)
    }

    /// A reader from the first event on, or from the present.
    pub(crate) fn reader(&self, from_start: bool) -> Cursor {
        let mut kept = self.lock();
        kept.next_id += 1;
        let next = if from_start { 0 } else { kept.dropped + kept.events.len() as u64 };
        Cursor { id: kept.next_id, next }
    }

    /// The reader's next event; `None` when it has read all and the feed has ended.
    pub(crate) fn poll_next(&self, cursor: &mut Cursor, cx: &Context<'_>) -> Poll<Option<Event>> {
        let mut kept = self.lock();
        if cursor.next < kept.dropped {
            let missed = kept.dropped - cursor.next;
            cursor.next = kept.dropped;
            return Poll::Ready(Some(Event::not_read(missed)));
        }
        let index = usize::try_from(cursor.next - kept.dropped).unwrap_or(usize::MAX);
        if let Some(event) = kept.events.get(index) {
            cursor.next += 1;
            return Poll::Ready(Some(event.clone()));
        }
        if kept.end.is_some() {
            return Poll::Ready(None);
        }
        kept.readers.retain(|(id, _)| *id != cursor.id);
        kept.readers.push((cursor.id, cx.waker().clone()));
        Poll::Pending
    }

    /// Forgets a reader that is no more.
    pub(crate) fn forget(&self, cursor: &Cursor) {
        self.lock().readers.retain(|(id, _)| *id != cursor.id);
    }

    /// Watches for one event from now on. Each watcher belongs to a handle that the program holds.
    pub(crate) fn watch(
        &self,
        judge: impl Fn(&Event) -> Seen + Send + 'static,
    ) -> (u64, watch::Receiver<Seen>) {
        let (sender, receiver) = watch::channel(Seen::Nothing);
        let mut kept = self.lock();
        kept.next_id += 1;
        let id = kept.next_id;
        if kept.end.is_none() {
            kept.watchers.push((id, Box::new(judge), sender));
        }
        (id, receiver)
    }

    pub(crate) fn unwatch(&self, watcher: u64) {
        self.lock().watchers.retain(|(id, ..)| *id != watcher);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves the list as whole as it was.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn wake(&mut self) {
        for (_, waker) in self.readers.drain(..) {
            waker.wake();
        }
    }
}

/// Where a reader stands.
#[derive(Debug)]
pub(crate) struct Cursor {
    id: u64,
    /// The absolute index of the next event.
    next: u64,
}
