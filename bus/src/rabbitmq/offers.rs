//! Whether anybody listens, and what still waits to be read: the counts of a queue, asked for on a channel of its own.
//!
//! RabbitMQ confirms a message to a queue without consumers, so the count is what tells. A queue that does not exist
//! closes the channel it was asked for on, so nothing else uses this one and one question is asked at a time; all offers
//! to a topic that wait share the answer.

use std::{collections::HashMap, sync::Arc};

use lapin::{Channel, options::QueueDeclareOptions, types::FieldTable};
use tokio::sync::{mpsc, oneshot};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, timed_out},
    limits::OFFERS_WAITING,
    session::Session,
};
use crate::{BusError, BusErrorKind, Reach};

/// A question.
#[derive(Debug)]
pub(super) struct Probe {
    queue: String,
    answer: oneshot::Sender<Result<Counts, BusError>>,
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
    pub(super) async fn reach(&self, queue: &str) -> Result<Reach, BusError> {
        let counts = self.counts(queue).await?;
        Ok(if counts.consumers == 0 { Reach::Nobody } else { Reach::Somebody })
    }

    /// Asks how many messages of a queue nobody has taken. Give it a deadline.
    pub(super) async fn unread(&self, queue: &str) -> Result<usize, BusError> {
        let counts = self.counts(queue).await?;
        Ok(usize::try_from(counts.messages).unwrap_or(usize::MAX))
    }

    async fn counts(&self, queue: &str) -> Result<Counts, BusError> {
        let gone = || BusError::new(BusErrorKind::Closed, "the bus is closed");
        let (answer, answered) = oneshot::channel();
        self.probes.send(Probe { queue: queue.to_owned(), answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// The task that asks.
pub(super) async fn run(core: Arc<Core>, mut probes: mpsc::Receiver<Probe>) {
    let mut channel: Option<(u64, Channel)> = None;
    let mut waiting = Vec::new();
    loop {
        let received = core.stop.run_until_cancelled(probes.recv_many(&mut waiting, OFFERS_WAITING)).await;
        if received.is_none_or(|count| count == 0) {
            return;
        }
        let mut by_queue: HashMap<String, Vec<_>> = HashMap::new();
        for probe in waiting.drain(..) {
            by_queue.entry(probe.queue).or_default().push(probe.answer);
        }
        for (queue, answers) in by_queue {
            let answer = ask(&core, &mut channel, &queue).await;
            for waiting in answers {
                let _ = waiting.send(answer.clone());
            }
        }
    }
}

async fn ask(core: &Core, channel: &mut Option<(u64, Channel)>, queue: &str) -> Result<Counts, BusError> {
    let session = core.session()?;
    let doing = || format!("asking who listens to {queue}");
    let asked = tokio::time::timeout(core.options.deadline, look(channel, &session, queue)).await;
    let result = asked.map_err(|_| timed_out(&doing()));
    if !matches!(result, Ok(Ok(_))) {
        *channel = None;
    }
    match result? {
        Ok(counts) => Ok(counts),
        Err(error) => match fault(&error) {
            Fault::NotFound => Ok(Counts::default()),
            // Only a reader holds a queue exclusively.
            Fault::Locked => Ok(Counts { consumers: 1, messages: 0 }),
            _ => Err(bus_error(&doing(), &error)),
        },
    }
}

async fn look(channel: &mut Option<(u64, Channel)>, session: &Session, queue: &str) -> lapin::Result<Counts> {
    let usable = |(id, channel): &(u64, Channel)| *id == session.id && channel.status().connected();
    if !channel.as_ref().is_some_and(usable) {
        *channel = Some((session.id, session.consuming.channel().await?));
    }
    let Some((_, channel)) = channel else { return Ok(Counts::default()) };
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    Ok(Counts { consumers: queue.consumer_count(), messages: queue.message_count() })
}
