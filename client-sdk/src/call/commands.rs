//! Commands of one call: published in the order of their numbers, each waiting for its own answer.

use std::{sync::Arc, time::Duration};

use ari_bus::{
    Bus, BusError,
    protocol::{Answer, Command},
};
use bytes::Bytes;
use tokio::{sync::Mutex, time::timeout};
use tracing::debug;
use uuid::Uuid;

use super::{CallEnd, answers::Answers, answers::Expected, feed::Feed};
use crate::{
    error::{CommandError, CommandErrorKind},
    limits::{LAST_ANSWERS_GRACE, RETRY_PAUSE},
};

/// Which protocol the call's proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// go-ari-library's: no numbers, no ids that can be relied on.
    One,
    /// Numbered, deduplicated.
    Two,
}

/// The commands of one call.
pub(crate) struct Commands {
    pub(crate) version: Version,
    pub(crate) answers: Answers,
    bus: Arc<dyn Bus>,
    topic: String,
    deadline: Duration,
    outgoing: Mutex<Outgoing>,
}

/// What is held while a command is on its way out, so that numbers and publishing have one order.
struct Outgoing {
    next: u64,
    /// A command that has a number and of which it is not known that it was published: its publishing failed, or the
    /// future that did it was dropped. Published again before the next one (the proxy drops what it has seen), since a
    /// number that never comes would hold up all that follow.
    unsure: Option<Bytes>,
}

/// A request as it is to be sent.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) body: Option<String>,
    pub(crate) deadline: Option<Duration>,
}

impl Commands {
    pub(crate) fn new(version: Version, bus: Arc<dyn Bus>, topic: String, deadline: Duration) -> Self {
        let outgoing = Mutex::new(Outgoing { next: 1, unsure: None });
        Self { version, answers: Answers::default(), bus, topic, deadline, outgoing }
    }

    pub(crate) fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// Runs a command and returns its answer, whatever its status.
    pub(crate) async fn run(&self, request: Request, feed: &Feed) -> Result<Answer, CommandError> {
        let name = format!("{} {}", request.method, request.url);
        if let Some(end) = feed.ended() {
            return Err(gone(&name, end));
        }
        let deadline = request.deadline.unwrap_or(self.deadline);
        let work = async {
            match self.version {
                Version::One => self.run_alone(&name, &request).await,
                Version::Two => self.run_in_order(&name, &request).await,
            }
        };
        tokio::select! {
            result = timeout(deadline, work) => result.unwrap_or_else(|_| {
                let away = if self.bus.link().is_up() { "" } else { "; the bus is away" };
                let text = format!("no answer within {} s{away}", deadline.as_secs_f32());
                Err(CommandError::new(CommandErrorKind::Timeout, &name, text))
            }),
            end = last_chance(feed) => Err(gone(&name, end)),
        }
    }

    /// Version 2: publishes in order, then waits beside the others.
    async fn run_in_order(&self, name: &str, request: &Request) -> Result<Answer, CommandError> {
        let unique_id = Uuid::now_v7().simple().to_string();
        let mut expected = self.answers.expect(&unique_id);
        {
            let mut outgoing = self.outgoing.lock().await;
            self.publish_unsure(&mut outgoing, name).await?;
            let payload = encode(request, &unique_id, Some(outgoing.next), name)?;
            outgoing.next += 1;
            outgoing.unsure = Some(payload);
            self.publish_unsure(&mut outgoing, name).await?;
        }
        arrived(&mut expected, name).await
    }

    /// Publishes the command in doubt, if there is one, for as long as the bus is away: the caller has a deadline.
    async fn publish_unsure(&self, outgoing: &mut Outgoing, name: &str) -> Result<(), CommandError> {
        while let Some(payload) = outgoing.unsure.clone() {
            match self.bus.publish(&self.topic, payload).await {
                Ok(()) => outgoing.unsure = None,
                Err(error) if error.is_retryable() => self.bus_back(&error).await,
                Err(error) => {
                    // It was not sent: its number is free again.
                    outgoing.unsure = None;
                    outgoing.next -= 1;
                    return Err(CommandError::from_bus(name, error));
                }
            }
        }
        Ok(())
    }

    /// Version 1: one at a time, because that proxy runs them all at once and does not repeat ids; and never twice,
    /// because it does not know what it has run.
    async fn run_alone(&self, name: &str, request: &Request) -> Result<Answer, CommandError> {
        let _turn = self.outgoing.lock().await;
        let unique_id = Uuid::now_v7().simple().to_string();
        let mut expected = self.answers.expect(&unique_id);
        let payload = encode(request, &unique_id, None, name)?;
        // Only what certainly was not sent may be tried again.
        self.bus.link().up().await;
        self.bus.publish(&self.topic, payload).await.map_err(|error| CommandError::from_bus(name, error))?;
        arrived(&mut expected, name).await
    }

    /// Waits until it makes sense to publish again.
    pub(crate) async fn bus_back(&self, error: &BusError) {
        debug!(%error, "a message waits for the bus");
        tokio::time::sleep(RETRY_PAUSE).await;
        self.bus.link().up().await;
    }
}

fn encode(
    request: &Request,
    unique_id: &str,
    cmd_seq: Option<u64>,
    name: &str,
) -> Result<Bytes, CommandError> {
    let command = Command {
        unique_id: unique_id.into(),
        url: request.url.as_str().into(),
        method: request.method.into(),
        body: request.body.as_deref().map(Into::into),
        cmd_seq,
    };
    serde_json::to_vec(&command)
        .map(Bytes::from)
        .map_err(|error| CommandError::new(CommandErrorKind::BadRequest, name, error.to_string()))
}

async fn arrived(expected: &mut Expected<'_>, name: &str) -> Result<Answer, CommandError> {
    expected.arrived().await.map_err(|problem| CommandError::new(CommandErrorKind::TooLarge, name, problem))
}

/// Resolves when a command in flight has no answer to hope for: at once when the call is another's, a little later
/// when it has ended (the answer to a hangup takes another way than the events that it causes).
async fn last_chance(feed: &Feed) -> CallEnd {
    let end = feed.until_end().await;
    if end == CallEnd::Ended {
        tokio::time::sleep(LAST_ANSWERS_GRACE).await;
    }
    end
}

pub(crate) fn gone(command: &str, end: CallEnd) -> CommandError {
    let why = match end {
        CallEnd::Ended => "the call is over",
        CallEnd::Gone => "the call is not this worker's any more",
        CallEnd::Released => "the call's handler has returned",
        CallEnd::Closed => "the connection to the bus was closed",
    };
    CommandError::new(CommandErrorKind::Gone, command, why)
}
