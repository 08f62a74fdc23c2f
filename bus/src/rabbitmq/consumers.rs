//! The consumers on one channel, their acknowledgements, and how they come back.
//!
//! Whatever ends a channel (the broker, an error of one consumer, a deleted queue), a new one is opened and what is still
//! wanted is consumed again.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, TryFutureExt as _, stream};
use lapin::{
    Channel, Consumer,
    options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions, BasicQosOptions},
    types::ShortString,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    core::Core,
    fault::{Fault, bus_error},
    feed::{Feed, begin},
    limits::{REFUSED_RETRY_MAX, RESTORE_AT_ONCE, RESTORE_RETRY_MAX, RESTORE_RETRY_MIN},
    own::close,
    pump::{Outstanding, Pump, Report},
    session::Session,
    settle::Settled,
};
use crate::{BusError, BusErrorKind};

/// The consumers of a line.
pub(super) struct Consumers {
    core: Arc<Core>,
    id: u64,
    prefetch: u16,
    entries: HashMap<u64, Entry>,
    /// Those that do not run.
    idle: HashSet<u64>,
    session: Option<Arc<Session>>,
    open: Option<Open>,
    /// Counts channels, so that what belongs to an earlier one is recognised.
    generation: u64,
    /// Those that were stopped, until the channel is closed: lapin cancels a consumer that is dropped before.
    stopped: Vec<Consumer>,
    reports: mpsc::UnboundedSender<Report>,
}

/// A channel in use.
struct Open {
    channel: Channel,
    settled: Settled,
    /// Cancelled when it is lost.
    gone: CancellationToken,
}

struct Entry {
    feed: Arc<Feed>,
    /// The session in which its queue was declared.
    declared: Option<u64>,
    running: Option<Running>,
    /// Who waits for its first success.
    done: Option<oneshot::Sender<Result<(), BusError>>>,
    /// When to try again, and how long to wait after that.
    not_before: Instant,
    pause: Duration,
    /// Until when somebody waits for its first success.
    until: Instant,
    /// The broker refuses it: the link need not wait for it.
    refused: bool,
}

struct Running {
    tag: ShortString,
    stop: CancellationToken,
    pump: JoinHandle<Consumer>,
    outstanding: Arc<Outstanding>,
}

impl Entry {
    fn new(
        feed: Arc<Feed>,
        declared: Option<u64>,
        done: oneshot::Sender<Result<(), BusError>>,
        until: Instant,
    ) -> Self {
        Self {
            feed,
            declared,
            running: None,
            done: Some(done),
            not_before: Instant::now(),
            pause: RESTORE_RETRY_MIN,
            until,
            refused: false,
        }
    }

    fn later(&mut self, longest: Duration) {
        self.not_before = Instant::now() + self.pause;
        self.pause = longest.min(self.pause * 2);
    }
}

impl Consumers {
    pub(super) fn new(
        core: Arc<Core>,
        id: u64,
        prefetch: u16,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        let (entries, idle) = (HashMap::new(), HashSet::new());
        let stopped = Vec::new();
        Self { core, id, prefetch, entries, idle, session: None, open: None, generation: 0, stopped, reports }
    }

    /// Adds a feed, to be started by the next attempt.
    pub(super) fn add(
        &mut self,
        id: u64,
        feed: Arc<Feed>,
        declared: Option<u64>,
        done: oneshot::Sender<Result<(), BusError>>,
    ) {
        let until = Instant::now() + self.core.options.deadline;
        self.entries.insert(id, Entry::new(feed, declared, done, until));
        self.idle.insert(id);
    }

    /// Forgets idle feeds.
    fn forget(&mut self, forget: impl Fn(&mut Entry) -> bool) {
        let entries = &mut self.entries;
        self.idle.retain(|id| {
            let forgotten = entries.get_mut(id).is_none_or(&forget);
            if forgotten {
                entries.remove(id);
            }
            !forgotten
        });
    }

