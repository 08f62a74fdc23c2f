//! What is said about a call beside its commands, until it is answered: the same message may be said again.

use std::{sync::Arc, time::Duration};

use ari_bus::{
    BusError, Link,
    protocol::{Ack, Answer, Control, Release},
};
use bytes::Bytes;
use tokio::time::timeout;
use tracing::{debug, warn};
use uuid::Uuid;

use super::{Dialog, answers::Expected, terms::Term};
use crate::limits::{CONTROL_INTERVAL, RELEASE_DEADLINE, RETRY_PAUSE};

/// Why there is no answer.
pub(super) enum Unanswered {
    /// It was not sent: the bus is away, or this worker is cut off.
    NotSent,
    /// It was sent, perhaps; nothing came.
    NoAnswer,
    /// It was answered, and the answer cannot be read.
    Garbled(&'static str),
    /// The bus does not take it.
    Refused(BusError),
}

impl Dialog {
    /// Resolves when something can be said to the proxy: the bus is there, and this worker is not cut off.
    pub(crate) async fn open(&self) {
        let mut link = self.commands.bus().link();
        while !link.is_up() || self.standing.is_cut_off() {
            self.standing.until(false).await;
            if !link.up().await && link.now() == Link::Closed {
                // The reader of the inbox tells the call.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Sends a control message, and again while it has no answer, for this long. `control` makes it for a term, with a
    /// `unique_id` that begins with its word. In a new term it is asked anew: an answer of the process before says nothing of
    /// what this one knows. With a save goes the context that it `saves`, for whoever brings the call to another process.
    pub(super) async fn ask(
        &self,
        word: &str,
        saves: Option<&str>,
        control: impl Fn(&Term, String) -> Control,
        deadline: Duration,
    ) -> Result<Answer, Unanswered> {
        let mut sent = false;
        let asking = async {
            loop {
                self.open().await;
                let term = self.terms.now();
                let unique_id = fresh(word);
                let mut expected = self.commands.answers.expect(&unique_id);
                let payload = Bytes::from(control(&term, unique_id).to_json());
                sent = true;
                let answer = self.repeat(&term, &payload, &mut expected).await?;
                let Some(answer) = answer else { continue };
                let saved = saves.filter(|_| (200..300).contains(&answer.status));
                if self.terms.holds(&term, saved) {
                    return Ok(answer);
                }
            }
        };
        let result = timeout(deadline, asking).await;
        result.unwrap_or(Err(if sent { Unanswered::NoAnswer } else { Unanswered::NotSent }))
    }

    /// Sends what is asked in a term until it is answered; `None` when the term is over before.
    async fn repeat(
        &self,
        term: &Arc<Term>,
        payload: &Bytes,
        expected: &mut Expected,
    ) -> Result<Option<Answer>, Unanswered> {
        while Arc::ptr_eq(term, &self.terms.now()) {
            match self.commands.bus().publish(&term.commands, payload.clone()).await {
                Ok(()) => {
                    if let Ok(arrived) = timeout(CONTROL_INTERVAL, expected.arrived()).await {
                        return arrived.map(Some).map_err(Unanswered::Garbled);
                    }
                }
                Err(error) if error.is_retryable() => {
                    debug!(%error, "a question is asked again when the bus is there");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Err(Unanswered::Refused(error)),
            }
            self.open().await;
        }
        Ok(None)
    }

    /// Says that another worker is to have the call. What is not confirmed the end of the lease will do.
    pub(super) async fn release(&self) {
        let release = |term: &Term, unique_id| {
            Control::Release(Release { term: term.number, unique_id: Some(unique_id) })
        };
        let answer = tokio::select! {
            biased;
            answer = self.ask("release", None, release, RELEASE_DEADLINE) => answer,
            // The answer was lost, perhaps; this says the same.
            () = self.until_last_word() => return debug!("the call is not this worker's any more"),
        };
        match answer {
            Ok(answer) if answer.status < 400 => debug!("the call was given to another worker"),
            Ok(answer) => {
                let message = String::from_utf8_lossy(&answer.body);
                warn!(status = answer.status, %message, "the proxy does not take the call back");
            }
            Err(Unanswered::Garbled(_)) => debug!("the call was given to another worker, it seems"),
            Err(Unanswered::Refused(error)) => warn!(%error, "the call could not be given to another worker"),
            Err(Unanswered::NoAnswer | Unanswered::NotSent) => {
                warn!(
                    "that the call goes to another worker is not confirmed; it will when this worker is not heard of"
                );
            }
        }
    }

    /// Acknowledges what has arrived up to a position, once; there is no answer to it.
    pub(crate) async fn acknowledge(&self, position: u64) {
        loop {
            self.open().await;
            let term = self.terms.now();
            let seq = term.seq(position);
            if seq == 0 {
                return;
            }
            let ack = Control::Ack(Ack { term: term.number, seq, unique_id: None });
            match self.commands.bus().publish(&term.commands, ack.to_json().into()).await {
                Err(error) if error.is_retryable() => tokio::time::sleep(RETRY_PAUSE).await,
                Err(error) => return debug!(%error, "events could not be acknowledged"),
                Ok(()) => return,
            }
        }
    }
}

/// A `unique_id` that says what it is for.
pub(super) fn fresh(what: &str) -> String {
    format!("{what}.{}", Uuid::now_v7().simple())
}
