//! Delivery of a dialog's events to its owner of the moment: what is to be sent next, what was sent, what has arrived, what
//! was acknowledged. No I/O and no waiting but for the news that there is something to send.
//!
//! A position counts the dialog's events; a number (`seq`) counts those of one term.

mod handed;

use std::sync::{Mutex, MutexGuard, PoisonError};

use ari_bus::protocol::rfc3339;
use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::kept::{Budget, Dropped, GAP, Kept, KeptEvent};
use crate::limits::{RESEND_TAIL, RESEND_WINDOW};

/// The events of a dialog and how far they have come.
#[derive(Debug)]
pub(crate) struct Delivery {
    state: Mutex<State>,
    /// There may be something to send.
    changed: Notify,
    /// The end of what was acknowledged in this term.
    acknowledged: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    kept: Kept,
    /// Nothing more is added.
    closed: bool,
    /// Somebody has acknowledged the first event, the StasisStart.
    begun: bool,
    term: Term,
}

/// How far the events have come in one term. All are positions; what is before one is done.
#[derive(Debug, Default)]
struct Term {
    number: u64,
    version_1: bool,
    /// That of number 1.
    origin: u64,
    /// The StasisStart as number 1, where it is not kept any more and the worker cannot know it.
    opening: Option<KeptEvent>,
    /// The next to be sent.
    cursor: u64,
    /// The end of what is sent again, while that is so.
    window: Option<u64>,
    /// The end of what was sent at least once.
    reached: u64,
    /// The end of what is not sent again by itself: it was acknowledged, has arrived, or was sent again often enough.
    settled: u64,
    acknowledged: u64,
    /// Whether the worker has ever acknowledged anything.
    acknowledges: bool,
    /// Whether the worker tells what has arrived.
    reports: bool,
}

/// Events with their numbers, to be published in this order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The position of the first.
    pub(super) begin: u64,
    /// The position after the last.
    pub(super) end: u64,
    pub(super) events: Vec<(u64, KeptEvent)>,
    /// How many of them were sent before.
    pub(super) repeated: usize,
}

/// What the resending of a term depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// The end of what is settled; it only grows.
    pub(super) settled: u64,
    /// The end of what was sent; it only grows.
    pub(super) reached: u64,
    /// Whether the worker has ever acknowledged anything.
    pub(super) acknowledges: bool,
    /// Whether the worker tells what has arrived.
    pub(super) reports: bool,
}

impl Progress {
    /// Whether the worker ever says what it has.
    pub(super) fn tells(&self) -> bool {
        self.acknowledges || self.reports
    }
}

/// A number that cannot be: nothing was sent under it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotSent;

impl Delivery {
    /// The events of a new dialog.
    pub(super) fn new(budget: Budget) -> Self {
        let state = State { kept: Kept::new(budget), closed: false, begun: false, term: Term::default() };
        Self { state: Mutex::new(state), changed: Notify::new(), acknowledged: watch::Sender::new(0) }
    }

    /// Adds the next event. Says how many events had to go for it that nobody was ever sent; `None` if the dialog is over.
    pub(super) fn push(&self, event: KeptEvent) -> Option<u64> {
        let lost = self.state().push(event)?;
        self.changed.notify_one();
        Some(lost)
    }

    /// Adds nothing after this event.
    pub(super) fn finish(&self, last: Option<KeptEvent>) {
        let mut state = self.state();
        // Where it was finished before, in an earlier term, this is one too many.
        last.map(|event| state.push(event));
        state.closed = true;
        drop(state);
        self.changed.notify_one();
    }

    /// Begins a term: everything that is kept is sent, numbered from 1. A version-1 worker cannot do without the
    /// StasisStart, which a dialog that a worker opened may not have yet.
    pub(super) fn begin(&self, number: u64, version_1: bool, start: Option<&Utf8Bytes>) {
        let mut state = self.state();
        let first = state.kept.first();
        // The dialog's own, not that of a channel which it called. In one that a worker opened others come before it.
        let is_first =
            first == 1 && state.kept.from(1).next().is_some_and(|(_, event)| &*event.kind == START);
        let is_own =
            |event: &KeptEvent| &*event.kind == START && start.is_some_and(|start| event.body == *start);
        let has_start = is_first || state.kept.from(first).any(|(_, event)| is_own(event));
        let dropped = state.kept.dropped();
        // Version 1 cannot go on where another worker was.
        let lacks_start = !has_start && (version_1 || (dropped.is_some() && !state.begun));
        let opening = start.filter(|_| lacks_start).map(|start| KeptEvent::new(START, start.clone()));
        let gap = dropped.is_some() && !version_1;
        let origin = first - u64::from(opening.is_some()) - u64::from(gap);
        state.term = Term {
            number,
            version_1,
            origin,
            opening,
            cursor: origin,
            reached: origin,
            settled: origin,
            acknowledged: origin,
            ..Term::default()
        };
        drop(state);
        self.changed.notify_one();
    }