    /// Whoever waits for his first success is told that there is no broker; he asks again if he wants to.
    fn forget_waiting(&mut self) {
        self.forget(|entry| {
            let Some(done) = entry.done.take() else { return false };
            let _ = done.send(Err(BusError::new(BusErrorKind::Unavailable, "the broker is away")));
            true
        });
    }

    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.session.as_ref()?;
        self.idle.iter().filter_map(|id| self.entries.get(id)).map(|entry| entry.not_before).min()
    }

    pub(super) async fn change_session(&mut self, session: Option<Arc<Session>>) {
        self.lose_channel().await;
        self.session = session;
        for entry in self.entries.values_mut() {
            entry.not_before = Instant::now();
            entry.pause = RESTORE_RETRY_MIN;
        }
        match &self.session {
            Some(_) => self.attempt().await,
            None => self.forget_waiting(),
        }
    }

    /// Forgets the channel and everything that ran on it.
    async fn lose_channel(&mut self) {
        self.generation += 1;
        self.stop(|feed| !feed.is_inbox()).await;
        let inboxes = self.take_running(Feed::is_inbox);
        if let Some(open) = self.open.take() {
            open.gone.cancel();
            close(&open.channel).await;
        }
        // What came to an inbox is nowhere else any more: its reader gets it first.
        for Running { mut pump, stop, tag, .. } in inboxes {
            if tokio::time::timeout(self.core.options.deadline, &mut pump).await.is_err() {
                tracing::warn!(%tag, "messages to an inbox are lost with the connection: its reader does not read");
                stop.cancel();
                self.stopped.extend(pump.await);
            }
        }
        self.stopped.clear();
    }

    /// What runs of such feeds; from now on it counts as not running.
    fn take_running(&mut self, such: impl Fn(&Feed) -> bool) -> Vec<Running> {
        let mut taken = Vec::new();
        for (id, entry) in self.entries.iter_mut().filter(|(_, entry)| such(&entry.feed)) {
            if let Some(running) = entry.running.take() {
                self.idle.insert(*id);
                taken.push(running);
            }
        }
        taken
    }

    /// Stops such feeds: nothing more is handed to their readers.
    async fn stop(&mut self, such: impl Fn(&Feed) -> bool) {
        for running in self.take_running(such) {
            running.stop.cancel();
            self.stopped.extend(running.pump.await);
        }
    }

    /// Stops all whose messages others may get. What a reader is handed after the last acknowledgements would come to others too.
    pub(super) async fn leave(&mut self) {
        self.stop(|feed| !feed.is_inbox() || feed.is_shared()).await;
    }

    /// Starts every consumer that should run, does not, and may be tried now.
    pub(super) async fn attempt(&mut self) {
        let Some(session) = self.session.clone() else { return self.forget_waiting() };
        self.forget(|entry| entry.feed.sink.ended.is_cancelled());
        let now = Instant::now();
        let due = |id: &&u64| self.entries.get(*id).is_some_and(|entry| entry.not_before <= now);
        let due: Vec<u64> = self.idle.iter().filter(due).copied().collect();
        if !due.is_empty() {
            let work = self.start(&session, due);
            session.vitals.broken.clone().run_until_cancelled_owned(work).await;
        }
        if self.idle.iter().filter_map(|id| self.entries.get(id)).all(|entry| entry.refused) {
            session.settled(self.id);
        }
    }

    async fn start(&mut self, session: &Arc<Session>, due: Vec<u64>) {
        let channel = match self.channel(session).await {
            Ok(channel) => channel,
            Err(error) => return due.into_iter().for_each(|id| self.failed(id, Fault::Lost, error.clone())),
        };
        let feeds: Vec<_> = due
            .into_iter()
            .filter_map(|id| self.entries.get(&id).map(|entry| (id, Arc::clone(&entry.feed), entry.declared)))
            .collect();
        let core = Arc::clone(&self.core);
        let started: Vec<_> = stream::iter(feeds)
            .map(|(id, feed, declared)| {
                let (core, channel) = (&core, &channel);
                async move {
                    let declared = declared == Some(session.id);
                    let begun = begin(core, session, channel, id, &feed, declared).await;
                    (id, feed, begun)
                }
            })
            .buffer_unordered(RESTORE_AT_ONCE)
            .collect()
            .await;
        let mut late = false;
        for (id, feed, result) in started {
            match result {
                Ok(consumer) => self.started(session, id, feed, consumer),
                Err((fault, error)) => {
                    late |= fault == Fault::Late;
                    self.failed(id, fault, error);
                }
            }
        }
        // A consumer that comes to be after all would take messages that nobody reads.
        if late || !channel.status().connected() {
            self.lose_channel().await;
        }
    }

    async fn channel(&mut self, session: &Session) -> Result<Channel, BusError> {
        if let Some(open) = &self.open {
            if open.channel.status().connected() {
                return Ok(open.channel.clone());
            }
            self.lose_channel().await;
        }
        let (doing, prefetch) = ("opening a channel", self.prefetch);
        let opening = async {
            let channel = session.consuming.channel().await?;
            channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
            Ok(channel)
        };
        let opening = opening.map_err(|error| bus_error(doing, &error));
        let channel = self.core.within(doing, opening).await?;
        let gone = session.vitals.broken.child_token();
        self.open = Some(Open { channel: channel.clone(), settled: Settled::default(), gone });
        Ok(channel)
    }

    fn started(&mut self, session: &Session, id: u64, feed: Arc<Feed>, consumer: Consumer) {
        let (Some(entry), Some(open)) = (self.entries.get_mut(&id), &self.open) else { return };
        let (tag, outstanding) = (consumer.tag(), Arc::<Outstanding>::default());
        let stop = feed.sink.ended.child_token();
        let pump = Pump {
            feed: id,
            generation: self.generation,
            what: feed,
            consumer,
            reports: self.reports.clone(),
            outstanding: Arc::clone(&outstanding),
            stop: stop.clone(),
            gone: open.gone.clone(),
        };
        self.idle.remove(&id);
        entry.declared = Some(session.id);
        entry.running = Some(Running { tag, stop, pump: self.core.tasks.spawn(pump.run()), outstanding });
        entry.pause = RESTORE_RETRY_MIN;
        entry.refused = false;
        if let Some(done) = entry.done.take() {
            let _ = done.send(Ok(()));
        }
    }

    fn failed(&mut self, id: u64, fault: Fault, error: BusError) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.refused = error.kind() == BusErrorKind::Refused;
        entry.declared = None;
        entry.later(if fault.is_an_answer() { REFUSED_RETRY_MAX } else { RESTORE_RETRY_MAX });
        if fault == Fault::Locked && (entry.done.is_none() || entry.not_before < entry.until) {
            entry.pause = entry.pause.min(RESTORE_RETRY_MAX);
            // The broker has not noticed yet that our last connection is dead.
            tracing::debug!(queue = entry.feed.queue, %error, "waiting for the queue");
        } else if let Some(done) = entry.done.take() {
            let _ = done.send(Err(error));
            self.entries.remove(&id);
            self.idle.remove(&id);
        } else {
            tracing::warn!(queue = entry.feed.queue, %error, retry = ?entry.pause, "a subscription is not back yet");
        }
    }

    pub(super) async fn remove(&mut self, id: u64, give_back: bool) {
        self.idle.remove(&id);
        let Some(Entry { running: Some(running), .. }) = self.entries.remove(&id) else { return };
        running.stop.cancel();
        let Ok(mut consumer) = running.pump.await else { return };
        let Some(open) = &mut self.open else { return };
        let cancelled = open.channel.basic_cancel(running.tag, BasicCancelOptions::default());
        let _ = tokio::time::timeout(self.core.options.deadline, cancelled).await;
        for tag in running.outstanding.with_rest(&mut consumer) {
            if give_back {
                let _ =
                    open.channel.basic_nack(tag, BasicNackOptions { requeue: true, multiple: false }).await;
            }
            open.settled.otherwise(tag);
        }
    }

    /// Acknowledges what was taken, and sees to consumers that ended.
    pub(super) async fn reported(&mut self, reports: &mut Vec<Report>) {
        let mut tags = Vec::with_capacity(reports.len());
        let mut ended = Vec::new();
        for report in reports.drain(..) {
            match report {
                Report::Taken { generation, feed, tag } if generation == self.generation => {
                    tags.push(tag);
                    if let Some(running) = self.entries.get(&feed).and_then(|entry| entry.running.as_ref()) {
                        running.outstanding.remove(tag);
                    }
                }
                Report::Ended { generation, feed } if generation == self.generation => ended.push(feed),
                // Of a channel that is gone: the broker has put the message back already.
                Report::Taken { .. } | Report::Ended { .. } => {}
            }
        }
        if let Some(open) = self.open.as_mut().filter(|_| !tags.is_empty()) {
            let acks = open.settled.taken(tags);
            let multiple = acks.multiple.map(|tag| (tag, true));
            for (tag, multiple) in multiple.into_iter().chain(acks.single.into_iter().map(|tag| (tag, false)))
            {
                // Fails with the channel alone, which its consumers report.
                let _ = open.channel.basic_ack(tag, BasicAckOptions { multiple }).await;
            }
        }
        if ended.is_empty() {
            return;
        }
        if self.open.as_ref().is_some_and(|open| !open.channel.status().connected()) {
            let entries = self.entries.values_mut();
            entries.filter(|entry| entry.running.is_some()).for_each(|entry| entry.later(RESTORE_RETRY_MAX));
            return self.lose_channel().await;
        }
        for feed in ended {
            let Some(entry) = self.entries.get_mut(&feed) else { continue };
            if entry.feed.sink.sender().is_none_or(|sender| sender.is_closed()) {
                self.remove(feed, true).await;
                continue;
            }
            // The broker cancelled it: somebody deleted the queue.
            entry.running = None;
            self.idle.insert(feed);
            entry.declared = None;
            entry.later(RESTORE_RETRY_MAX);
        }
    }

    /// Closes the channel, so that the broker gives what nobody took to others.
    pub(super) async fn finish(mut self) {
        self.core.retire(self.id);
        self.lose_channel().await;
    }
}
