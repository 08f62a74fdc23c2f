//! Commands of one call: published in the order of their numbers, each waiting for its own answer; after an outage those
//! without an answer are published again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use ari_bus::{Bus, BusError, Link, protocol::Answer};
use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::debug;

use super::{
    CallEnd,
    answers::{Answers, Expected},
    feed::Feed,
    ids::{Id, Ids},
    outbox::{Failed, Outbox, encode},
    standing::Standing,
    turns::Turns,
};
use crate::{
    error::{CommandError, CommandErrorKind},
    limits::{COMMANDS_UNANSWERED, LAST_ANSWERS_GRACE, RETRY_PAUSE},
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
    deadline: Duration,
    outbox: Outbox,
    turns: Turns,
}

/// A request as it is to be sent.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) body: Option<String>,
    pub(crate) deadline: Option<Duration>,
    /// The id that what it makes is to have.
    pub(crate) made: Option<Id>,
}

impl Commands {
    pub(crate) fn new(version: Version, bus: Arc<dyn Bus>, topic: String, deadline: Duration) -> Self {
        let (outbox, turns) = (Outbox::new(topic), Turns::default());
        Self { version, answers: Arc::default(), bus, deadline, outbox, turns }
    }

    pub(crate) fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// Where they go now.
    pub(crate) fn topic(&self) -> Arc<str> {
        self.outbox.topic()
    }

    /// A new term begins, on this topic: what was published before has no answer to hope for.
    pub(super) fn begin_term(&self, topic: &Arc<str>) {
        self.outbox.begin_term(topic);
    }

    /// How long a command waits for its answer, unless it says so itself.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Takes a message from the responses topic.
    pub(crate) fn take_answer(&self, payload: &[u8]) {
        if let Some(unique_id) = self.answers.take(payload, self.version == Version::One) {
            self.outbox.answered(&unique_id);
        }
    }

    /// Runs a command and returns its answer, whatever its status.
    pub(crate) async fn run(
        &self,
        mut request: Request,
        ids: &Ids,
        standing: &Standing,
        feed: &Feed,
    ) -> Result<Answer, CommandError> {
        let name = format!("{} {}", request.method, request.url);
        if let Some(end) = feed.ended() {
            return Err(gone(&name, end));
        }
        let deadline = request.deadline.unwrap_or(self.deadline);
        let unique_id = ids.command(request.method, &request.url, request.body.as_deref());
        let made = request.made.take();
        let issued = Issued { outbox: &self.outbox, ids, unique_id: &unique_id, made };
        let work = async {
            match self.version {
                Version::One => self.turns.run(self, &name, &request, unique_id.as_str()).await,
                Version::Two => self.run_in_order(&name, request, unique_id.as_str()).await,
            }
        };
        tokio::select! {
            result = timeout(deadline, work) => match result {
                Ok(Err(error)) if error.never_left() => {
                    issued.give_back();
                    Err(error)
                }
                Ok(result) => result,
                Err(_) => Err(self.given_up(&name, deadline, issued.withdraw(), standing.is_cut_off())),
            },
            end = last_chance(feed) => Err(gone(&name, end)),
        }
    }

    /// Version 2: put among what is published, then waits beside the others.
    async fn run_in_order(
        &self,
        name: &str,
        request: Request,
        unique_id: &str,
    ) -> Result<Answer, CommandError> {
        // With the longest number: whether it can be sent is known before it has one.
        let (size, largest) = (encode(&request, unique_id, Some(u64::MAX)).len(), self.bus.largest_message());
        if size > largest {
            let text = format!("{size} bytes are more than the {largest} that a message of the bus carries");
            return Err(CommandError::new(CommandErrorKind::TooLarge, name, text));
        }
        let mut expected = self.answers.expect(unique_id);
        let Some(failed) = self.outbox.add(unique_id, request) else {
            let text = format!("{COMMANDS_UNANSWERED} commands of this call wait already; it was not sent");
            return Err(CommandError::new(CommandErrorKind::Unavailable, name, text));
        };
        tokio::select! {
            // What was answered needs no other word.
            biased;
            answer = arrived(&mut expected, name) => answer,
            Ok(failed) = failed => Err(match failed {
                Failed::Refused(error) => CommandError::from_bus(name, error),
                Failed::Replaced => {
                    let text = "the proxy was replaced by another process before it answered; its fate is not known";
                    CommandError::new(CommandErrorKind::Timeout, name, text)
                }
            }),
        }
    }

    /// What is told of a command whose time is up.
    fn given_up(&self, name: &str, deadline: Duration, unsent: bool, cut_off: bool) -> CommandError {
        let away = match (self.bus.link().is_up(), cut_off) {
            (false, _) => "; the bus is away",
            (true, true) => "; this worker is cut off from the proxy",
            (true, false) => "",
        };
        let seconds = deadline.as_secs_f32();
        if unsent {
            let text = format!("it was not sent within {seconds} s{away}");
            return CommandError::new(CommandErrorKind::Unavailable, name, text);
        }
        let text = format!("no answer within {seconds} s{away}; its fate is not known");
        CommandError::new(CommandErrorKind::Timeout, name, text)
    }

