//! A consuming channel, as a task that lives as long as it is needed, through any number of sessions and channels.
//!
//! A pool's membership and an inbox have a line of their own; topics with one reader share a few.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{consumers::Consumers, core::Core, feed::Feed, limits::ACKS_AT_ONCE, pump::Report};
use crate::{BusError, BusErrorKind};

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
    let mut consumers = Consumers::new(core, id, prefetch, reports);
    let mut batch = Vec::with_capacity(ACKS_AT_ONCE);
    // Before the first command, which may be there already.
    consumers.change_session(session).await;
    loop {
        let retry = consumers.next_retry();
        tokio::select! {
            () = stop.cancelled() => break,
            changed = sessions.changed() => {
                if changed.is_err() {
                    break;
                }
                let session = sessions.borrow_and_update().clone();
                consumers.change_session(session).await;
            }
            _ = reported.recv_many(&mut batch, ACKS_AT_ONCE) => consumers.reported(&mut batch).await,
            command = commands.recv() => match command {
                Some(Command::Add { id, feed, declared, done }) => {
                    consumers.add(id, feed, declared, done);
                    consumers.attempt().await;
                }
                Some(Command::Remove { id, give_back }) => {
                    // What the reader took before it left must not be given back.
                    settle_rest(&mut consumers, &mut reported, &mut batch).await;
                    consumers.remove(id, give_back).await;
                }
                None => break,
            },
            () = tokio::time::sleep_until(retry.unwrap_or_else(Instant::now)), if retry.is_some() => {
                consumers.attempt().await;
            }
        }
    }
    consumers.leave().await;
    settle_rest(&mut consumers, &mut reported, &mut batch).await;
    consumers.finish().await;
}

/// Handles everything that was reported until now.
async fn settle_rest(
    consumers: &mut Consumers,
    reported: &mut mpsc::UnboundedReceiver<Report>,
    batch: &mut Vec<Report>,
) {
    while reported.recv_many(batch, ACKS_AT_ONCE).now_or_never().is_some_and(|count| count > 0) {
        consumers.reported(batch).await;
    }
}
