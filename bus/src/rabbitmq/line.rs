//! A consuming channel: the consumers on it, their acknowledgements, and how they come back.
//!
//! A pool's membership and an inbox have a line of their own; topics with one reader share a few. The line's task lives
//! as long as it is needed, through any number of sessions and channels: whatever ends a channel (the broker, an error of
//! one consumer, a deleted queue), it opens a new one and consumes again what is still wanted.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use lapin::{
    Channel, Consumer,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
        QueueDeclareOptions,
    },
    types::{FieldTable, ShortString},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, timed_out},
    lanes::Work,
    limits::{ACKS_AT_ONCE, GOODBYE_DEADLINE, RESTORE_AT_ONCE, RESTORE_RETRY_MAX, RESTORE_RETRY_MIN},
    pump::{Outstanding, Pump, Report},
    session::Session,
    settle::Settled,
    sink::Sink,
};
use crate::{BusError, BusErrorKind};

/// A queue to consume, and who reads it.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) queue: String,
    pub(super) kind: Kind,
    pub(super) sink: Arc<Sink>,
}

/// The two kinds of queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lasts, and is declared exactly as go-ari-library declares it.
    Durable,
    /// Belongs to this connection and dies with it.
    Inbox,
}

impl Feed {
    pub(super) fn is_inbox(&self) -> bool {
        self.kind == Kind::Inbox
    }
}

/// How to reach a line's task; it ends when nobody can any more.
#[derive(Debug, Clone)]
pub(super) struct LineHandle {
    pub(super) id: u64,
    commands: mpsc::UnboundedSender<Command>,
}

#[derive(Debug)]
pub(super) enum Command {
    /// Consume a queue; `declared` is the session in which the caller has declared it already.
    Add { id: u64, feed: Arc<Feed>, declared: Option<u64>, done: oneshot::Sender<Result<(), BusError>> },
    /// Stop consuming it. What nobody has taken goes back to the queue, unless the queue itself goes.
    Remove { id: u64, give_back: bool },
}

impl LineHandle {
    /// A handle, and the end that the task reads.
    pub(super) fn new(id: u64) -> (Self, mpsc::UnboundedReceiver<Command>) {
        // Without a bound: each command stands for a call that waits or a subscription that ended.
        let (commands, receiver) = mpsc::unbounded_channel();
        (Self { id, commands }, receiver)
    }

    /// Consumes a queue and waits until that works. Give it a deadline, and remove the feed when it passes.
    pub(super) async fn add(&self, id: u64, feed: Arc<Feed>, declared: Option<u64>) -> Result<(), BusError> {
        let gone = || BusError::new(BusErrorKind::Closed, "the bus is closed");
        let (done, result) = oneshot::channel();
        self.commands.send(Command::Add { id, feed, declared, done }).map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// Stops consuming a queue; does not wait.
    pub(super) fn remove(&self, id: u64, give_back: bool) {
        // A task that has ended consumes nothing.
        let _ = self.commands.send(Command::Remove { id, give_back });
    }
}

/// The task of a line.
pub(super) struct Line {
    core: Arc<Core>,
    id: u64,
    prefetch: u16,
    entries: HashMap<u64, Entry>,
    session: Option<Arc<Session>>,
    open: Option<Open>,
    /// Counts channels, so that what belongs to an earlier one is recognised.
    generation: u64,
    reports: mpsc::UnboundedSender<Report>,
}

/// A channel in use.
struct Open {
    channel: Channel,
    settled: Settled,
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
    fn new(feed: Arc<Feed>, declared: Option<u64>, done: oneshot::Sender<Result<(), BusError>>) -> Self {
        Self {
            feed,
            declared,
            running: None,
            done: Some(done),
            not_before: Instant::now(),
            pause: RESTORE_RETRY_MIN,
            refused: false,
        }
    }

