//! The one task that brings the buffer to the broker, batch by batch, in order; what the broker did not take is sent again.

use std::{collections::HashSet, sync::Arc, time::Duration};

use ari_bus::{BusError, BusErrorKind, stream::Record};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::Inner;
use crate::{
    counters::Counter,
    limits::{MAX_STREAM_PAUSE, STREAM_REFUSALS, STREAM_REFUSED_PAUSE},
    pauses::Pauses,
};

/// Publishes a stream.
pub(super) struct Publisher {
    stream: Arc<Inner>,
    /// Nothing is offered any more: it ends when the buffer is empty.
    closing: CancellationToken,
    /// Keys and reasons of what the broker did not take, which were said.
    said: HashSet<(String, BusErrorKind)>,
    /// That nothing at all is taken, and why, was said.
    stuck: Option<BusErrorKind>,
}

/// What became of some records.
enum Sent {
    /// The broker has them, or will never have them.
    Done,
    /// They are to be sent again after a pause.
    Again(Duration),
    /// The broker does not take some of them.
    NotAll,
    /// The connection is closed for good.
    Closed,
}

impl Publisher {
    pub(super) fn new(stream: Arc<Inner>, closing: CancellationToken) -> Self {
        Self { stream, closing, said: HashSet::new(), stuck: None }
    }

    /// Publishes until it is to close and everything is published.
    pub(super) async fn run(mut self) {
        let stream = Arc::clone(&self.stream);
        loop {
            let batch = tokio::select! {
                biased;
                batch = stream.buffer.next() => batch,
                () = self.closing.cancelled() => return,
            };
            let records = batch.items.iter().map(|item| stream.record(item)).collect();
            if !self.publish(records).await {
                return;
            }
            if let Some(lost) = stream.buffer.settle(&batch) {
                warn!(
                    lost,
                    "the broker takes the event stream again; readers are told what was dropped meanwhile"
                );
            }
        }
    }

    /// Publishes records until the broker has each of them, or it is known that it never will. False if it is closed.
    async fn publish(&mut self, mut records: Vec<Record>) -> bool {
        let stream = Arc::clone(&self.stream);
        records.retain(|record| match stream.sink.check(record) {
            Ok(()) => true,
            Err(error) => {
                self.drop(record, &error);
                false
            }
        });
        // Parts of the batch, the first one last: one that the broker refuses is halved, until it is known which records it was.
        let mut parts = vec![records];
        let mut pauses = Pauses::new(MAX_STREAM_PAUSE);
        while let Some(mut part) = parts.pop() {
            match self.send(&part, &mut pauses).await {
                Sent::Done => {}
                Sent::NotAll => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Sent::Again(pause) => {
                    self.wait(pause).await;
                    parts.push(part);
                }
                Sent::Closed => return false,
            }
        }
        true
    }

    /// Sends records once.
    async fn send(&mut self, records: &[Record], pauses: &mut Pauses) -> Sent {
        if records.is_empty() {
            return Sent::Done;
        }
        let stream = Arc::clone(&self.stream);
        let Err(error) = stream.sink.publish(records).await else {
            if self.stuck.take().is_some() {
                info!("the broker takes the event stream");
            }
            stream.counters.add(Counter::StreamPublished, records.len());
            return Sent::Done;
        };
        match error.kind() {
            BusErrorKind::Closed => Sent::Closed,
            _ if error.is_retryable() => {
                self.say_stuck(&error);
                Sent::Again(pauses.next())
            }
            // Nothing can be published until somebody changes something at the broker.
            _ if !stream.sink.link().is_up() => {
                self.say_stuck(&error);
                Sent::Again(STREAM_REFUSED_PAUSE)
            }
            _ => match records {
                [record] => {
                    self.drop(record, &error);
                    Sent::Done
                }
                _ => Sent::NotAll,
            },
        }
    }

    /// Waits for the broker to come back, no longer than this.
    async fn wait(&self, pause: Duration) {
        let mut link = self.stream.sink.link();
        let was_up = link.is_up();
        tokio::select! {
            () = sleep(pause) => {}
            _ = link.up(), if !was_up => {}
        }
    }

    /// The broker will never take a record.
    fn drop(&mut self, record: &Record, error: &BusError) {
        self.stream.counters.count(Counter::StreamRefused);
        let name = record.headers.first().map_or("", |(_, name)| name);
        let news = self.said.len() < STREAM_REFUSALS && self.said.insert((name.to_owned(), error.kind()));
        if news {
            warn!(key = record.key, bytes = record.body.len(), %error, "the broker does not take an event of the stream: it is dropped, and others like it without a word");
        } else {
            debug!(key = record.key, %error, "the broker does not take an event of the stream: it is dropped");
        }
    }

    fn say_stuck(&mut self, error: &BusError) {
        if self.stuck.replace(error.kind()) == Some(error.kind()) {
            debug!(%error, "the broker still does not take the event stream");
        } else {
            warn!(%error, "the broker does not take the event stream: it is kept, up to `stream.max_buffer`");
        }
    }
}
