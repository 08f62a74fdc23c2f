//! The journal: which queues of this server a crash would leave behind.
//!
//! A durable queue holds a persistent message for each declared queue, `{"queue":…,"process":…}`, written before the
//! queue is declared. The process that consumes the journal leaves each message unacknowledged while the queue is
//! there. So when it dies, however it dies, the broker gives the names to the next one.
//!
//! Two processes of one server run side by side during an upgrade. The journal has a single active consumer: the later
//! process gets nothing until the first is gone, but its own names go to the first meanwhile, and a blip of the first's
//! connection gives all to the other. So a name of another process is deleted only when that process is dead: each
//! holds an exclusive queue `<journal>.<process>` while it lives. A process that restarts its connection has some
//! seconds ([`LEFTOVER_GRACE`]) before it is looked for; and who holds more names of a living process than names of
//! his own steps back in the line, so that the other can acknowledge them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, future::ready, stream};
use lapin::{
    BasicProperties, Channel, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use super::{
    core::Core,
    fault::{bus_error, timed_out},
    lanes::Work,
    limits::{LEFTOVER_CHECK, LEFTOVER_GRACE, REPAIRS_AT_ONCE, RESTORE_RETRY_MAX},
    own::close,
    parcel::Parcel,
    session::Session,
};
use crate::{BusError, BusErrorKind, Reach};

/// The journal among the consuming channels that a new session waits for: a name that is written before the journal's
/// queue is there is lost.
pub(super) const JOURNAL: u64 = u64::MAX;

/// A message of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    queue: String,
    /// A uuid; as text, which keeps the uuid crate's own serde feature out.
    process: String,
}

/// A delivery from the journal that can be acknowledged on the channel it came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settlement {
    generation: u64,
    tag: u64,
}

/// What is written for a queue.
pub(super) fn line(process: Uuid, queue: &str) -> Bytes {
    let line = Line { queue: queue.to_owned(), process: process.to_string() };
    // Two strings always serialize.
    serde_json::to_vec(&line).map(Bytes::from).unwrap_or_default()
}

/// Reads what [`line`] wrote.
fn read(data: &[u8]) -> Option<(String, Uuid)> {
    let Line { queue, process } = serde_json::from_slice(data).ok()?;
    Some((queue, process.parse().ok()?))
}

impl Core {
    /// The journal's queue, if this process keeps one.
    pub(super) fn journal_queue(&self) -> Option<String> {
        self.options.queue_journal.as_ref().map(|server_id| self.options.names.queue_journal(server_id))
    }

    /// Whether a topic's queue is one that the journal is for. Whoever can publish to the journal can write names into it,
    /// and must not have any other queue deleted.
    fn keeps(&self, topic: &str) -> bool {
        let server_id = self.options.queue_journal.as_deref();
        server_id.is_some_and(|server_id| self.options.names.is_of_dialog(server_id, topic))
    }

    /// Writes names of queues of this process into the journal, and waits for the broker's confirmation at most so long.
    pub(super) async fn note(&self, session: &Session, topics: &[impl AsRef<str>], wait: Duration) {
        let topics = topics.iter().map(AsRef::as_ref).filter(|topic| self.keeps(topic));
        let payloads: Vec<Bytes> = topics.map(|topic| line(self.process, topic)).collect();
        let Some(journal) = self.journal_queue().filter(|_| !payloads.is_empty()) else { return };
        let properties = BasicProperties::default().with_content_type("application/json".into());
        let parcel = Parcel { queue: journal.into(), properties, payloads }.persistent();
        let written = tokio::time::timeout(wait, session.publisher.publish(&parcel)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::debug!("the journal has not confirmed names: a crash now would leave queues behind");
        }
    }
}

/// The queue that says that a process lives.
fn sign_of_life(journal: &str, process: Uuid) -> String {
    format!("{journal}.{process}")
}