    /// The next events to be sent, so many at most; empty if there are none.
    pub(super) fn next(&self, most: usize) -> Batch {
        self.state().next(most)
    }

    /// The bus has taken a batch. For version 1 that is all that can be known.
    pub(super) fn sent(&self, batch: &Batch) {
        let mut state = self.state();
        if state.term.version_1 {
            state.settle(batch.end);
            state.kept.forget_before(batch.end);
        }
    }

    /// The bus may not have taken a batch: it comes again.
    pub(super) fn not_sent(&self, batch: &Batch) {
        let mut state = self.state();
        state.term.cursor = state.term.cursor.min(batch.begin);
        state.term.window = None;
    }

    /// Everything that is not settled comes again: the bus was away, and what it lost it does not say. To a worker that
    /// never says what it has, only what came since this time.
    pub(super) fn again(&self, since: OffsetDateTime) {
        let mut state = self.state();
        let mut from = state.term.settled;
        if !state.progress().tells() {
            let recent = state.kept.from(from).find(|(_, event)| event.at >= since);
            from = recent.map_or(state.term.reached, |(position, _)| position);
        }
        state.rewind(from, None);
    }

    /// Everything that is not settled comes again: the worker is reached elsewhere.
    pub(super) fn again_all(&self) {
        let mut state = self.state();
        let from = state.term.settled;
        state.rewind(from, None);
        drop(state);
        self.changed.notify_one();
    }

    /// The time of what is not settled is up: the first of it comes again. To a worker that never says what it has comes
    /// the last of it, which has no successor whose number would show a gap.
    pub(super) fn again_some(&self) {
        let mut state = self.state();
        let progress = state.progress();
        let Progress { settled, reached, .. } = progress;
        if progress.tells() {
            state.rewind(settled, Some(reached.min(settled + RESEND_WINDOW)));
        } else {
            state.rewind(settled.max(reached.saturating_sub(RESEND_TAIL)), None);
        }
    }

    /// What was sent so far was sent often enough.
    pub(super) fn settle_all(&self) {
        let mut state = self.state();
        let reached = state.term.reached;
        state.settle(reached);
    }

    /// The worker has handled everything up to this number: it is forgotten.
    pub(super) fn acknowledge(&self, term: u64, seq: u64) -> Result<(), NotSent> {
        let mut state = self.state();
        let end = state.end_of(term, seq)?;
        state.term.acknowledges = true;
        state.begun |= seq > 0;
        state.term.acknowledged = state.term.acknowledged.max(end);
        state.term.cursor = state.term.cursor.max(end);
        state.settle(end);
        state.kept.forget_before(end);
        let end = state.term.acknowledged;
        drop(state);
        self.acknowledged.send_replace(end);
        self.changed.notify_one();
        Ok(())
    }

