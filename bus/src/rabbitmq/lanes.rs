//! Declaring and deleting durable queues, many at once.
//!
//! The broker works through one channel's declarations one after the other, each a write to its metadata store, and
//! through many channels' at once. So there are many lanes, each a task with a channel that it opens when it is first
//! needed. A queue always takes the same lane: its declaration and its deletion cannot overtake each other.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use futures_util::TryFutureExt as _;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, mismatch, timed_out},
    limits::{LANE_WAITING, QUEUE_LANES},
    own::Own,
    session::Session,
};
use crate::{BusError, BusErrorKind};

/// What to do with a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Declare,
    Delete,
    /// Delete it where it is as this process declares it: another one of that name is somebody else's.
    Undo,
}

#[derive(Debug)]
pub(super) struct Job {
    work: Work,
    queue: String,
    session: Arc<Session>,
    done: oneshot::Sender<Result<(), BusError>>,
}

/// The senders of all lanes.
#[derive(Debug)]
pub(super) struct Lanes(Vec<mpsc::Sender<Job>>);

impl Lanes {
    /// The lanes, and the ends that their tasks read.
    pub(super) fn new() -> (Self, Vec<mpsc::Receiver<Job>>) {
        let (senders, receivers) = (0..QUEUE_LANES).map(|_| mpsc::channel(LANE_WAITING)).unzip();
        (Self(senders), receivers)
    }

    /// Declares or deletes a queue; one that is wanted is not deleted. Give it a deadline; what is under way when it passes is
    /// done all the same.
    pub(super) async fn run(&self, session: &Arc<Session>, work: Work, queue: &str) -> Result<(), BusError> {
        let mut hasher = DefaultHasher::new();
        queue.hash(&mut hasher);
        let lane = &self.0[usize::try_from(hasher.finish() % QUEUE_LANES as u64).unwrap_or(0)];
        let gone = || BusError::new(BusErrorKind::Closed, "the bus is closed");
        let (done, result) = oneshot::channel();
        let job = Job { work, queue: queue.to_owned(), session: Arc::clone(session), done };
        lane.send(job).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

/// A lane's task.
pub(super) async fn run(core: Arc<Core>, mut jobs: mpsc::Receiver<Job>) {
    let mut own = Own::default();
    let mut stuck: HashMap<String, JoinHandle<()>> = HashMap::new();
    while let Some(Some(job)) = core.stop.run_until_cancelled(jobs.recv()).await {
        if job.done.is_closed() && job.work == Work::Declare {
            // Whoever wanted it has given up before it began.
            continue;
        }
        if job.work != Work::Declare && core.wants(&job.queue) {
            // It was declared again meanwhile, or is about to be, by a job behind this one.
            let _ = job.done.send(Ok(()));
            continue;
        }
        stuck.retain(|_, work| !work.is_finished());
        if stuck.contains_key(&job.queue) {
            let _ = job.done.send(Err(timed_out(&format!("queue {}", job.queue))));
            continue;
        }
        let queue = job.queue.clone();
        let (back, done) = oneshot::channel();
        let work = core.tasks.spawn(attempt(Arc::clone(&core), std::mem::take(&mut own), job, back));
        match tokio::time::timeout(core.options.deadline, done).await {
            Ok(channel) => own = channel.unwrap_or_default(),
            // The broker looks for a node that is down, for a minute, and then says 404. That is waited for, since
            // then the queue can be replaced; what follows in this lane takes a new channel.
            Err(_) => drop(stuck.insert(queue, work)),
        }
    }
}

/// Does one job to its end, and gives the channel back.
async fn attempt(core: Arc<Core>, mut own: Own, job: Job, back: oneshot::Sender<Own>) {
    let Job { work, queue, session, done } = job;
    let doing = format!("queue {queue}");
    let result = session.patiently(&doing, do_work(&mut own, &session, work, &queue)).await;
    let made = work == Work::Declare && result.is_ok();
    let late = done.send(result).is_err();
    // It came to be after whoever wanted it had given up, and the deletion that followed had not waited for it.
    if made && late && core.is_unwanted(&queue) {
        let deleting = delete(&mut own, &session, &queue).map_err(|error| bus_error(&doing, &error));
        if session.patiently(&doing, deleting).await.is_ok() {
            core.forget_unwanted(&queue);
        }
    }
    let _ = back.send(own);
}

async fn do_work(own: &mut Own, session: &Session, work: Work, queue: &str) -> Result<(), BusError> {
    let not_deleted = |error| bus_error(&format!("deleting the queue {queue}"), &error);
    match work {
        Work::Delete => match delete(own, session, queue).await {
            Err(error) if fault(&error) != Fault::NotFound => Err(not_deleted(error)),
            _ => Ok(()),
        },
        Work::Undo => match declare(own, session, queue).await {
            Ok(()) => delete(own, session, queue).await.map_err(not_deleted),
            Err(error) if matches!(fault(&error), Fault::Mismatch | Fault::Denied | Fault::Locked) => Ok(()),
            Err(error) => Err(not_deleted(error)),
        },
        Work::Declare => {
            let mut result = declare(own, session, queue).await;
            if result.as_ref().is_err_and(|error| fault(error) == Fault::NotFound) {
                // A queue whose home node is down is there and is not: in its place a new one can be declared once
                // it was deleted. Its messages are out of reach in any case.
                if let Err(error) = delete(own, session, queue).await {
                    tracing::debug!(queue, %error, "deleting a queue whose node is down");
                }
                result = declare(own, session, queue).await;
            }
            result.map_err(|error| match fault(&error) {
                Fault::Mismatch => mismatch(queue, &error),
                _ => bus_error(&format!("declaring the queue {queue}"), &error),
            })
        }
    }
}

async fn declare(own: &mut Own, session: &Session, queue: &str) -> lapin::Result<()> {
    own.declare(session, queue, QueueDeclareOptions::durable()).await.map(|_| ())
}

async fn delete(own: &mut Own, session: &Session, queue: &str) -> lapin::Result<()> {
    let channel = own.channel(session).await?;
    let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
    own.keep_or_drop(deleted).map(|_| ())
}