/// The names of another process.
#[derive(Debug)]
struct Stranger {
    look_at: Instant,
    /// It was not there when it was last looked for, or has not been looked for yet.
    absent: bool,
    names: Vec<(String, u64)>,
}

impl Stranger {
    fn new(now: Instant) -> Self {
        Self { look_at: now + LEFTOVER_GRACE, absent: true, names: Vec::new() }
    }

    /// It was looked for. Says whether it is dead: one that was seen before may just be reconnecting.
    fn looked_for(&mut self, lives: bool, now: Instant) -> bool {
        let dead = self.absent && !lives;
        self.absent = !lives;
        self.look_at = now + if lives { LEFTOVER_CHECK } else { LEFTOVER_GRACE };
        dead
    }
}

/// The journal's task.
pub(super) async fn run(core: Arc<Core>, journal: String, mut settled: mpsc::UnboundedReceiver<Settlement>) {
    let mut sessions = core.session.subscribe();
    let mut generation = 0;
    loop {
        let session = sessions.borrow_and_update().clone();
        let mut again = None;
        if let Some(session) = session {
            generation += 1;
            let reader = Reader { core: &core, journal: &journal, session: &session, generation };
            let reading = core
                .stop
                .run_until_cancelled(session.vitals.broken.run_until_cancelled(reader.read(&mut settled)));
            match reading.await {
                None => return,
                Some(None) => {}
                Some(Some(Ok(()))) => continue,
                Some(Some(Err(error))) => {
                    // Most often the connection is lost, which others tell.
                    if error.is_retryable() {
                        tracing::debug!(%error, journal, "the journal is not read at the moment");
                    } else {
                        tracing::warn!(%error, journal, "the journal cannot be read: a crash leaves queues behind");
                    }
                    again = Some(RESTORE_RETRY_MAX);
                }
            }
        }
        tokio::select! {
            () = core.stop.cancelled() => return,
            changed = sessions.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(again.unwrap_or_default()), if again.is_some() => {}
        }
    }
}

struct Reader<'a> {
    core: &'a Arc<Core>,
    journal: &'a str,
    session: &'a Arc<Session>,
    generation: u64,
}

