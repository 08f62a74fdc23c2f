//! Commands of one call: published once each, in the order of their numbers, each waiting for its own answer.

use std::{sync::Arc, time::Duration};

use ari_bus::{
    Bus,
    protocol::{Answer, Command},
};
use bytes::Bytes;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::debug;
use uuid::Uuid;

use super::{CallEnd, answers::Answers, answers::Expected, feed::Feed};
use crate::{
    error::{CommandError, CommandErrorKind},
    limits::LAST_ANSWERS_GRACE,
};

/// Which protocol the call's proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// go-ari-library's: no numbers, no ids that can be relied on.
    One,
    /// Numbered, each with an id that its answer repeats.
    Two,
}

/// The commands of one call.
pub(crate) struct Commands {
    pub(crate) version: Version,
    pub(crate) answers: Arc<Answers>,
    bus: Arc<dyn Bus>,
    topic: String,
    deadline: Duration,
    /// Version 2: the number of the next command, held while one is on its way out. `None` once it is not known
    /// whether one arrived: commands without a number run as they come, while a number that never comes would hold up
    /// all that follow.
    next: Mutex<Option<u64>>,
    /// Version 1: the command whose turn it is, held until its answer is there.
    turn: Mutex<Option<Turn>>,
}

/// Version 1: a command that was published, and how long its answer may come.
struct Turn {
    expected: Expected,
    since: Instant,
    longest: Duration,
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
        let (next, turn) = (Mutex::new(Some(1)), Mutex::default());
        Self { version, answers: Arc::default(), bus, topic, deadline, next, turn }
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
            let mut next = self.next.lock().await;
            // Before the number is taken: who gives up while the bus is away has sent nothing.
            self.bus.link().up().await;
            // Taken out meanwhile, as this future may be dropped.
            let number = next.take();
            match self.publish(request, &unique_id, number, name).await {
                Ok(Sent::Certainly) => *next = number.map(|number| number + 1),
                Ok(Sent::Perhaps) => {}
                Err(error) => {
                    *next = number;
                    return Err(error);
                }
            }
        }
        arrived(&mut expected, name).await
    }

    /// Version 1: one at a time, because that proxy runs them all at once and does not repeat ids. A command that was
    /// given up keeps its turn, or its answer would be taken for that of the next.
    async fn run_alone(&self, name: &str, request: &Request) -> Result<Answer, CommandError> {
        let mut turn = self.turn.lock().await;
        if let Some(Turn { expected, since, longest }) = &mut *turn {
            let _ = timeout(longest.saturating_sub(since.elapsed()), expected.arrived()).await;
        }
        // Gone before the next is there, so that never two wait.
        *turn = None;
        self.bus.link().up().await;
        let unique_id = Uuid::now_v7().simple().to_string();
        let expected = self.answers.expect(&unique_id);
        let longest = request.deadline.unwrap_or_default().max(self.deadline);
        let current = turn.insert(Turn { expected, since: Instant::now(), longest });
        let result = match self.publish(request, &unique_id, None, name).await {
            Ok(_) => arrived(&mut current.expected, name).await,
            Err(error) => Err(error),
        };
        *turn = None;
        result
    }

    /// Publishes a command. An error says that it was not sent. Nothing is published twice: no proxy of today would
    /// see that the second is the first, and a phone would ring again. Where it is not known what became of it, its
    /// answer will tell, or the deadline.
    async fn publish(
        &self,
        request: &Request,
        unique_id: &str,
        cmd_seq: Option<u64>,
        name: &str,
    ) -> Result<Sent, CommandError> {
        let payload = encode(request, unique_id, cmd_seq, name)?;
        match self.bus.publish(&self.topic, payload).await {
            Ok(()) => Ok(Sent::Certainly),
            Err(error) if error.is_retryable() => {
                debug!(%error, "whether a command was sent is not known");
                Ok(Sent::Perhaps)
            }
            Err(error) => Err(CommandError::from_bus(name, error)),
        }
    }
}

/// Whether a command reached the bus.
enum Sent {
    Certainly,
    Perhaps,
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

async fn arrived(expected: &mut Expected, name: &str) -> Result<Answer, CommandError> {
    expected.arrived().await.map_err(|problem| CommandError::new(CommandErrorKind::Decode, name, problem))
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
