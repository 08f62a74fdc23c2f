//! Whether anybody listens: the consumer count of a queue, asked for on a channel of its own.
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
    answer: oneshot::Sender<Result<Reach, BusError>>,
}

/// The ends of the queue of questions.
pub(super) fn queue() -> (mpsc::Sender<Probe>, mpsc::Receiver<Probe>) {
    mpsc::channel(OFFERS_WAITING)
}

impl Core {
    /// Asks whether a queue has consumers. Give it a deadline.
    pub(super) async fn reach(&self, queue: &str) -> Result<Reach, BusError> {
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

async fn ask(core: &Core, channel: &mut Option<(u64, Channel)>, queue: &str) -> Result<Reach, BusError> {
    let session = core.session()?;
    let doing = || format!("asking who listens to {queue}");
    let asked = tokio::time::timeout(core.options.deadline, consumers(channel, &session, queue)).await;
    let result = asked.map_err(|_| timed_out(&doing()));
    if !matches!(result, Ok(Ok(_))) {
        *channel = None;
    }
    match result? {
        Ok(0) => Ok(Reach::Nobody),
        Ok(_) => Ok(Reach::Somebody),
        Err(error) => match fault(&error) {
            Fault::NotFound => Ok(Reach::Nobody),
            // Only a reader holds a queue exclusively.
            Fault::Locked => Ok(Reach::Somebody),
            _ => Err(bus_error(&doing(), &error)),
        },
    }
}

async fn consumers(
    channel: &mut Option<(u64, Channel)>,
    session: &Session,
    queue: &str,
) -> lapin::Result<u32> {
    let usable = |(id, channel): &(u64, Channel)| *id == session.id && channel.status().connected();
    if !channel.as_ref().is_some_and(usable) {
        *channel = Some((session.id, session.consuming.channel().await?));
    }
    let Some((_, channel)) = channel else { return Ok(0) };
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    Ok(channel.queue_declare(queue.into(), options, FieldTable::default()).await?.consumer_count())
}