impl Reader<'_> {
    /// Reads the journal until its channel ends, or it is time to step back.
    async fn read(&self, settled: &mut mpsc::UnboundedReceiver<Settlement>) -> Result<(), BusError> {
        let failed = |error| bus_error("reading the journal", &error);
        let opening = tokio::time::timeout(self.core.options.deadline, self.open()).await;
        self.session.settled(JOURNAL);
        let (channel, mut consumer) =
            opening.map_err(|_| timed_out("reading the journal"))?.map_err(failed)?;
        let mut strangers: HashMap<Uuid, Stranger> = HashMap::new();
        let result = loop {
            let look_at = strangers.values().map(|stranger| stranger.look_at).min();
            tokio::select! {
                delivery = consumer.next() => match delivery {
                    Some(Ok(delivery)) => {
                        if let Some(tag) = self.received(&mut strangers, &delivery.data, delivery.delivery_tag) {
                            ack(&channel, tag).await;
                        }
                    }
                    Some(Err(error)) => break Err(failed(error)),
                    None => break Err(BusError::new(BusErrorKind::Unavailable, "the journal's queue was deleted")),
                },
                Some(done) = settled.recv() => {
                    // One of an earlier channel comes again, and is then not needed any more.
                    if done.generation == self.generation {
                        ack(&channel, done.tag).await;
                    }
                }
                () = tokio::time::sleep_until(look_at.unwrap_or_else(Instant::now)), if look_at.is_some() => {
                    if self.look(&channel, &mut strangers).await {
                        break Ok(());
                    }
                }
            }
        };
        close(&channel).await;
        result
    }

    async fn open(&self) -> lapin::Result<(Channel, Consumer)> {
        let channel = self.session.consuming.channel().await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        channel.queue_declare(self.journal.into(), QueueDeclareOptions::durable(), arguments).await?;
        let alive = ShortString::from(sign_of_life(self.journal, self.core.process));
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(alive, exclusive, FieldTable::default()).await?;
        // Before RabbitMQ 4.3 a delivery that stays unacknowledged for half an hour ends the channel: then all names
        // come again.
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(self.journal.into(), "journal".into(), options, none).await?;
        Ok((channel, consumer))
    }

    /// Takes a name; returns its tag if it needs no keeping.
    fn received(&self, strangers: &mut HashMap<Uuid, Stranger>, data: &[u8], tag: u64) -> Option<u64> {
        let Some((queue, process)) = read(data).filter(|(queue, _)| self.core.keeps(queue)) else {
            tracing::warn!(journal = self.journal, "a message in the journal is not ours; it is dropped");
            return Some(tag);
        };
        if process == self.core.process {
            let unneeded = self.core.journaled(&queue, Settlement { generation: self.generation, tag });
            // One of an earlier channel is not to be settled on this one: it comes again.
            return unneeded.filter(|old| old.generation == self.generation).map(|old| old.tag);
        }
        let stranger = strangers.entry(process).or_insert_with(|| Stranger::new(Instant::now()));
        stranger.names.push((queue, tag));
        None
    }

    /// Looks for the processes whose names are here, and deletes the queues of dead ones. Says whether to step back.
    async fn look(&self, channel: &Channel, strangers: &mut HashMap<Uuid, Stranger>) -> bool {
        let now = Instant::now();
        let due = strangers.iter_mut().filter(|(_, stranger)| stranger.look_at <= now);
        for (process, stranger) in due {
            let sign = sign_of_life(self.journal, *process);
            let looking = self.core.reach(&sign);
            let lives = match self.core.within("looking for another process", looking).await {
                Ok(reach) => reach == Reach::Somebody,
                Err(error) => {
                    tracing::debug!(%process, %error, "it is looked for later");
                    stranger.look_at = now + LEFTOVER_GRACE;
                    continue;
                }
            };
            if lives && stranger.names.len() > self.core.declared() {
                return true;
            }
            if stranger.looked_for(lives, now) {
                tracing::info!(%process, queues = stranger.names.len(), "deleting the queues that an earlier process left");
                let names = std::mem::take(&mut stranger.names);
                stranger.names = self.delete(channel, names).await;
            }
        }
        strangers.retain(|_, stranger| !stranger.names.is_empty());
        false
    }

    /// Deletes queues and acknowledges their names; returns those that are still to be deleted.
    async fn delete(&self, channel: &Channel, names: Vec<(String, u64)>) -> Vec<(String, u64)> {
        let deletions = stream::iter(names).map(|(queue, tag)| async move {
            let deletion = self.core.lanes.run(self.session, Work::Delete, &queue);
            if let Err(error) = self.core.within(&format!("deleting {queue}"), deletion).await {
                tracing::debug!(queue, %error, "not deleted yet");
                return Some((queue, tag));
            }
            ack(channel, tag).await;
            None
        });
        deletions.buffer_unordered(REPAIRS_AT_ONCE).filter_map(ready).collect().await
    }
}

async fn ack(channel: &Channel, tag: u64) {
    // Fails with the channel alone, and then the name comes again.
    let _ = channel.basic_ack(tag, BasicAckOptions::default()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_seen_is_dead_when_it_is_missed_twice() {
        let now = Instant::now();
        let mut unseen = Stranger::new(now);
        assert!(unseen.looked_for(false, now));
        let mut seen = Stranger::new(now);
        assert!(!seen.looked_for(true, now));
        assert_eq!(seen.look_at, now + LEFTOVER_CHECK);
        assert!(!seen.looked_for(false, now));
        assert_eq!(seen.look_at, now + LEFTOVER_GRACE);
        assert!(seen.looked_for(false, now));
    }
}