    /// Everything up to this number has arrived.
    pub(super) fn arrived(&self, term: u64, seq: u64) -> Result<(), NotSent> {
        let mut state = self.state();
        let end = state.end_of(term, seq)?;
        state.term.reports = true;
        state.settle(end);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The worker wants everything from this number on again.
    pub(super) fn resend(&self, term: u64, from: u64) -> Result<(), NotSent> {
        let mut state = self.state();
        let from = state.end_of(term, from.saturating_sub(1))?.max(state.term.acknowledged);
        state.term.cursor = state.term.cursor.min(from);
        state.term.window = None;
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The number of the last event that was sent in this term, and whether the worker has said that it has come.
    pub(super) fn last(&self) -> (u64, bool) {
        let state = self.state();
        let progress = state.progress();
        let known = progress.tells() && progress.settled >= progress.reached;
        (progress.reached - state.term.origin, known)
    }

    /// Whether nothing more is added.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    pub(super) fn progress(&self) -> Progress {
        self.state().progress()
    }

    /// How many events nobody was sent in this term.
    pub(super) fn waiting(&self) -> u64 {
        let state = self.state();
        state.kept.next().saturating_sub(state.term.reached.max(state.kept.first()))
    }

    /// Resolves when the owner has acknowledged all there is.
    pub(super) async fn acknowledged(&self) {
        let mut acknowledged = self.acknowledged.subscribe();
        // The sender lives as long as `self`: this cannot fail.
        let _ = acknowledged.wait_for(|end| *end >= self.state().kept.next()).await;
    }

    /// Resolves when something may have changed. For one waiter.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held would leave it as whole as each of the short methods does.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const START: &str = "StasisStart";

impl State {
    fn progress(&self) -> Progress {
        let Term { settled, reached, acknowledges, reports, .. } = self.term;
        Progress { settled, reached, acknowledges, reports }
    }

    fn push(&mut self, event: KeptEvent) -> Option<u64> {
        if self.closed {
            return None;
        }
        let known = self.kept.first().max(self.term.reached);
        self.kept.push(event);
        Some(self.kept.first().saturating_sub(known))
    }

    fn next(&mut self, most: usize) -> Batch {
        let mut batch = Batch { begin: self.term.cursor, end: self.term.cursor, ..Batch::default() };
        let first = self.kept.first();
        if batch.end == self.term.origin
            && batch.end < first
            && let Some(opening) = &self.term.opening
        {
            batch.events.push((1, opening.clone()));
            batch.end += 1;
        }
        if batch.end < first {
            // What stands for all that is lost has the number of the last of it.
            let gap = self.gap(batch.end, first);
            batch.events.extend(gap.map(|event| (self.term.seq(first - 1), event)));
            batch.end = first;
        }
        let end = self.term.window.unwrap_or(u64::MAX);
        for (position, event) in
            self.kept.from(batch.end).take_while(|(position, _)| *position < end).take(most)
        {
            batch.events.push((self.term.seq(position), event.clone()));
            batch.end = position + 1;
        }
        self.term.cursor = batch.end;
        if self.term.window.is_some_and(|end| batch.end >= end) {
            self.term.window = None;
            self.term.cursor = self.term.reached.max(batch.end);
        }
        let before = batch.end.min(self.term.reached).saturating_sub(batch.begin);
        // What stands for many that are lost is one.
        batch.repeated = usize::try_from(before).unwrap_or(usize::MAX).min(batch.events.len());
        self.term.reached = self.term.reached.max(batch.end);
        batch
    }

    /// What says that events from a position on, up to another, cannot be had any more. Version 1 has no word for it.
    fn gap(&self, from: u64, to: u64) -> Option<KeptEvent> {
        let Dropped { events, since, until } = self.kept.dropped().filter(|_| !self.term.version_1)?;
        // The StasisStart is one of them, and comes all the same.
        let events = events - u64::from(self.term.opening.is_some());
        let body = json!({
            "type": GAP, "reason": "more events waited for an acknowledgement than are kept",
            "since": rfc3339(since), "until": rfc3339(until), "events": events,
            "from": self.term.seq(from), "to": self.term.seq(to - 1),
        });
        Some(KeptEvent::new(GAP, body.to_string().into()))
    }

    fn rewind(&mut self, from: u64, window: Option<u64>) {
        // What had to be dropped after it was sent does not come again.
        let from = from.max(self.kept.first().min(self.term.reached));
        self.term.cursor = self.term.cursor.min(from);
        self.term.window = window;
    }

    fn settle(&mut self, end: u64) {
        self.term.settled = self.term.settled.max(end);
    }

    /// The position after the event of this number.
    fn end_of(&self, term: u64, seq: u64) -> Result<u64, NotSent> {
        let end = self.term.origin.checked_add(seq).ok_or(NotSent)?;
        if term == self.term.number && end <= self.term.reached { Ok(end) } else { Err(NotSent) }
    }
}

impl Term {
    fn seq(&self, position: u64) -> u64 {
        position + 1 - self.origin
    }
}

#[cfg(test)]
mod tests;
