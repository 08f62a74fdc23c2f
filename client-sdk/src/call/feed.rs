//! The events of one call: kept, bounded, for any number of readers, and watched for the one event that a
//! `finished()` waits for. Putting an event in never waits for a reader.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
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
    /// This worker is to stop, and has given the call to another, which goes on from what the handler saved last.
    HandedOver,
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
    /// The absolute indices of what watchers have found.
    found: BTreeSet<u64>,
    /// What the handler has had.
    consumed: Consumed,
    next_id: u64,
}

/// How far the handler is: what a save acknowledges.
#[derive(Default)]
struct Consumed {
    /// The largest number that the handler was given.
    handed: u64,
    /// The last number that was put in.
    last: u64,
    /// The handler's streams: the index of each one's next event, and the number of what it yielded last.
    streams: BTreeMap<u64, (u64, u64)>,
}

impl Feed {
    /// Adds an event; nothing is added after the end.
    pub(crate) fn push(&self, event: Event) {
        let mut kept = self.lock();
        if kept.end.is_some() {
            return;
        }
        let index = kept.end_index();
        let mut found_by = false;
        kept.watchers.retain(|(_, judge, seen)| match judge(&event) {
            Seen::Nothing => true,
            Seen::Over => {
                seen.send_replace(Seen::Over);
                true
            }
            found @ Seen::Event(_) => {
                found_by = true;
                seen.send_replace(found);
                false
            }
        });
        if found_by {
            kept.found.insert(index);
        }
        kept.consumed.last = event.seq().unwrap_or(kept.consumed.last);
        kept.bytes += event.body().len();
        kept.events.push_back(event);
        while kept.events.len() > EVENTS_KEPT || (kept.bytes > EVENT_BYTES_KEPT && kept.events.len() > 1) {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.bytes -= oldest.body().len();
            kept.dropped += 1;
        }
        let dropped = kept.dropped;
        while kept.found.first().is_some_and(|index| *index < dropped) {
            kept.found.pop_first();
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

    /// A reader from the first event on, or from the present. One of the handler's own (`counts`) says how far it is.
    pub(crate) fn reader(&self, from_start: bool, counts: bool) -> Cursor {
        let mut kept = self.lock();
        kept.next_id += 1;
        let (id, next) = (kept.next_id, if from_start { 0 } else { kept.end_index() });
        if counts {
            let read = if from_start { 0 } else { kept.consumed.last };
            kept.consumed.streams.insert(id, (next, read));
        }
        Cursor { id, next }
    }

    /// The number up to which the handler has had everything: the largest that it was given, but nothing that a stream
    /// of its own has yet to yield.
    pub(crate) fn consumed(&self) -> u64 {
        let kept = self.lock();
        let end = kept.end_index();
        let unread = kept.consumed.streams.values().filter(|(next, _)| *next < end).map(|(_, read)| *read);
        unread.min().unwrap_or(u64::MAX).min(kept.consumed.handed)
    }

    /// The handler was given this event by a watcher.
    pub(crate) fn handed(&self, event: &Event) {
        let mut kept = self.lock();
        kept.consumed.handed = kept.consumed.handed.max(event.seq().unwrap_or(0));
    }

    /// The reader's next event; `None` when it has read all and the feed has ended.
    pub(crate) fn poll_next(&self, cursor: &mut Cursor, cx: &Context<'_>) -> Poll<Option<Event>> {
        let mut kept = self.lock();
        if cursor.next < kept.dropped {
            let missed = kept.dropped - cursor.next;
            cursor.next = kept.dropped;
            kept.yielded(cursor, None);
            return Poll::Ready(Some(Event::not_read(missed)));
        }
        let index = usize::try_from(cursor.next - kept.dropped).unwrap_or(usize::MAX);
        if let Some(event) = kept.events.get(index).cloned() {
            cursor.next += 1;
            kept.yielded(cursor, event.seq());
            return Poll::Ready(Some(event));
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
        let mut kept = self.lock();
        kept.readers.retain(|(id, _)| *id != cursor.id);
        kept.consumed.streams.remove(&cursor.id);
    }

    /// Watches for one event from now on, or among those that are kept as well (`from_start`), where each is found by one
    /// watcher alone. Each watcher belongs to a handle that the program holds.
    pub(crate) fn watch(
        &self,
        judge: impl Fn(&Event) -> Seen + Send + 'static,
        from_start: bool,
    ) -> (u64, watch::Receiver<Seen>) {
        let (sender, receiver) = watch::channel(Seen::Nothing);
        let mut kept = self.lock();
        kept.next_id += 1;
        let id = kept.next_id;
        let found = if from_start { kept.look_back(&judge) } else { Seen::Nothing };
        let is_found = matches!(found, Seen::Event(_));
        sender.send_replace(found);
        if kept.end.is_none() && !is_found {
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
    /// The absolute index of what is put in next.
    fn end_index(&self) -> u64 {
        self.dropped + self.events.len() as u64
    }

    /// A reader was given an event, whose number is this if it has one.
    fn yielded(&mut self, cursor: &Cursor, seq: Option<u64>) {
        if let Some((next, read)) = self.consumed.streams.get_mut(&cursor.id) {
            *next = cursor.next;
            *read = seq.unwrap_or(*read);
            self.consumed.handed = self.consumed.handed.max(*read);
        }
    }

    /// What a watcher would have seen of the events that are kept.
    fn look_back(&mut self, judge: &dyn Fn(&Event) -> Seen) -> Seen {
        let mut before = Seen::Nothing;
        for (index, event) in (self.dropped..).zip(&self.events) {
            match judge(event) {
                found @ Seen::Event(_) if self.found.insert(index) => return found,
                Seen::Over => before = Seen::Over,
                _ => {}
            }
        }
        before
    }

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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn feed(numbers: impl IntoIterator<Item = u64>) -> Feed {
        let feed = Feed::default();
        numbers.into_iter().for_each(|seq| feed.push(Event::numbered("X", seq, String::new())));
        feed
    }

    fn read(feed: &Feed, cursor: &mut Cursor) {
        std::future::poll_fn(|cx| feed.poll_next(cursor, cx)).now_or_never().unwrap();
    }

    #[test]
    fn what_a_stream_has_yet_to_yield_is_not_consumed() {
        let feed = feed(1..=3);
        assert_eq!(feed.consumed(), 0);
        let (mut one, mut other) = (feed.reader(true, true), feed.reader(false, true));
        let mut internal = feed.reader(true, false);
        read(&feed, &mut internal);
        assert_eq!(feed.consumed(), 0);
        read(&feed, &mut one);
        read(&feed, &mut one);
        assert_eq!(feed.consumed(), 2);
        feed.push(Event::numbered("X", 4, String::new()));
        read(&feed, &mut other);
        assert_eq!(feed.consumed(), 2, "the first has not had 3");
        feed.forget(&one);
        assert_eq!(feed.consumed(), 4);
        feed.handed(&Event::numbered("X", 9, String::new()));
        feed.push(Event::numbered("X", 10, String::new()));
        assert_eq!(feed.consumed(), 4, "10 waits to be read");
    }

    #[test]
    fn what_one_watcher_found_is_not_found_by_the_next() {
        let feed = feed(1..=3);
        let seen =
            |event: &Event| if event.seq() == Some(1) { Seen::Over } else { Seen::Event(event.clone()) };
        let found = |from_start| match &*feed.watch(seen, from_start).1.borrow() {
            Seen::Event(event) => event.seq().unwrap(),
            Seen::Over => 1,
            Seen::Nothing => 0,
        };
        assert_eq!([found(false), found(true), found(true), found(true)], [0, 2, 3, 1]);
    }
}
