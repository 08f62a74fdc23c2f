//! Whether anybody listens, and what still waits to be read: the counts of a queue, asked for on a channel of its own.
//!
//! RabbitMQ confirms a message to a queue without consumers, so the count is what tells. A declaration answers with it.
//! One that makes the queue where there is none is used for offers, with go-ari-library's arguments: an application's
//! queue is made like that by go-ari-proxy too, and its workers expect nothing else. A passive one, which makes nothing,
//! closes its channel where there is no queue, and a connection has only so many of them (see `wire`): it is left
//! for the rest.
//!
//! A declaration that fails closes the channel, so nothing else uses this one and one question is asked at a time; all
//! offers to a topic that wait share the answer.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use lapin::{Channel, options::QueueDeclareOptions, types::FieldTable};
use tokio::sync::{mpsc, oneshot};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, timed_out},
    feed::close,
    limits::{OFFERS_WAITING, QUESTIONS_A_CHANNEL},
    session::Session,
};
use crate::{BusError, BusErrorKind, Reach};

/// A question.
#[derive(Debug)]
pub(super) struct Probe {
    question: Question,
    answer: oneshot::Sender<Result<Counts, BusError>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    queue: String,
    /// What is done where there is no such queue.
    missing: Missing,
}

/// What asking does about a queue that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Missing {
    /// The queue is made, durable.
    Make,
    /// Nothing: it was deleted, or is another connection's own to make. Such a question costs a channel.
    Leave,
}

/// What the broker tells of a queue; of one that does not exist, nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    consumers: u32,
    messages: u32,
}

/// The ends of the queue of questions.
pub(super) fn queue() -> (mpsc::Sender<Probe>, mpsc::Receiver<Probe>) {
    mpsc::channel(OFFERS_WAITING)
}

impl Core {
    /// Asks whether a queue has consumers. Give it a deadline.
    pub(super) async fn reach(&self, queue: &str, missing: Missing) -> Result<Reach, BusError> {
        let counts = self.counts(queue, missing).await?;
        Ok(if counts.consumers == 0 { Reach::Nobody } else { Reach::Somebody })
    }

    /// Asks how many messages of a queue nobody has taken. Give it a deadline.
    pub(super) async fn unread(&self, queue: &str) -> Result<usize, BusError> {
        let counts = self.counts(queue, Missing::Leave).await?;
        Ok(usize::try_from(counts.messages).unwrap_or(usize::MAX))
    }

    async fn counts(&self, queue: &str, missing: Missing) -> Result<Counts, BusError> {
        let gone = || BusError::new(BusErrorKind::Closed, "the bus is closed");
        let (answer, answered) = oneshot::channel();
        let question = Question { queue: queue.to_owned(), missing };
        self.probes.send(Probe { question, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// The task that asks.
pub(super) async fn run(core: Arc<Core>, mut probes: mpsc::Receiver<Probe>) {
    let mut asker = Asker::default();
    let mut waiting = Vec::new();
    loop {
        let received = core.stop.run_until_cancelled(probes.recv_many(&mut waiting, OFFERS_WAITING)).await;
        if received.is_none_or(|count| count == 0) {
            return;
        }
        let mut by_question: HashMap<Question, Vec<_>> = HashMap::new();
        for probe in waiting.drain(..) {
            by_question.entry(probe.question).or_default().push(probe.answer);
        }
        for (question, answers) in by_question {
            let answer = asker.ask(&core, question).await;
            for waiting in answers {
                let _ = waiting.send(answer.clone());
            }
        }
    }
}

#[derive(Default)]
struct Asker {
    /// The session that the rest belongs to.
    session: u64,
    channel: Option<Channel>,
    /// How many questions were asked on the channel.
    asked: usize,
    /// Queues that somebody declared differently, or that this login may not make.
    as_they_are: HashSet<String>,
}

impl Asker {
    async fn ask(&mut self, core: &Core, mut question: Question) -> Result<Counts, BusError> {
        let session = core.session()?;
        if self.session != session.id {
            *self = Self { session: session.id, ..Self::default() };
        }
        let doing = format!("asking who listens to {}", question.queue);
        loop {
            if self.as_they_are.contains(&question.queue) {
                question.missing = Missing::Leave;
            }
            let asked = tokio::time::timeout(core.options.deadline, self.look(&session, &question)).await;
            let result = asked.map_err(|_| timed_out(&doing));
            if !matches!(result, Ok(Ok(_))) {
                self.channel = None;
            }
            let error = match result? {
                Ok(counts) => return Ok(counts),
                Err(error) => error,
            };
            match fault(&error) {
                // With a queue to be made: its home node is down, and with it whoever reads it there.
                Fault::NotFound => return Ok(Counts::default()),
                // Only a reader holds a queue exclusively.
                Fault::Locked => return Ok(Counts { consumers: 1, messages: 0 }),
                // Remembered for the session: each such attempt costs a channel.
                Fault::Mismatch | Fault::Denied if question.missing == Missing::Make => {
                    self.as_they_are.insert(question.queue.clone());
                }
                _ => return Err(bus_error(&doing, &error)),
            }
        }
    }

    async fn look(&mut self, session: &Session, question: &Question) -> lapin::Result<Counts> {
        let queue = question.queue.as_str().into();
        let options = match question.missing {
            Missing::Make => QueueDeclareOptions::durable(),
            Missing::Leave => QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() },
        };
        let channel = self.channel(session).await?;
        let queue = channel.queue_declare(queue, options, FieldTable::default()).await?;
        Ok(Counts { consumers: queue.consumer_count(), messages: queue.message_count() })
    }

    async fn channel(&mut self, session: &Session) -> lapin::Result<Channel> {
        if self.asked >= QUESTIONS_A_CHANNEL
            && let Some(channel) = self.channel.take()
        {
            close(&channel).await;
        }
        self.asked += 1;
        if let Some(channel) = self.channel.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        self.asked = 1;
        Ok(self.channel.insert(session.consuming.channel().await?).clone())
    }
}
