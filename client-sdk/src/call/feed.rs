//! The events of one call: kept, bounded, for any number of readers, and watched for the one event that a
//! `finished()` waits for. Putting an event in never waits for a reader.
//!
//! What a stream of the handler's has yet to read is not pushed out: an event for which it would have to go finds no room,
//! until the readers have caught up. What finds no room has not arrived, and its proxy sends it again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    kept::Kept,
    watchers::{Seen, Watchers},
};
use crate::{
    Event,
    limits::{EVENT_BYTES_ROOM, EVENTS_ROOM, ROOM_PATIENCE},
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

/// The events of one call.
#[derive(Default)]
pub(crate) struct Feed {
    state: Mutex<State>,
    ended: CancellationToken,
    /// Told when there is room again.
    room: Notify,
}

#[derive(Default)]
struct State {
    kept: Kept,
    end: Option<CallEnd>,
    readers: Vec<(u64, Waker)>,
    watchers: Watchers,
    /// What the handler has had.
    consumed: Consumed,
    /// While there is no room.
    full: Option<Full>,
    next_id: u64,
}

/// How far the handler is: what a save acknowledges, and what must not be pushed out.
#[derive(Default)]
struct Consumed {
    /// The largest number that the handler was given.
    handed: u64,
    /// The last number that was put in.
    last: u64,
    /// The handler's streams.
    streams: BTreeMap<u64, Stream>,
}

struct Stream {
    /// The index of its next event.
    next: u64,
    /// The number of what it yielded last.
    read: u64,
    /// Nobody has read it for so long that the others do not wait for it.
    passed_over: bool,
}

struct Full {
    /// Bytes of what found no room.
    size: usize,
    /// When anything was read last.
    since: Instant,
}

impl Feed {
    /// Puts in an event, for which the oldest go; nothing is put in after the end.
    pub(crate) fn push(&self, event: Event) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.put(event);
            state.full = None;
        }
    }

    /// Puts in an event if that pushes out nothing that a stream has yet to read; false if there is no room. Once there is
    /// none, there is none until the readers have caught up. After the end nothing is put in, and everything finds room.
    pub(crate) fn offer(&self, event: &Event) -> bool {
        let mut state = self.lock();
        if state.end.is_some() {
            return true;
        }
        let size = event.body().len();
        if let Some(full) = &mut state.full {
            full.size = full.size.max(size);
            return false;
        }
        if state.unread().is_some_and(|from| !state.kept.fits(size, from)) {
            state.full = Some(Full { size, since: Instant::now() });
            return false;
        }
        state.put(event.clone());
        true
    }

    /// Lets watchers look at events that found no room, in their order.
    pub(crate) fn look<'a>(&self, events: impl Iterator<Item = &'a Event>) {
        let mut state = self.lock();
        if state.end.is_none() {
            events.for_each(|event| state.watchers.look(event));
        }
    }

    /// Whether there is no room.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().full.is_some()
    }

    /// Resolves when there is room again, for one waiter; at once if that was not noticed yet.
    pub(crate) async fn room(&self) {
        self.room.notified().await;
    }

    /// Until when the readers have time to make room, if there is none.
    pub(crate) fn patience(&self) -> Option<Instant> {
        self.lock().full.as_ref().map(|full| full.since + ROOM_PATIENCE)
    }

    /// If nobody has read anything for too long, makes room: what stands still is not waited for any more, until it is read.
    pub(crate) fn pass_over(&self) {
        let mut state = self.lock();
        let end = state.kept.end();
        if state.full.as_ref().is_some_and(|full| full.since.elapsed() >= ROOM_PATIENCE) {
            let behind = state.consumed.streams.values_mut().filter(|stream| stream.next < end);
            behind.for_each(|stream| stream.passed_over = true);
            self.look_for_room(&mut state);
        }
    }

    /// Ends the feed; the first end stands.
    pub(crate) fn end(&self, end: CallEnd) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(end);
            state.watchers.end();
            state.wake();
            self.look_for_room(&mut state);
            drop(state);
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
        let mut state = self.lock();
        state.next_id += 1;
        let (id, next) = (state.next_id, if from_start { 0 } else { state.kept.end() });
        if counts {
            let read = if from_start { 0 } else { state.consumed.last };
            state.consumed.streams.insert(id, Stream { next, read, passed_over: false });
        }
        Cursor { id, next }
    }

    /// The number up to which the handler has had everything: the largest that it was given, but nothing that a stream
    /// of its own has yet to yield, and nothing that was found by a watcher and found no room yet.
    pub(crate) fn consumed(&self) -> u64 {
        let state = self.lock();
        let (end, consumed) = (state.kept.end(), &state.consumed);
        let unread = consumed.streams.values().filter(|stream| stream.next < end).map(|stream| stream.read);
        unread.min().unwrap_or(u64::MAX).min(consumed.handed).min(consumed.last)
    }

    /// The handler was given this event by a watcher.
    pub(crate) fn handed(&self, event: &Event) {
        let mut state = self.lock();
        state.consumed.handed = state.consumed.handed.max(event.position().unwrap_or(0));
    }

    /// The reader's next event; `None` when it has read all and the feed has ended.
    pub(crate) fn poll_next(&self, cursor: &mut Cursor, cx: &Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.lock();
        let first = state.kept.first();
        if cursor.next < first {
            let missed = first - cursor.next;
            cursor.next = first;
            state.yielded(cursor, None);
            self.look_for_room(&mut state);
            return Poll::Ready(Some(Event::not_read(missed)));
        }
        if let Some(event) = state.kept.get(cursor.next).cloned() {
            cursor.next += 1;
            state.yielded(cursor, event.position());
            self.look_for_room(&mut state);
            return Poll::Ready(Some(event));
        }
        if state.end.is_some() {
            return Poll::Ready(None);
        }
        state.readers.retain(|(id, _)| *id != cursor.id);
        state.readers.push((cursor.id, cx.waker().clone()));
        Poll::Pending
    }

    /// Forgets a reader that is no more.
    pub(crate) fn forget(&self, cursor: &Cursor) {
        let mut state = self.lock();
        state.readers.retain(|(id, _)| *id != cursor.id);
        state.consumed.streams.remove(&cursor.id);
        self.look_for_room(&mut state);
    }

    /// Watches for one event from now on, or among those that are kept as well (`from_start`), where each is found by one
    /// watcher alone. Each watcher belongs to a handle that the program holds.
    pub(crate) fn watch(
        &self,
        judge: impl Fn(&Event) -> Seen + Send + 'static,
        from_start: bool,
    ) -> (u64, watch::Receiver<Seen>) {
        let mut state = self.lock();
        let State { kept, watchers, next_id, end, .. } = &mut *state;
        *next_id += 1;
        let receiver = watchers.add(*next_id, Box::new(judge), from_start.then(|| kept.iter()));
        if end.is_some() {
            watchers.end();
        }
        (*next_id, receiver)
    }

    pub(crate) fn unwatch(&self, watcher: u64) {
        self.lock().watchers.remove(watcher);
    }

    fn look_for_room(&self, state: &mut State) {
        if state.full.as_ref().is_some_and(|full| state.has_room(full.size)) {
            state.full = None;
            self.room.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the list as whole as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, event: Event) {
        self.watchers.put_in(&event);
        self.consumed.last = event.position().unwrap_or(self.consumed.last);
        self.kept.put(event, |gone| self.watchers.forget(gone));
        self.wake();
    }

    /// The index of the first event that a stream has yet to read; `None` where no stream is waited for.
    fn unread(&self) -> Option<u64> {
        let waited_for = self.consumed.streams.values().filter(|stream| !stream.passed_over);
        waited_for.map(|stream| stream.next).min()
    }

    /// Whether the readers have caught up, and an event of this size fits.
    fn has_room(&self, size: usize) -> bool {
        let Some(from) = self.unread().filter(|_| self.end.is_none()) else { return true };
        let (events, bytes) = self.kept.from(from);
        events <= EVENTS_ROOM && bytes <= EVENT_BYTES_ROOM && self.kept.fits(size, from)
    }

    /// A reader was given an event, whose number is this if it has one.
    fn yielded(&mut self, cursor: &Cursor, seq: Option<u64>) {
        if let Some(stream) = self.consumed.streams.get_mut(&cursor.id) {
            stream.next = cursor.next;
            stream.read = seq.unwrap_or(stream.read);
            stream.passed_over = false;
            self.consumed.handed = self.consumed.handed.max(stream.read);
            if let Some(full) = &mut self.full {
                full.since = Instant::now();
            }
        }
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
    /// The index of the next event.
    next: u64,
}

#[cfg(test)]
mod tests;