    fn later(&mut self) {
        self.not_before = Instant::now() + self.pause;
        self.pause = RESTORE_RETRY_MAX.min(self.pause * 2);
    }
}

/// Runs a line until its handles are gone or the bus stops.
pub(super) async fn run(
    core: Arc<Core>,
    id: u64,
    prefetch: u16,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let (reports, mut reported) = mpsc::unbounded_channel();
    let (mut sessions, stop) = (core.session.subscribe(), core.stop.clone());
    let session = sessions.borrow_and_update().clone();
    let mut line = Line {
        core,
        id,
        prefetch,
        entries: HashMap::new(),
        session: None,
        open: None,
        generation: 0,
        reports,
    };
    let mut batch = Vec::with_capacity(ACKS_AT_ONCE);
    // Before the first command, which may be there already.
    line.change_session(session).await;
    loop {
        let retry = line.next_retry();
        tokio::select! {
            () = stop.cancelled() => break,
            changed = sessions.changed() => {
                if changed.is_err() {
                    break;
                }
                let session = sessions.borrow_and_update().clone();
                line.change_session(session).await;
            }
            _ = reported.recv_many(&mut batch, ACKS_AT_ONCE) => line.reported(&mut batch).await,
            command = commands.recv() => match command {
                Some(Command::Add { id, feed, declared, done }) => {
                    line.entries.insert(id, Entry::new(feed, declared, done));
                    line.attempt().await;
                }
                Some(Command::Remove { id, give_back }) => {
                    // What the reader took before it left must not be given back.
                    while reported.recv_many(&mut batch, ACKS_AT_ONCE).now_or_never().is_some_and(|count| count > 0) {
                        line.reported(&mut batch).await;
                    }
                    line.remove(id, give_back).await;
                }
                None => break,
            },
            () = tokio::time::sleep_until(retry.unwrap_or_else(Instant::now)), if retry.is_some() => {
                line.attempt().await;
            }
        }
    }
    while reported.recv_many(&mut batch, ACKS_AT_ONCE).now_or_never().is_some_and(|count| count > 0) {
        line.reported(&mut batch).await;
    }
    line.finish().await;
}

impl Line {
    fn next_retry(&self) -> Option<Instant> {
        self.session.as_ref()?;
        self.entries.values().filter(|entry| entry.running.is_none()).map(|entry| entry.not_before).min()
    }

    async fn change_session(&mut self, session: Option<Arc<Session>>) {
        self.lose_channel().await;
        self.session = session;
        for entry in self.entries.values_mut() {
            entry.not_before = Instant::now();
            entry.pause = RESTORE_RETRY_MIN;
        }
        match &self.session {
            Some(_) => self.attempt().await,
            None => self.entries.retain(|_, entry| {
                // Whoever still waits for the first success is told; he asks again if he wants to.
                let Some(done) = entry.done.take() else { return true };
                let _ = done.send(Err(BusError::new(BusErrorKind::Unavailable, "the connection was lost")));
                false
            }),
        }
    }

    /// Forgets the channel and everything that ran on it.
    async fn lose_channel(&mut self) {
        self.generation += 1;
        let mut consumers = Vec::new();
        for entry in self.entries.values_mut() {
            if let Some(running) = entry.running.take() {
                running.stop.cancel();
                consumers.push(running.pump.await);
            }
        }
        if let Some(open) = self.open.take() {
            close(&open.channel).await;
        }
        // Only now: lapin cancels a consumer that is dropped before its channel is closed.
        drop(consumers);
    }

    /// Starts every consumer that should run, does not, and may be tried now.
    async fn attempt(&mut self) {
        let Some(session) = self.session.clone() else {
            return self.entries.retain(|_, entry| {
                let Some(done) = entry.done.take() else { return true };
                let _ = done.send(Err(BusError::new(BusErrorKind::Unavailable, "the broker is away")));
                false
            });
        };
        self.entries.retain(|_, entry| entry.running.is_some() || !entry.feed.sink.ended.is_cancelled());
        let now = Instant::now();
        let due: Vec<u64> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.running.is_none() && entry.not_before <= now)
            .map(|(id, _)| *id)
            .collect();
        if !due.is_empty() {
            let work = self.start(&session, due);
            session.broken.clone().run_until_cancelled_owned(work).await;
        }
        if self.entries.values().all(|entry| entry.running.is_some() || entry.refused) {
            session.settled(self.id);
        }
    }

