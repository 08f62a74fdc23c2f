//! The reading end of a subscription, the same for every bus.

use std::fmt;

use bytes::Bytes;
use tokio::sync::mpsc;

/// A message as its reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The whole topic it was published to.
    pub topic: String,
    /// The bytes that were published.
    pub payload: Bytes,
}

/// What a bus implementation puts into a subscription: the message, and what to do when the reader takes it.
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Run when the reader takes the message, and must not block (RabbitMQ: asks its task to acknowledge). A
    /// message that is never taken is never acknowledged: the broker gives it to another reader. False where it has done
    /// so already, or will: then the reader does not get this copy.
    pub on_taken: Option<Box<dyn FnOnce() -> bool + Send>>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("message", &self.message).finish_non_exhaustive()
    }
}

/// Messages of one subscription, in the order of their sending. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    deliveries: mpsc::Receiver<Delivery>,
    unsubscribe: OnDrop,
}

impl Subscription {
    /// A subscription fed through `deliveries`. `unsubscribe` runs when it is dropped or left, must not block, and
    /// must lead to the sender being dropped.
    #[must_use]
    pub fn new(deliveries: mpsc::Receiver<Delivery>, unsubscribe: impl FnOnce() + Send + 'static) -> Self {
        Self { deliveries, unsubscribe: OnDrop(Some(Box::new(unsubscribe))) }
    }

    /// The next message; `None` once the bus was closed. An outage of the broker does not end it. What was on its way
    /// then may be lost or, where the broker waits for acknowledgements (RabbitMQ, inboxes of one process apart), come a second time.
    ///
    /// Cancel-safe: a message is either returned or still there.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            let Delivery { message, on_taken } = self.deliveries.recv().await?;
            if on_taken.is_none_or(|taken| taken()) {
                return Some(message);
            }
        }
    }

    /// Unsubscribes and returns the messages that had already arrived and that the broker will give to nobody else
    /// (NATS). Messages that it still keeps for others (RabbitMQ: not acknowledged) are left to it.
    pub async fn leave(mut self) -> Vec<Message> {
        drop(self.unsubscribe);
        let mut rest = Vec::new();
        while let Some(Delivery { message, on_taken }) = self.deliveries.recv().await {
            if on_taken.is_none() {
                rest.push(message);
            }
        }
        rest
    }
}

/// Runs a closure when it is dropped.
struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}

impl fmt::Debug for OnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop")
    }
}
