//! What is said about a call beside its commands, until it is answered: the same message may be said again.

use std::time::Duration;

use ari_bus::{
    BusError, Link,
    protocol::{Ack, Answer, Control, Release},
};
use tokio::time::timeout;
use tracing::{debug, warn};
use uuid::Uuid;

use super::Dialog;
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

    /// Sends a control message that has a `unique_id`, and again while it has no answer, for this long.
    pub(super) async fn ask(&self, control: &Control, deadline: Duration) -> Result<Answer, Unanswered> {
        let commands = &self.commands;
        let mut answer = commands.answers.expect(control.unique_id().unwrap_or_default());
        let payload = bytes::Bytes::from(control.to_json());
        let mut sent = false;
        let asking = async {
            loop {
                self.open().await;
                sent = true;
                match commands.bus().publish(commands.topic(), payload.clone()).await {
                    Ok(()) => {
                        if let Ok(arrived) = timeout(CONTROL_INTERVAL, answer.arrived()).await {
                            return arrived.map_err(Unanswered::Garbled);
                        }
                    }
                    Err(error) if error.is_retryable() => {
                        debug!(%error, control = control.word(), "it is said again when the bus is there");
                        tokio::time::sleep(RETRY_PAUSE).await;
                    }
                    Err(error) => return Err(Unanswered::Refused(error)),
                }
            }
        };
        let result = timeout(deadline, asking).await;
        result.unwrap_or(Err(if sent { Unanswered::NoAnswer } else { Unanswered::NotSent }))
    }

    /// Says that another worker is to have the call. What is not confirmed the end of the lease will do.
    pub(super) async fn release(&self) {
        let release = Release { term: self.term(), unique_id: Some(fresh("release")) };
        let release = Control::Release(release);
        let answer = tokio::select! {
            biased;
            answer = self.ask(&release, RELEASE_DEADLINE) => answer,
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

    /// Acknowledges what has arrived, once; there is no answer to it.
    pub(crate) async fn acknowledge(&self, seq: u64) {
        let ack = Control::Ack(Ack { term: self.term(), seq, unique_id: None }).to_json();
        let payload = bytes::Bytes::from(ack);
        loop {
            self.open().await;
            match self.commands.bus().publish(self.commands.topic(), payload.clone()).await {
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
