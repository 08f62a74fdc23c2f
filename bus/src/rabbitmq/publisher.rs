//! Publishing: pipelined on one channel, in order, each message confirmed by the broker.

use std::{
    future::Future,
    ops::Range,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::future::ready;
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use super::{
    fault::{bus_error, fault},
    limits::{PUBLISH_BUDGET, PUBLISH_STEP, PUBLISH_UNIT},
    wire::Wire,
};
use crate::{BusError, BusErrorKind};

/// What is published in one go, in this order.
pub(super) trait Batch: Sync {
    /// What it is published to, for people.
    fn target(&self) -> String;

    /// How many messages it has.
    fn len(&self) -> usize;

    /// How many bytes of payload one of them has.
    fn size(&self, index: usize) -> usize;

    /// One of them. Asked again if it is sent again.
    fn message(&self, index: usize) -> Outgoing;
}

/// One message as lapin takes it.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Empty for the default exchange, whose routing keys are queues.
    pub(super) exchange: ShortString,
    pub(super) key: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) payload: Bytes,
}

/// A message that was handed to lapin: resolves when the broker has confirmed it.
type Sent = Pin<Box<dyn Future<Output = lapin::Result<Confirmation>> + Send>>;

/// The publishing connection and its channel.
#[derive(Debug)]
pub(super) struct Publisher {
    wire: Wire,
    /// The channel in use. An error on it (no permission, say) ends the channel and not the session.
    channel: tokio::sync::Mutex<Arc<Channel>>,
    /// Held while messages are handed to lapin, so that they come to the wire in the order of their confirm
    /// numbers, which lapin assumes.
    handing_over: Mutex<()>,
    budget: Arc<Semaphore>,
    /// Waits for confirms, also of publishers that gave up: a dropped confirm would stay in lapin for ever.
    confirms: TaskTracker,
}

impl Publisher {
    /// Opens the channel.
    pub(super) async fn open(wire: Wire) -> lapin::Result<Self> {
        let channel = tokio::sync::Mutex::new(Arc::new(open_channel(&wire).await?));
        let budget = Arc::new(Semaphore::new(PUBLISH_BUDGET as usize));
        Ok(Self { wire, channel, handing_over: Mutex::new(()), budget, confirms: TaskTracker::new() })
    }

    /// The connection.
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    async fn channel(&self) -> lapin::Result<Arc<Channel>> {
        let mut channel = self.channel.lock().await;
        if !channel.status().connected() {
            *channel = Arc::new(open_channel(&self.wire).await?);
        }
        Ok(Arc::clone(&channel))
    }

    /// Publishes in order and waits until all is confirmed. Cancelled, it leaves what was sent and sends no more.
    pub(super) async fn publish(&self, batch: &impl Batch) -> Result<(), BusError> {
        let refused = self.publish_each(batch, Unconfirmed::may_be_another_s).await;
        match refused.map_err(|why| why.error(&batch.target()))?.into_iter().next() {
            Some((_, why)) => Err(why.error(&batch.target())),
            None => Ok(()),
        }
    }

    /// Publishes as [`Publisher::publish`] does; returns the messages that the broker refused, or could not take, while it took the
    /// others.
    ///
    /// `may_be_another_s` tells whether a failure is about one message, which may be any of those that were under way.
    pub(super) async fn publish_each(
        &self,
        batch: &impl Batch,
        may_be_another_s: impl Fn(&Unconfirmed) -> bool + Send,
    ) -> Result<Vec<(usize, Unconfirmed)>, Unconfirmed> {
        let Outcome { nacked, failed } = self.pipelined(batch).await;
        let mut refused: Vec<_> = nacked.into_iter().map(|index| (index, Unconfirmed::Nack)).collect();
        let Some((confirmed, why)) = failed else { return Ok(refused) };
        if !may_be_another_s(&why) {
            return Err(why);
        }
        // The broker refused a message by closing the channel, with everything that was under way. The one that it
        // refuses again, when it comes alone, is the one that it meant.
        for index in confirmed..batch.len() {
            match self.alone(batch, index).await {
                Ok(()) => {}
                Err(why) if matches!(why, Unconfirmed::Nack) || may_be_another_s(&why) => {
                    refused.push((index, why));
                }
                Err(why) => return Err(why),
            }
        }
        Ok(refused)
    }