    async fn start(&mut self, session: &Arc<Session>, due: Vec<u64>) {
        let channel = match self.channel(session).await {
            Ok(channel) => channel,
            Err(error) => {
                let error = bus_error("opening a channel", &error);
                return due.into_iter().for_each(|id| self.failed(id, Fault::Lost, error.clone()));
            }
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
                    let work = begin(core, session, channel, id, &feed, declared);
                    let deadline = core.options.deadline;
                    let late = |_| Err((Fault::Lost, timed_out(&format!("consuming {}", feed.queue))));
                    (id, feed.clone(), tokio::time::timeout(deadline, work).await.unwrap_or_else(late))
                }
            })
            .buffer_unordered(RESTORE_AT_ONCE)
            .collect()
            .await;
        for (id, feed, result) in started {
            match result {
                Ok(consumer) => self.started(session, id, feed, consumer),
                Err((fault, error)) => self.failed(id, fault, error),
            }
        }
        if !channel.status().connected() {
            self.lose_channel().await;
        }
    }

    async fn channel(&mut self, session: &Session) -> lapin::Result<Channel> {
        if let Some(open) = &self.open {
            if open.channel.status().connected() {
                return Ok(open.channel.clone());
            }
            self.lose_channel().await;
        }
        let channel = session.consuming.channel().await?;
        channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
        self.open = Some(Open { channel: channel.clone(), settled: Settled::default() });
        Ok(channel)
    }

    fn started(&mut self, session: &Session, id: u64, feed: Arc<Feed>, consumer: Consumer) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
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
        };
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
        entry.later();
        if fault == Fault::Locked {
            // The broker has not noticed yet that our last connection is dead.
            tracing::debug!(queue = entry.feed.queue, %error, "waiting for the queue");
        } else if let Some(done) = entry.done.take() {
            let _ = done.send(Err(error));
            self.entries.remove(&id);
        } else {
            tracing::warn!(queue = entry.feed.queue, %error, retry = ?entry.pause, "a subscription is not back yet");
        }
    }

    async fn remove(&mut self, id: u64, give_back: bool) {
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
    async fn reported(&mut self, reports: &mut Vec<Report>) {
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
            entries.filter(|entry| entry.running.is_some()).for_each(Entry::later);
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
            entry.declared = None;
            entry.later();
        }
    }

    /// Closes the channel, so that the broker gives what nobody took to others.
    async fn finish(mut self) {
        self.core.registry().lines.remove(&self.id);
        if let Some(session) = self.session.take() {
            session.settled(self.id);
        }
        self.lose_channel().await;
    }
}

/// Declares the queue, where that is needed, and consumes it.
async fn begin(
    core: &Core,
    session: &Arc<Session>,
    channel: &Channel,
    id: u64,
    feed: &Feed,
    declared: bool,
) -> Result<Consumer, (Fault, BusError)> {
    let queue = ShortString::from(feed.queue.as_str());
    match feed.kind {
        Kind::Durable if declared => {}
        Kind::Durable => {
            let declared = core.lanes.run(session, Work::Declare, &feed.queue).await;
            declared.map_err(|error| (Fault::Lost, error))?;
        }
        Kind::Inbox => {
            let options =
                QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
            let declared = channel.queue_declare(queue.clone(), options, FieldTable::default()).await;
            declared.map_err(|error| {
                (fault(&error), bus_error(&format!("declaring the inbox {queue}"), &error))
            })?;
        }
    }
    let (tag, options) = (format!("{id}"), BasicConsumeOptions::default());
    let consumer = channel.basic_consume(queue, tag.as_str().into(), options, FieldTable::default()).await;
    consumer.map_err(|error| (fault(&error), bus_error(&format!("consuming {}", feed.queue), &error)))
}

/// Says goodbye on a channel, where it still stands.
pub(super) async fn close(channel: &Channel) {
    if channel.status().connected() {
        let _ = tokio::time::timeout(GOODBYE_DEADLINE, channel.close(200, "goodbye".into())).await;
    }
}