    /// Version 2: publishes what is put in, and again what has no answer after an outage, for ever.
    pub(crate) async fn publish_for_ever(&self, standing: &Standing) -> Infallible {
        let mut link = self.bus.link();
        let mut cut = standing.changes();
        // Whether something that was published may not have come.
        let mut doubtful = false;
        loop {
            // Before the next command goes out, so that none overtakes one that was lost.
            while let Some(state) = link.changed().now_or_never() {
                match state {
                    Link::Closed => std::future::pending().await,
                    Link::Up | Link::Down(_) => doubtful = true,
                }
            }
            if cut.has_changed().unwrap_or(false) {
                cut.mark_unchanged();
                doubtful = true;
            }
            // A proxy that was away for a moment may have missed one, and nobody noticed.
            let overdue = self.outbox.overdue().filter(|_| standing.lease().is_known());
            doubtful |= overdue.is_some_and(|overdue| Instant::now() >= overdue);
            // An older proxy would run what comes twice a second time.
            if doubtful && standing.lease().is_known() {
                self.outbox.rewind();
                doubtful = false;
            }
            let open = link.is_up() && !standing.is_cut_off();
            let due = if open { self.outbox.due() } else { None };
            let Some(due) = due else {
                tokio::select! {
                    () = self.outbox.more(), if open => {}
                    state = link.changed() => match state {
                        Link::Closed => std::future::pending().await,
                        Link::Up | Link::Down(_) => doubtful = true,
                    },
                    Ok(()) = cut.changed() => doubtful = true,
                    () = standing.lease().until_known(), if doubtful => {}
                    () = sleep_until(overdue.unwrap_or_else(Instant::now)), if open && overdue.is_some() => {
                        doubtful = true;
                    }
                }
                continue;
            };
            match self.bus.publish(&due.topic, due.payload.clone()).await {
                Ok(()) => self.outbox.published(&due),
                Err(error) if error.is_retryable() => {
                    debug!(%error, "whether a command was sent is not known");
                    self.outbox.published(&due);
                    doubtful = true;
                    sleep(RETRY_PAUSE).await;
                }
                Err(error) => self.outbox.refused(&due, error),
            }
        }
    }

    /// Publishes a command of version 1. An error says that it was not sent. Nothing is published twice: that proxy would
    /// not see that the second is the first, and a phone would ring again. Where it is not known what became of it, its
    /// answer will tell, or the deadline.
    pub(super) async fn publish_once(
        &self,
        request: &Request,
        unique_id: &str,
        name: &str,
    ) -> Result<(), CommandError> {
        match self.bus.publish(&self.topic(), encode(request, unique_id, None)).await {
            Err(error) if !error.is_retryable() => Err(CommandError::from_bus(name, error)),
            result => {
                log_doubt(result);
                Ok(())
            }
        }
    }
}

fn log_doubt(result: Result<(), BusError>) {
    if let Err(error) = result {
        debug!(%error, "whether a command was sent is not known");
    }
}

/// A command with its ids. One that was not published is taken back when nobody waits for it any more.
struct Issued<'a> {
    outbox: &'a Outbox,
    ids: &'a Ids,
    unique_id: &'a Id,
    made: Option<Id>,
}

impl Issued<'_> {
    /// Whether it was never published, and now never is.
    fn withdraw(&self) -> bool {
        let unsent = self.outbox.withdraw(self.unique_id.as_str());
        if unsent {
            self.give_back();
        }
        unsent
    }

    /// It never left: its ids are those of the next attempt.
    fn give_back(&self) {
        [Some(self.unique_id), self.made.as_ref()]
            .into_iter()
            .flatten()
            .for_each(|id| self.ids.give_back(id));
    }
}

impl Drop for Issued<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

pub(super) async fn arrived(expected: &mut Expected, name: &str) -> Result<Answer, CommandError> {
    expected.arrived().await.map_err(|problem| CommandError::new(CommandErrorKind::Decode, name, problem))
}

/// Resolves when a command in flight has no answer to hope for: at once when the call is another's, a little later
/// when it has ended (the answer to a hangup takes another way than the events that it causes).
pub(super) async fn last_chance(feed: &Feed) -> CallEnd {
    let end = feed.until_end().await;
    if end == CallEnd::Ended {
        tokio::time::sleep(LAST_ANSWERS_GRACE).await;
    }
    end
}

pub(crate) fn gone(command: &str, end: CallEnd) -> CommandError {
    let (kind, why) = match end {
        CallEnd::Ended => (CommandErrorKind::Gone, "the call is over"),
        CallEnd::Gone => (CommandErrorKind::Gone, "the call is not this worker's any more"),
        CallEnd::Released => (CommandErrorKind::Gone, "the call's handler has returned"),
        CallEnd::HandedOver => {
            (CommandErrorKind::HandedOver, "this worker is to stop, and has given the call to another")
        }
        CallEnd::Closed => (CommandErrorKind::Gone, "the connection to the bus was closed"),
    };
    CommandError::new(kind, command, why)
}
