//! Publishing: pipelined on one channel, in order, each message confirmed by the broker.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
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
    limits::{LARGEST_MESSAGE, LONGEST_EXPIRY_MS, PUBLISH_BUDGET, PUBLISH_STEP, PUBLISH_UNIT},
    wire::Wire,
};
use crate::{BusError, BusErrorKind};

/// What to publish to one queue.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) queue: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) payloads: Vec<Bytes>,
}

impl Parcel {
    /// Lets its messages expire if nobody has taken them by then.
    pub(super) fn expiring(mut self, after: Duration) -> Self {
        let after = after.as_millis().min(u128::from(LONGEST_EXPIRY_MS));
        self.properties = self.properties.with_expiration(after.to_string().into());
        self
    }

    /// Lets its messages survive a restart of the broker.
    pub(super) fn persistent(mut self) -> Self {
        self.properties = self.properties.with_delivery_mode(2);
        self
    }

    /// Refuses payloads that no message carries.
    pub(super) fn check(&self) -> Result<(), BusError> {
        let Some(large) = self.payloads.iter().find(|payload| payload.len() > LARGEST_MESSAGE) else {
            return Ok(());
        };
        let text =
            format!("{} bytes are more than the {LARGEST_MESSAGE} that a message carries", large.len());
        Err(BusError::new(BusErrorKind::TooLarge, text))
    }
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
    pub(super) async fn publish(&self, parcel: Parcel) -> Result<(), BusError> {
        let Err((confirmed, why)) = self.pipelined(&parcel).await else { return Ok(()) };
        if !why.may_be_another_s() {
            return Err(why.error(&parcel));
        }
        // The broker refused a message by closing the channel, with everything that was under way. The one that it
        // refuses again, when it comes alone, is the one that it meant.
        let mut refused = Ok(());
        for payload in &parcel.payloads[confirmed..] {
            match self.alone(&parcel, payload).await {
                Ok(()) => {}
                Err(why) if why.may_be_another_s() => refused = refused.and(Err(why.error(&parcel))),
                Err(why) => return Err(why.error(&parcel)),
            }
        }
        refused
    }

    /// Publishes step by step, without waiting for one step's confirms before the next. Where it fails, also tells how
    /// many messages are confirmed.
    async fn pipelined(&self, parcel: &Parcel) -> Result<(), (usize, Unconfirmed)> {
        // The same channel for all: were it replaced in between, a later message could come without an earlier one.
        let channel = self.channel().await.map_err(|error| (0, Unconfirmed::Failed(error)))?;
        let mut under_way = Vec::new();
        let mut rest = parcel.payloads.as_slice();
        while !rest.is_empty() {
            let (units, count) = step(rest);
            let (now, later) = rest.split_at(count);
            rest = later;
            // Closed with the bus: nothing more is sent, and what was sent is nobody's any more.
            let permit = self.permit(units).await.map_err(|why| (0, why))?;
            under_way.push((count, self.step(&channel, parcel, now, permit)));
        }
        let mut confirmed = 0;
        for (count, all_confirmed) in under_way {
            let result = all_confirmed.await.unwrap_or(Err((0, Unconfirmed::Stopped)));
            result.map_err(|(more, why)| (confirmed + more, why))?;
            confirmed += count;
        }
        Ok(())
    }

    /// Publishes a message while nothing else is under way.
    async fn alone(&self, parcel: &Parcel, payload: &Bytes) -> Result<(), Unconfirmed> {
        let permit = self.permit(PUBLISH_BUDGET).await?;
        // Only now: what was under way before may have closed an earlier one.
        let channel = self.channel().await.map_err(Unconfirmed::Failed)?;
        let confirmed = self.step(&channel, parcel, std::slice::from_ref(payload), permit);
        confirmed.await.unwrap_or(Err((0, Unconfirmed::Stopped))).map_err(|(_, why)| why)
    }

    /// Waits until the budget has so many units.
    async fn permit(&self, units: u32) -> Result<OwnedSemaphorePermit, Unconfirmed> {
        Arc::clone(&self.budget).acquire_many_owned(units).await.map_err(|_| Unconfirmed::Stopped)
    }

