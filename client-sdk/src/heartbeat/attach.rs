//! Bringing calls to a proxy process that took the place of theirs: what is said, and what an answer means.

use std::sync::Arc;

use ari_bus::{
    Bus,
    protocol::{Attach, AttachReply, FixedControl},
};
use tokio::time::timeout;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::{
    call::{Arrived, Dialog},
    limits::{ATTACH_INTERVAL, ATTACH_TRIES, HEARTBEAT_INTERVAL},
};

/// A call on its way to a proxy process.
pub(super) struct Move {
    /// That process.
    incarnation: String,
    /// The same each time it is said to that process.
    unique_id: String,
    step: Step,
    tries: u32,
}

enum Step {
    /// It is to be said.
    Due,
    /// It was said, and the answer may come.
    Awaited,
    /// It was not answered. It is due again when the process is heard of.
    Tried,
}

/// What is to be said now for the call of a seat.
pub(super) struct Errand {
    pub(super) seat: u64,
    pub(super) dialog: Arc<Dialog>,
    pub(super) attach: Attach,
}

/// What came of an errand.
pub(super) struct Outcome {
    pub(super) seat: u64,
    pub(super) unique_id: String,
    answer: Option<Arrived>,
}

impl Move {
    pub(super) fn to(incarnation: &str) -> Self {
        let unique_id = format!("attach.{}", Uuid::now_v7().simple());
        Self { incarnation: incarnation.to_owned(), unique_id, step: Step::Due, tries: 0 }
    }

    pub(super) fn is_to(&self, incarnation: &str) -> bool {
        self.incarnation == incarnation
    }

    /// The process is there and does not have the call; false if it was tried often enough.
    pub(super) fn again(&mut self) -> bool {
        if matches!(self.step, Step::Tried) {
            self.step = Step::Due;
        }
        self.tries < ATTACH_TRIES
    }

    /// Whether it is to be said now; then it is.
    pub(super) fn begin(&mut self) -> Option<&str> {
        matches!(self.step, Step::Due).then(|| {
            self.step = Step::Awaited;
            self.tries += 1;
            self.unique_id.as_str()
        })
    }

    /// Takes what came of it: true if the call is where it was to go. What does not belong to this move says nothing.
    pub(super) fn take(&mut self, outcome: &Outcome, dialog: &Dialog) -> bool {
        if outcome.unique_id != self.unique_id {
            return false;
        }
        self.step = Step::Tried;
        let root = dialog.root();
        let answer = match &outcome.answer {
            Some(Ok(answer)) => answer,
            Some(Err(problem)) => {
                debug!(root, problem, "an answer to an attach was dropped");
                return false;
            }
            None => return false,
        };
        let message = String::from_utf8_lossy(&answer.body);
        match answer.status {
            200 => {
                let reply = serde_json::from_slice::<AttachReply>(&answer.body);
                match reply.map_err(|error| error.to_string()).and_then(|reply| dialog.attached(&reply)) {
                    Ok(()) => return true,
                    Err(problem) => {
                        warn!(
                            root,
                            problem,
                            "the answer of a proxy that was restarted cannot be used; the call is lost"
                        );
                        dialog.lose();
                    }
                }
            }
            // It has no such call, or another worker's, or cannot take any.
            404 | 409 | 501 => {
                debug!(root, status = answer.status, %message, "the proxy was restarted, and the call is lost");
                dialog.lose();
            }
            status @ 400..=499 if status != 429 => {
                warn!(root, status, %message, "a proxy that was restarted refuses a call; it is lost");
                dialog.lose();
            }
            status => debug!(root, status, %message, "a proxy that was restarted cannot take a call yet"),
        }
        false
    }
}

/// Says it once, and waits for the answer, which comes among those of the call.
pub(super) async fn run(bus: Arc<dyn Bus>, topic: String, errand: Errand) -> Outcome {
    let Errand { seat, dialog, attach } = errand;
    let unique_id = attach.unique_id.clone();
    let mut expected = dialog.commands.answers.expect(&unique_id);
    // Strings and numbers always serialize.
    let payload = serde_json::to_vec(&FixedControl::Attach(attach)).unwrap_or_default();
    let answering = async {
        if let Err(error) = bus.offer(&topic, payload.into(), HEARTBEAT_INTERVAL).await {
            debug!(%error, "an attach could not be sent");
        }
        expected.arrived().await
    };
    let answer = timeout(ATTACH_INTERVAL, answering).await.ok();
    Outcome { seat, unique_id, answer }
}
