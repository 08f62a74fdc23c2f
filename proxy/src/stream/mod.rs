//! The event stream: every event of Asterisk on the bus, under a key that anybody may bind to.
//!
//! Three origins offer events, none of which may wait: the websocket of the [applications], one of its own for all
//! [channels], and the manager interface. What they offer lies in one [buffer](buffer) that is bounded in bytes, until one task, the
//! [publisher], has brought it to the broker.

mod applications;
mod body;
mod buffer;
mod channels;
mod gap;
mod keys;
pub(crate) mod manager;
mod missed;
mod publisher;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{Arc, Once};

use ari_bus::stream::{Record, Sink};
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::warn;
use uuid::Uuid;

use crate::{
    config::{Config, StreamConfig},
    metrics::{Metric, Metrics},
};
pub(crate) use applications::Tap;
use buffer::{Buffer, Item, Pushed};
pub(crate) use channels::Channels;
use keys::Keys;
pub(crate) use keys::{BadTemplate, Template};
pub(crate) use missed::{Before, Predecessor};
use publisher::Publisher;
pub(crate) use words::{Words, options};

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// An application that this proxy serves.
    Application,
    /// The websocket that hears of every channel.
    Channel,
    /// The manager interface.
    Ami,
}

/// The way onto the bus. Clones are the same stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: StreamConfig,
    keys: Keys,
    buffer: Buffer,
    sink: Arc<dyn Sink>,
    metrics: Arc<Metrics>,
    /// What the ids of all records of this process begin with.
    id: String,
    say_too_large: Once,
}

impl Stream {
    /// A stream as configured into a sink.
    pub(crate) fn new(
        config: &Config,
        stream: &StreamConfig,
        words: Words,
        sink: Arc<dyn Sink>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Inner {
            config: stream.clone(),
            keys: Keys::new(config, words),
            buffer: Buffer::new(stream.max_buffer),
            sink,
            metrics,
            id: Uuid::now_v7().simple().to_string(),
            say_too_large: Once::new(),
        }))
    }

    /// How it is configured.
    pub(crate) fn config(&self) -> &StreamConfig {
        &self.0.config
    }

    /// Takes an event, without waiting. `of` is the application, the channel, or nothing; `data` is the event in JSON.
    pub(crate) fn offer(&self, origin: Origin, name: &str, of: &str, data: &str) {
        if self.0.config.takes(name) {
            self.push(Item::new(origin, name, of, body::wrap(origin, name, of, data)));
        }
    }

    /// Says that events went by since then, or since before this process.
    pub(crate) fn missed(&self, origin: Origin, of: &str, since: Option<OffsetDateTime>) {
        self.push(gap::missed(origin, of, since));
    }

    fn push(&self, item: Item) {
        match self.0.buffer.push(item) {
            Pushed::Kept => self.0.measure(),
            Pushed::TooLarge => {
                self.0.metrics.count(Metric::StreamRejected);
                self.0.say_too_large.call_once(|| {
                    warn!(
                        bytes = self.0.config.max_buffer,
                        "an event is larger than all of `stream.max_buffer`: it is dropped, and others like it without a word"
                    );
                });
            }
            Pushed::Full { first } => {
                self.0.metrics.count(Metric::StreamLost);
                if first {
                    warn!(
                        bytes = self.0.config.max_buffer,
                        "the broker does not take the event stream as fast as it comes and `stream.max_buffer` is full: events are dropped until there is room again"
                    );
                }
            }
        }
    }

    /// Begins to publish.
    pub(crate) fn start(&self) -> Publishing {
        let closing = CancellationToken::new();
        let publisher = Publisher::new(Arc::clone(&self.0), closing.clone());
        let task = AbortOnDropHandle::new(tokio::spawn(publisher.run()));
        Publishing { stream: self.clone(), closing, task }
    }
}

impl Inner {
    /// Tells what waits for the broker.
    fn measure(&self) {
        self.metrics.set(Metric::StreamBuffer, self.buffer.bytes());
    }

    /// What the broker gets.
    fn record(&self, item: &Item) -> Record {
        Record {
            key: self.keys.of(item),
            headers: words::headers(item),
            body: item.body.clone(),
            id: format!("{}-{}", self.id, item.number),
        }
    }
}

/// The task that publishes.
pub(crate) struct Publishing {
    stream: Stream,
    closing: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Publishing {
    /// Nothing is offered any more: publishes what there is, until the given time, and leaves the broker.
    pub(crate) async fn finish(self, until: Instant) {
        let Inner { buffer, sink, metrics, .. } = &*self.stream.0;
        self.closing.cancel();
        if timeout_at(until, self.task).await.is_err() {
            let left = buffer.left();
            metrics.add(Metric::StreamLost, left);
            warn!(left, "the broker did not take the rest of the event stream in time: it is lost");
        }
        sink.close().await;
    }
}
