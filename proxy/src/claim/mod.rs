//! Which process of a server acts: of several with one `server_id` one has the claim, the others stand by.
//!
//! The broker says who has it where it can (RabbitMQ, and NATS with JetStream); otherwise the processes ask each other
//! ([`talk`]). Whoever has it says so again and again ([`keep`]) and does what workers want only as long as that is certain: one
//! that stood still meanwhile finds out first whether another has taken its place ([`take`]).

mod keep;
mod take;
mod talk;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{sync::watch, time::Instant};
use tracing::debug;
use uuid::Uuid;

pub(crate) use keep::keep;
pub(crate) use take::{take, take_from};
pub(crate) use talk::{Say, Talk, Word};

use crate::limits::{CLAIM_CERTAIN, GRANT};

/// The claim of this process to act for its server.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Since when this process has it, as an id that grows with time; `None` while it only wants it.
    since: Mutex<Option<String>>,
    state: watch::Sender<State>,
    /// Whether it is given to another process just now.
    given: watch::Sender<bool>,
    /// Held while it is renewed, so that it is not given at the same time.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is ours until then, whatever happens.
    Until(Instant),
    /// Another process has it.
    Lost,
}

impl Claim {
    /// A claim that is not held yet.
    fn wanted() -> Self {
        let state = watch::Sender::new(State::Until(Instant::now()));
        Self {
            since: Mutex::default(),
            state,
            given: watch::Sender::new(false),
            renewing: Default::default(),
        }
    }

    /// A claim of a process to which the holder hands everything over: it acts meanwhile.
    pub(crate) fn granted() -> Self {
        let claim = Self::wanted();
        claim.state.send_replace(State::Until(Instant::now() + GRANT));
        claim
    }

    /// Gives the name to another process, which claims it now.
    pub(crate) async fn give(&self, talk: &Talk) {
        self.given.send_replace(true);
        let _turn = self.renewing.lock().await;
        self.doubt();
        if let Err(error) = talk.bus().unclaim(talk.holder(), &talk.process).await {
            debug!(%error, "the claim cannot be given to another process");
        }
    }

    /// Nobody has taken it: this process keeps it, if it still can.
    pub(crate) fn keep_after_all(&self) {
        self.given.send_replace(false);
    }

    /// It is held from now on, certainly for a while after the question to which the bus said so.
    fn begin(&self, asked: Instant) {
        *self.lock() = Some(Uuid::now_v7().simple().to_string());
        self.renew(asked);
    }

    /// It was still held when this was asked.
    fn renew(&self, asked: Instant) {
        self.state.send_if_modified(|state| {
            let held = *state != State::Lost;
            if held {
                *state = State::Until(asked + CLAIM_CERTAIN);
            }
            held
        });
    }

    /// It is not certain before it is renewed.
    fn doubt(&self) {
        self.state.send_if_modified(|state| {
            let held = *state != State::Lost;
            if held {
                *state = State::Until(Instant::now());
            }
            held
        });
    }

    /// Another process has it.
    fn lose(&self) {
        self.state.send_replace(State::Lost);
    }

    /// Since when it is held, if it is.
    fn since(&self) -> Option<String> {
        self.lock().clone().filter(|_| !*self.given.borrow())
    }

    /// Whether this process has it, as far as it knows, and not only the word of one that hands over.
    pub(crate) fn is_held(&self) -> bool {
        self.since().is_some() && *self.state.borrow() != State::Lost
    }

    /// Whether it is certain at this moment that no other process acts.
    pub(crate) fn is_certain(&self) -> bool {
        matches!(*self.state.borrow(), State::Until(until) if until > Instant::now())
    }

    /// Resolves when it is certain that no other process acts: most often at once, and never if another does.
    pub(crate) async fn certain(&self) {
        let mut state = self.state.subscribe();
        while !self.is_certain() {
            // The sender lives as long as `self`: this cannot fail.
            let _ = state.changed().await;
        }
    }

    /// Resolves when another process has it.
    pub(crate) async fn lost(&self) {
        let _ = self.state.subscribe().wait_for(|state| *state == State::Lost).await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Claim {
    /// One that nobody can take.
    pub(crate) fn for_ever() -> Self {
        let claim = Self::wanted();
        claim.begin(Instant::now() + std::time::Duration::from_secs(1 << 20));
        claim
    }
}
