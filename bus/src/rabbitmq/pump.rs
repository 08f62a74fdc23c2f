//! From one consumer of lapin's to one subscription.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::{Consumer, message::Delivery as Incoming};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{feed::Feed, route::topic_of};
use crate::{Delivery, Message};

/// What pumps and readers tell the channel's task.
#[derive(Debug)]
pub(super) enum Report {
    /// The reader has this message: it can be acknowledged.
    Taken { generation: u64, feed: u64, tag: u64 },
    /// The consumer has ended: the broker cancelled it, or the channel is gone.
    Ended { generation: u64, feed: u64 },
}

/// Moves deliveries until it is stopped or the consumer ends, and gives the consumer back: lapin cancels a dropped one
/// behind our back, and where the channel is just being closed, that would end the whole connection.
pub(super) struct Pump {
    pub(super) feed: u64,
    pub(super) generation: u64,
    pub(super) what: Arc<Feed>,
    pub(super) consumer: Consumer,
    /// Has no bound of its own: it holds at most what the prefetch lets the broker send.
    pub(super) reports: mpsc::UnboundedSender<Report>,
    pub(super) outstanding: Arc<Outstanding>,
    pub(super) stop: CancellationToken,
    /// Cancelled with the channel: the broker gives what was not acknowledged on it to somebody, us perhaps, again.
    pub(super) gone: CancellationToken,
}

impl Pump {
    pub(super) async fn run(mut self) -> Consumer {
        let stop = self.stop.clone();
        if stop.run_until_cancelled(self.pump()).await.is_some() {
            // The task that it reports to may have ended first.
            let _ = self.reports.send(Report::Ended { generation: self.generation, feed: self.feed });
        }
        self.consumer
    }

    async fn pump(&mut self) {
        let Some(sink) = self.what.sink.sender() else { return };
        while let Some(Ok(incoming)) = self.consumer.next().await {
            let tag = incoming.delivery_tag;
            let (delivery, forwarded) = self.deliver(incoming);
            // Full: the reader is slow. The broker stops at the prefetch and keeps the rest.
            if sink.send(delivery).await.is_err() {
                return;
            }
            if forwarded {
                let _ =
                    self.reports.send(Report::Taken { generation: self.generation, feed: self.feed, tag });
            }
        }
    }

    /// Wraps a delivery, and says whether it is to be acknowledged as soon as it is forwarded: an inbox dies with its
    /// connection, so the broker could give its messages to nobody else.
    fn deliver(&self, incoming: Incoming) -> (Delivery, bool) {
        let topic = topic_of(&self.what.queue, &incoming.properties);
        let message = Message { topic, payload: Bytes::from(incoming.data) };
        if self.what.is_inbox() {
            return (Delivery { message, on_taken: None }, true);
        }
        self.outstanding.add(incoming.delivery_tag);
        let (reports, taken) = (
            self.reports.clone(),
            Report::Taken { generation: self.generation, feed: self.feed, tag: incoming.delivery_tag },
        );
        let gone = self.gone.clone();
        let on_taken = move || !gone.is_cancelled() && reports.send(taken).is_ok();
        (Delivery { message, on_taken: Some(Box::new(on_taken)) }, false)
    }
}

/// The tags of a consumer's deliveries that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Outstanding(Mutex<BTreeSet<u64>>);

impl Outstanding {
    fn add(&self, tag: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tag);
    }

    pub(super) fn remove(&self, tag: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&tag);
    }

    /// All of them, with what the stopped consumer still holds.
    pub(super) fn with_rest(&self, consumer: &mut Consumer) -> Vec<u64> {
        while let Some(Some(Ok(delivery))) = consumer.next().now_or_never() {
            self.add(delivery.delivery_tag);
        }
        let mut tags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *tags).into_iter().collect()
    }
}