    /// Publishes step by step, without waiting for one step's confirms before the next.
    async fn pipelined(&self, batch: &impl Batch) -> Outcome {
        // The same channel for all: were it replaced in between, a later message could come without an earlier one.
        let channel = match self.channel().await {
            Ok(channel) => channel,
            Err(error) => return Outcome::failed(Unconfirmed::Failed(error)),
        };
        let mut under_way = Vec::new();
        let mut next = 0;
        while next < batch.len() {
            let (units, count) = step(batch, next);
            // Closed with the bus: nothing more is sent, and what was sent is nobody's any more.
            let permit = match self.permit(units).await {
                Ok(permit) => permit,
                Err(why) => return Outcome::failed(why),
            };
            under_way.push((count, self.step(&channel, batch, next..next + count, permit)));
            next += count;
        }
        let (mut outcome, mut before) = (Outcome::default(), 0);
        for (count, settled) in under_way {
            let step = settled.await.unwrap_or_else(|_| Outcome::failed(Unconfirmed::Stopped));
            outcome.nacked.extend(step.nacked.into_iter().map(|index| before + index));
            if let Some((settled, why)) = step.failed {
                outcome.failed = Some((before + settled, why));
                break;
            }
            before += count;
        }
        outcome
    }

    /// Publishes a message while nothing else is under way.
    async fn alone(&self, batch: &impl Batch, index: usize) -> Result<(), Unconfirmed> {
        let permit = self.permit(PUBLISH_BUDGET).await?;
        // Only now: what was under way before may have closed an earlier one.
        let channel = self.channel().await.map_err(Unconfirmed::Failed)?;
        let settled = self.step(&channel, batch, index..index + 1, permit).await;
        match settled.unwrap_or_else(|_| Outcome::failed(Unconfirmed::Stopped)) {
            Outcome { failed: Some((_, why)), .. } => Err(why),
            Outcome { nacked, .. } if !nacked.is_empty() => Err(Unconfirmed::Nack),
            Outcome { .. } => Ok(()),
        }
    }

    /// Waits until the budget has so many units.
    async fn permit(&self, units: u32) -> Result<OwnedSemaphorePermit, Unconfirmed> {
        Arc::clone(&self.budget).acquire_many_owned(units).await.map_err(|_| Unconfirmed::Stopped)
    }

    /// Sends messages; returns what tells what became of them.
    fn step(
        &self,
        channel: &Arc<Channel>,
        batch: &impl Batch,
        messages: Range<usize>,
        permit: OwnedSemaphorePermit,
    ) -> oneshot::Receiver<Outcome> {
        let (done, settled) = oneshot::channel();
        self.confirms.spawn(confirm(self.hand_over(channel, batch, messages), permit, done));
        settled
    }

    /// Puts messages into lapin's queue, in order.
    fn hand_over(&self, channel: &Arc<Channel>, batch: &impl Batch, messages: Range<usize>) -> Vec<Sent> {
        let _turn = self.handing_over.lock().unwrap_or_else(PoisonError::into_inner);
        messages.map(|index| send(channel, batch.message(index))).collect()
    }

    /// Waits until everything that was published is confirmed or has failed.
    pub(super) async fn drained(&self) {
        // Waits for all permits rather than for the tasks: no new ones can begin then.
        let _all = self.budget.acquire_many(PUBLISH_BUDGET).await;
        self.budget.close();
        self.confirms.close();
        self.confirms.wait().await;
    }
}

