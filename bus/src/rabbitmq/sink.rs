//! The bus's end of a subscription: where deliveries are put, and what ends it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Delivery;

/// Feeds one subscription, through any number of consumers and sessions, until it is closed.
#[derive(Debug)]
pub(super) struct Sink {
    sender: Mutex<Option<mpsc::Sender<Delivery>>>,
    /// Cancelled when nobody reads any more.
    pub(super) ended: CancellationToken,
}

impl Sink {
    pub(super) fn new(sender: mpsc::Sender<Delivery>) -> Self {
        Self { sender: Mutex::new(Some(sender)), ended: CancellationToken::new() }
    }

    /// Where to put deliveries; whoever holds it lets go of it when [`Sink::ended`] is cancelled.
    pub(super) fn sender(&self) -> Option<mpsc::Sender<Delivery>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the subscription, whatever the broker does: the reader gets no more.
    pub(super) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.ended.cancel();
    }
}
