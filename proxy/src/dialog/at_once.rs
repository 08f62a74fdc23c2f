//! How many dialogs do the same at the bus at once, so that all together do not crowd out the proxy's own pulse and claim, nor one thing
//! another, nor what is left of old calls the new ones.

use std::sync::Arc;

use ari_bus::{BusError, BusErrorKind, Retention};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::Context;
use crate::limits::{
    ANSWERING_AT_ONCE, DECLARING_AT_ONCE, DELETING_AT_ONCE, OFFERING_AT_ONCE, PUBLISHING_AT_ONCE,
};

/// The turns at each thing.
#[derive(Debug)]
pub(super) struct AtOnce {
    /// Making the topic of an offer.
    pub(super) declaring: Turns,
    /// Putting an offer on the bus.
    pub(super) offering: Turns,
    /// Putting events on the bus.
    pub(super) publishing: Turns,
    /// Answering a command.
    answering: Turns,
    /// Deleting topics.
    deleting: Turns,
}

/// Turns at one thing, so many at once. Who has one must not wait for another of the same.
#[derive(Debug)]
pub(super) struct Turns(Arc<Semaphore>);

/// A turn, which is over when it is dropped.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

impl Default for AtOnce {
    fn default() -> Self {
        let turns = |number| Turns(Arc::new(Semaphore::new(number)));
        Self {
            declaring: turns(DECLARING_AT_ONCE),
            offering: turns(OFFERING_AT_ONCE),
            publishing: turns(PUBLISHING_AT_ONCE),
            answering: turns(ANSWERING_AT_ONCE),
            deleting: turns(DELETING_AT_ONCE),
        }
    }
}

impl Turns {
    /// Waits for a turn. Cancel-safe.
    pub(super) async fn turn(&self) -> Turn {
        // Never closed.
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

impl Context {
    /// Makes a topic in a turn at it. That is over when the broker has made it, though nobody waits for it any more: when thousands of
    /// callers hang up, each turn would else pass through all of their dialogs, and each leave the broker a topic to make.
    ///
    /// # Errors
    /// Those of [`Bus::declare`](ari_bus::Bus::declare), and when the proxy has no time left for it.
    pub(super) async fn declare(&self, topic: String, turn: Turn) -> Result<Retention, BusError> {
        let (bus, abandon) = (Arc::clone(&self.bus), self.abandon.clone());
        let (done, made) = oneshot::channel();
        self.spawn(async move {
            let _turn = turn;
            if let Some(declared) = abandon.run_until_cancelled(bus.declare(&topic)).await {
                let _ = done.send(declared);
            }
        });
        made.await.unwrap_or_else(|_| Err(no_time()))
    }

    /// Publishes the answer to a command, when it is its turn.
    ///
    /// # Errors
    /// Those of [`Bus::publish_all`](ari_bus::Bus::publish_all).
    pub(super) async fn publish_answer(&self, topic: &str, messages: Vec<Bytes>) -> Result<(), BusError> {
        let _turn = self.at_once.answering.turn().await;
        self.bus.publish_all(topic, messages).await
    }

    /// Deletes a topic of a dialog, when it is its turn.
    ///
    /// # Errors
    /// Those of [`Bus::delete`](ari_bus::Bus::delete), and when the proxy has no time left for it.
    pub(super) async fn delete(&self, topic: &str) -> Result<(), BusError> {
        let Some(_turn) = self.abandon.run_until_cancelled(self.at_once.deleting.turn()).await else {
            return Err(no_time());
        };
        self.bus.delete(topic).await
    }
}

fn no_time() -> BusError {
    BusError::new(BusErrorKind::Closed, "the proxy stops")
}
