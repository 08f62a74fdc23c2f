//! A bus that shows what passes. Proxy and worker of the demo each have one around their own connection, so that it
//! also tells who speaks.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ari_bus::{
    Bus, BusError, Claimed, LinkState, Reach, Retention, Rival, Subscription, Topics, memory::MemoryBus,
};
use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::{
    record::{Counts, Record},
    stage::{Line, Party, Stage},
};

/// Whether a topic carries the signs of life of proxy and worker, which are part of no call.
fn is_housekeeping(topic: &str) -> bool {
    // `.replies.` is where heartbeats are answered.
    topic.contains(".replies.") || [".pulse", ".control", ".beats"].iter().any(|end| topic.ends_with(end))
}

/// What all spies have seen together.
#[derive(Debug, Default)]
pub(super) struct Seen {
    record: Mutex<Record>,
    /// Follows the record, once the line of the change was shown.
    pub(super) changes: watch::Sender<Counts>,
}

impl Seen {
    fn record(&self) -> MutexGuard<'_, Record> {
        // A panic elsewhere leaves the record as whole as it was.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen so far.
    pub(super) fn counts(&self) -> Counts {
        self.record().counts
    }
}

/// A connection to the bus whose messages are recorded and shown before they are sent.
pub(super) struct Spy {
    bus: MemoryBus,
    party: Party,
    seen: Arc<Seen>,
    stage: Arc<Stage>,
}

impl Spy {
    /// Shows what `party` says on a connection.
    pub(super) fn new(bus: MemoryBus, party: Party, seen: Arc<Seen>, stage: Arc<Stage>) -> Self {
        Self { bus, party, seen, stage }
    }

    /// Records something, and shows what is to be shown of it.
    async fn note(&self, read: impl FnOnce(&mut Record) -> Vec<Line>) {
        let lines = read(&mut self.seen.record());
        self.stage.say(lines).await;
        let record = self.seen.record();
        // Under the lock, so that an older state never follows a newer one.
        self.seen.changes.send_replace(record.counts);
    }
}

#[async_trait]
impl Bus for Spy {
    fn largest_message(&self) -> usize {
        self.bus.largest_message()
    }

    fn link(&self) -> LinkState {
        self.bus.link()
    }

    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError> {
        if is_housekeeping(topic) {
            return self.bus.publish_all(topic, payloads).await;
        }
        for payload in payloads {
            self.note(|record| record.message(self.party, topic, &payload)).await;
            self.bus.publish(topic, payload).await?;
        }
        Ok(())
    }

    async fn offer(&self, topic: &str, payload: Bytes, expires: Duration) -> Result<Reach, BusError> {
        if !is_housekeeping(topic) {
            self.note(|record| record.offer(topic, &payload)).await;
        }
        self.bus.offer(topic, payload, expires).await
    }

    async fn join(&self, topic: &str, group: &str) -> Result<Subscription, BusError> {
        let subscription = self.bus.join(topic, group).await?;
        self.note(|record| record.joined(topic)).await;
        Ok(subscription)
    }

    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError> {
        self.bus.subscribe(topics).await
    }

    async fn share(&self, prefix: &str) -> Result<Subscription, BusError> {
        self.bus.share(prefix).await
    }

    fn shared_comes_to_all(&self) -> bool {
        self.bus.shared_comes_to_all()
    }

    async fn claim(&self, name: &str, holder: &str, over: Option<&Rival>) -> Result<Claimed, BusError> {
        self.bus.claim(name, holder, over).await
    }

    async fn unclaim(&self, name: &str, holder: &str) -> Result<(), BusError> {
        self.bus.unclaim(name, holder).await
    }

    async fn declare(&self, topic: &str) -> Result<Retention, BusError> {
        self.bus.declare(topic).await
    }

    async fn delete(&self, topic: &str) -> Result<(), BusError> {
        self.bus.delete(topic).await
    }

    async fn close(&self) {
        self.bus.close().await;
    }
}

impl fmt::Debug for Spy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spy").field("party", &self.party).finish_non_exhaustive()
    }
}
