//! Where a call is now: in which term this worker has it, where its commands go, from where its events are counted, and what
//! was saved there. All of it under one lock, since a proxy that takes the place of another changes all of it at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ari_bus::protocol::AppStart;
use tokio_util::sync::CancellationToken;

/// One term of a call.
///
/// In each term events are numbered from 1. What this crate compares are **positions**, which only grow: those of the term in
/// which the call was offered are the numbers themselves, and each later term goes on where the one before stopped.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) number: u64,
    /// Where commands go.
    pub(crate) commands: Arc<str>,
    /// The last position before it.
    base: u64,
    /// Whether this worker brought the call to it, rather than accept an offer.
    pub(super) attached: bool,
}

/// The terms of a call that this worker has had, one after the other.
pub(crate) struct Terms {
    state: Mutex<State>,
    /// Whether the call was brought to another proxy process.
    attached: CancellationToken,
}

struct State {
    now: Arc<Term>,
    /// The proxy has gone, and the call is on its way to another: what is still heard from the first holds nothing.
    moving: bool,
    /// What the proxy keeps for the worker after this one.
    context: Option<String>,
}

impl Term {
    /// The position of the event of this number.
    pub(crate) fn position(&self, seq: u64) -> Option<u64> {
        self.base.checked_add(seq)
    }

    /// The number of the event at a position; 0 for what came before this term.
    pub(crate) fn seq(&self, position: u64) -> u64 {
        position.saturating_sub(self.base)
    }
}

impl Terms {
    /// Begins with the term of an offer; 1 where the proxy does not count.
    pub(super) fn new(offer: &AppStart, commands: Arc<str>) -> Self {
        let now = Term { number: offer.term.unwrap_or(1), commands, base: 0, attached: false };
        let context = offer.context.clone().filter(|_| offer.resume);
        let state = State { now: Arc::new(now), moving: false, context };
        Self { state: Mutex::new(state), attached: CancellationToken::new() }
    }

    pub(crate) fn now(&self) -> Arc<Term> {
        Arc::clone(&self.lock().now)
    }

    /// The call is on its way to another proxy process; returns what it takes along: the term until then, and what was saved.
    pub(super) fn leave(&self) -> (Arc<Term>, Option<String>) {
        let mut state = self.lock();
        state.moving = true;
        (Arc::clone(&state.now), state.context.clone())
    }

    /// It stays where it is, after all.
    pub(crate) fn stay(&self) {
        self.lock().moving = false;
    }

    pub(super) fn is_moving(&self) -> bool {
        self.lock().moving
    }

    /// The call goes on in a new term, whose events are counted from this position on.
    pub(super) fn begin(&self, number: u64, commands: Arc<str>, base: u64) {
        let mut state = self.lock();
        state.now = Arc::new(Term { number, commands, base, attached: true });
        state.moving = false;
        drop(state);
        self.attached.cancel();
    }

    /// Whether an answer that was given in a term holds: that of a proxy process which has gone meanwhile does not. If it does,
    /// and confirms a save, the context is noted in the same moment.
    pub(super) fn holds(&self, term: &Term, saved: Option<&str>) -> bool {
        let mut state = self.lock();
        let holds = !state.moving && state.now.number == term.number;
        if holds && let Some(context) = saved {
            state.context = Some(context.to_owned());
        }
        holds
    }

    /// Resolves when the call was brought to another proxy process.
    pub(super) async fn attached(&self) {
        self.attached.cancelled().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state as whole as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_counts_only_where_it_stays() {
        let offer = AppStart { term: Some(2), context: Some("old".to_owned()), ..AppStart::default() };
        let terms = Terms::new(&offer, "a".into());
        let first = terms.now();
        assert!(terms.holds(&first, Some("one")));
        assert_eq!(terms.leave().1.as_deref(), Some("one"), "the offer was no resume");
        assert!(!terms.holds(&first, Some("lost")));
        terms.begin(3, "b".into(), 10);
        assert!(!terms.holds(&first, Some("late")));
        assert_eq!((&*terms.now().commands, terms.leave().1.as_deref()), ("b", Some("one")));
        terms.stay();
        assert!(terms.holds(&terms.now(), None));
    }

    #[test]
    fn positions_only_grow() {
        let terms = Terms::new(&AppStart::default(), "a".into());
        assert_eq!((terms.now().number, terms.now().position(7), terms.now().seq(7)), (1, Some(7), 7));
        terms.begin(2, "b".into(), 7);
        let term = terms.now();
        assert_eq!((term.position(1), term.seq(8), term.seq(7), term.seq(1)), (Some(8), 1, 0, 0));
        assert_eq!(term.position(u64::MAX), None);
    }
}