    /// Sends messages; returns what tells that they are confirmed.
    fn step(
        &self,
        channel: &Arc<Channel>,
        parcel: &Parcel,
        payloads: &[Bytes],
        permit: OwnedSemaphorePermit,
    ) -> oneshot::Receiver<StepResult> {
        let (done, all_confirmed) = oneshot::channel();
        self.confirms.spawn(confirm(self.hand_over(channel, parcel, payloads), permit, done));
        all_confirmed
    }

    /// Puts messages into lapin's queue, in order.
    fn hand_over(&self, channel: &Arc<Channel>, parcel: &Parcel, payloads: &[Bytes]) -> Vec<Sent> {
        let _turn = self.handing_over.lock().unwrap_or_else(PoisonError::into_inner);
        payloads.iter().map(|payload| send(channel, parcel, payload)).collect()
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

/// How many of these payloads to send in one step, and what they cost.
fn step(payloads: &[Bytes]) -> (u32, usize) {
    let mut units = 0;
    for (count, payload) in payloads.iter().take(PUBLISH_STEP).enumerate() {
        let cost = 1 + u32::try_from(payload.len() / PUBLISH_UNIT).unwrap_or(PUBLISH_BUDGET);
        if count > 0 && units + cost > PUBLISH_BUDGET {
            return (units, count);
        }
        units = PUBLISH_BUDGET.min(units + cost);
    }
    (units, payloads.len().min(PUBLISH_STEP))
}

fn send(channel: &Arc<Channel>, parcel: &Parcel, payload: &Bytes) -> Sent {
    let (channel, payload) = (Arc::clone(channel), payload.clone());
    let (queue, properties) = (parcel.queue.clone(), parcel.properties.clone());
    let mut sent: Sent = Box::pin(async move {
        let options = BasicPublishOptions::default();
        channel.basic_publish("".into(), queue, options, &payload, properties).await?.await
    });
    // lapin's future queues the frames when it is first polled, and then waits for them to be written.
    match sent.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Box::pin(ready(result)),
        Poll::Pending => sent,
    }
}

/// Of a step that failed: how many of its messages were confirmed before, and why the next was not.
type StepResult = Result<(), (usize, Unconfirmed)>;

/// Why a message is not confirmed.
enum Unconfirmed {
    /// The broker could not take it.
    Nack,
    Failed(lapin::Error),
    /// The bus is closed, or the runtime is shutting down.
    Stopped,
}

impl Unconfirmed {
    /// Whether the channel was closed over a message, which may be any of those that were under way.
    fn may_be_another_s(&self) -> bool {
        matches!(self, Self::Failed(error) if fault(error).is_an_answer())
    }

    fn error(&self, parcel: &Parcel) -> BusError {
        let doing = format!("publishing to {}", parcel.queue);
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

async fn confirm(sent: Vec<Sent>, permit: OwnedSemaphorePermit, done: oneshot::Sender<StepResult>) {
    let mut result = Ok(());
    for (before, sent) in sent.into_iter().enumerate() {
        let confirmation = sent.await;
        if result.is_ok() {
            result = match confirmation {
                Ok(Confirmation::Ack(_)) => Ok(()),
                Ok(Confirmation::Nack(_) | Confirmation::NotRequested) => Err((before, Unconfirmed::Nack)),
                Err(error) => Err((before, Unconfirmed::Failed(error))),
            };
        }
    }
    drop(permit);
    // Whoever published may have given up.
    let _ = done.send(result);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_fits_the_budget_and_always_advances() {
        let small = vec![Bytes::from_static(b"x"); 1000];
        assert_eq!(step(&small), (256, 256));
        let largest = vec![Bytes::from(vec![0; LARGEST_MESSAGE]); 20];
        let (units, count) = step(&largest);
        assert!(units <= PUBLISH_BUDGET && count == 7, "{units} {count}");
        assert_eq!(step(&[Bytes::new()]), (1, 1));
    }
}