async fn open_channel(wire: &Wire) -> lapin::Result<Channel> {
    let channel = wire.channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// How many messages to send in one step from the first on, and what they cost.
fn step(batch: &impl Batch, first: usize) -> (u32, usize) {
    let longest = PUBLISH_STEP.min(batch.len() - first);
    let mut units = 0;
    for count in 0..longest {
        let cost = 1 + u32::try_from(batch.size(first + count) / PUBLISH_UNIT).unwrap_or(PUBLISH_BUDGET);
        if count > 0 && units + cost > PUBLISH_BUDGET {
            return (units, count);
        }
        units = PUBLISH_BUDGET.min(units + cost);
    }
    (units, longest)
}

fn send(channel: &Arc<Channel>, message: Outgoing) -> Sent {
    let channel = Arc::clone(channel);
    let mut sent: Sent = Box::pin(async move {
        let Outgoing { exchange, key, properties, payload } = message;
        let options = BasicPublishOptions::default();
        channel.basic_publish(exchange, key, options, &payload, properties).await?.await
    });
    // lapin's future queues the frames when it is first polled, and then waits for them to be written.
    match sent.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Box::pin(ready(result)),
        Poll::Pending => sent,
    }
}

/// What became of messages.
#[derive(Debug, Default)]
struct Outcome {
    /// Those that the broker could not take.
    nacked: Vec<usize>,
    /// If there was no answer to all of them: to how many there was, and why not to the next.
    failed: Option<(usize, Unconfirmed)>,
}

impl Outcome {
    fn failed(why: Unconfirmed) -> Self {
        Self { nacked: Vec::new(), failed: Some((0, why)) }
    }
}

/// Why a message is not confirmed.
#[derive(Debug)]
pub(super) enum Unconfirmed {
    /// The broker could not take it.
    Nack,
    Failed(lapin::Error),
    /// The bus is closed, or the runtime is shutting down.
    Stopped,
}

impl Unconfirmed {
    /// Whether the channel was closed over a message, which may be any of those that were under way.
    pub(super) fn may_be_another_s(&self) -> bool {
        matches!(self, Self::Failed(error) if fault(error).is_an_answer())
    }

    /// What the broker said, if it was that.
    pub(super) fn failure(&self) -> Option<&lapin::Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Nack | Self::Stopped => None,
        }
    }

    /// The error for the caller.
    pub(super) fn error(&self, target: &str) -> BusError {
        let doing = format!("publishing to {target}");
        match self {
            Self::Nack => {
                let text = format!("{doing}: the broker could not take the message");
                BusError::new(BusErrorKind::Unavailable, text)
            }
            Self::Failed(error) => bus_error(&doing, error),
            Self::Stopped => BusError::new(BusErrorKind::Closed, "the bus is closed"),
        }
    }
}

async fn confirm(sent: Vec<Sent>, permit: OwnedSemaphorePermit, done: oneshot::Sender<Outcome>) {
    let mut outcome = Outcome::default();
    for (index, sent) in sent.into_iter().enumerate() {
        let confirmation = sent.await;
        if outcome.failed.is_none() {
            match confirmation {
                Ok(Confirmation::Ack(_)) => {}
                Ok(Confirmation::Nack(_) | Confirmation::NotRequested) => outcome.nacked.push(index),
                Err(error) => outcome.failed = Some((index, Unconfirmed::Failed(error))),
            }
        }
    }
    drop(permit);
    // Whoever published may have given up.
    let _ = done.send(outcome);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rabbitmq::limits::LARGEST_MESSAGE;

    struct Sizes(Vec<usize>);

    impl Batch for Sizes {
        fn target(&self) -> String {
            String::new()
        }

        fn len(&self) -> usize {
            self.0.len()
        }

        fn size(&self, index: usize) -> usize {
            self.0[index]
        }

        fn message(&self, _index: usize) -> Outgoing {
            unreachable!("nothing is sent")
        }
    }

    #[test]
    fn a_step_fits_the_budget_and_always_advances() {
        let small = Sizes(vec![1; 1000]);
        assert_eq!(step(&small, 0), (256, 256));
        assert_eq!(step(&small, 999), (1, 1));
        let largest = Sizes(vec![LARGEST_MESSAGE; 20]);
        let (units, count) = step(&largest, 0);
        assert!(units <= PUBLISH_BUDGET && count == 7, "{units} {count}");
        assert_eq!(step(&Sizes(vec![0]), 0), (1, 1));
    }
}
