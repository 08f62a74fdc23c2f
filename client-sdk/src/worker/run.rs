//! A running worker: its tasks, and how they end.

use std::sync::Arc;

use ari_bus::{
    Bus, BusError, BusErrorKind, Subscription, Topics,
    protocol::{AppStart, Names},
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, error, info, warn};
use uuid::Uuid;

use super::{
    Settings,
    dialer::Dialer,
    handler::Handler,
    pool,
    room::{Place, Room},
    serve,
    stop::Stop,
};
use crate::{
    Calls,
    error::WorkerError,
    heartbeat::Contacts,
    inbox::Inbox,
    limits::{ABORT_DEADLINE, CLEAN_UP_DEADLINE, RETRY_PAUSE, SETTLE_WHEN_STOPPING},
};

/// What the tasks of a running worker share.
pub(super) struct Running {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) names: Names,
    pub(super) settings: Settings,
    pub(super) handler: Box<dyn Handler>,
    /// The calls, for one another to find.
    pub(super) listed: Calls,
    pub(super) inbox: Arc<Inbox>,
    pub(super) contacts: Arc<Contacts>,
    /// What the proxies know this worker by.
    pub(super) worker_id: String,
    pub(super) room: Room,
    /// The tasks of calls and of declined offers.
    pub(super) calls: TaskTracker,
    /// Calls whose handlers have returned, until their last event.
    pub(super) settling: TaskTracker,
    /// No new calls.
    pub(super) draining: CancellationToken,
    /// The calls are to end here: handlers are cancelled, their calls given to others.
    pub(super) cancelled: CancellationToken,
    /// Everything is to end at once.
    pub(super) aborted: CancellationToken,
}

/// Runs a worker until it is told to stop.
pub(super) async fn run(
    bus: Arc<dyn Bus>,
    settings: Settings,
    handler: Box<dyn Handler>,
    (listed, dialer): (Calls, &Dialer),
) -> Result<(), WorkerError> {
    // Before anything else, so that no signal is missed.
    let mut stop = Stop::new(settings.shutdown.clone())
        .map_err(|error| WorkerError::setting("signals", format!("cannot be listened to: {error}")))?;
    let names = settings.names();
    let inbox = Inbox::new(names.worker_inbox(&Uuid::now_v7().simple().to_string()));
    let aborted = CancellationToken::new();
    // When this future is dropped, no task outlives it.
    let _abort = aborted.clone().drop_guard();
    // Several workers may have been given the same name, by their environment for one.
    let worker_id = format!("{}-{}", settings.name, Uuid::now_v7().simple());
    let room = Room::new(settings.limit);
    let calls = room.clone();
    let contacts = Contacts::new(
        Arc::clone(&bus),
        names.clone(),
        Arc::clone(&inbox),
        worker_id.clone(),
        move || calls.calls(),
        aborted.child_token(),
    );
    let running = Arc::new(Running {
        room,
        contacts,
        worker_id,
        bus,
        names,
        settings,
        handler,
        listed,
        inbox,
        calls: TaskTracker::new(),
        settling: TaskTracker::new(),
        draining: CancellationToken::new(),
        cancelled: CancellationToken::new(),
        aborted,
    });

    dialer.begin(&running);
    let mut tasks = Tasks::default();
    let result = tokio::select! {
        result = running.work(&mut tasks) => result,
        why = stop.first() => {
            info!(why, calls = running.room.calls(), "the worker stops taking calls");
            Ok(())
        }
    };
    running.drain(&mut tasks, &mut stop).await;
    running.settle(&mut stop).await;
    running.contacts.end().await;
    // Waited for, so that nothing is subscribed any more when the program goes on.
    // A rule that does not give way any more cannot be waited for.
    let _ = timeout(ABORT_DEADLINE, tasks.pools.shutdown()).await;
    tasks.inbox.shutdown().await;
    result
}

/// The tasks of a running worker that are no calls. Dropping it aborts them.
#[derive(Default)]
struct Tasks {
    /// Ends with the bus or with the worker, after the last call.
    inbox: JoinSet<()>,
    pools: JoinSet<Result<(), BusError>>,
}

impl Running {
    /// Takes calls, until one of the tasks cannot go on.
    async fn work(self: &Arc<Self>, tasks: &mut Tasks) -> Result<(), WorkerError> {
        // The inbox first: what an accepted offer sends must find it.
        let topics = Topics::Under(self.inbox.prefix().to_owned());
        let messages = self.persist("inbox", || self.bus.subscribe(topics.clone())).await?;
        tasks.inbox.spawn(Arc::clone(&self.inbox).read(messages));
        for application in &self.settings.applications {
            tasks.pools.spawn(pool::run(Arc::clone(self), application.clone()));
        }
        let ended = tokio::select! {
            Some(pool) = tasks.pools.join_next() => pool,
            Some(inbox) = tasks.inbox.join_next() => inbox.map(|()| Err(closed())),
            else => return Ok(()),
        };
        ended.unwrap_or_else(|error| {
            error!(%error, "a task of the worker failed");
            Err(BusError::new(BusErrorKind::Closed, "a task of the worker failed"))
        })?;
        Ok(())
    }

    /// Leaves the pools, lets the calls finish, then cancels what is left.
    async fn drain(self: &Arc<Self>, tasks: &mut Tasks, stop: &mut Stop) {
        self.draining.cancel();
        let finished = async {
            while let Some(left) = tasks.pools.join_next().await {
                if let Err(error) = left
                    .map_err(|error| error.to_string())
                    .and_then(|left| left.map_err(|error| error.to_string()))
                {
                    warn!(error, "a pool was not left in order");
                }
            }
            self.calls.close();
            self.calls.wait().await;
        };
        let longest = self.settings.drain_timeout;
        tokio::select! {
            drained = timeout(longest, finished) => {
                if drained.is_ok() {
                    return info!("the worker has stopped");
                }
                warn!(calls = self.room.calls(), ?longest, "cancelling the calls that did not finish in time");
            }
            why = stop.second() => return self.abort(why).await,
        }
        self.calls.close();
        self.cancelled.cancel();
        tokio::select! {
            cleaned = timeout(CLEAN_UP_DEADLINE, self.calls.wait()) => if cleaned.is_err() {
                self.abort("calls did not end in time").await;
            },
            why = stop.second() => self.abort(why).await,
        }
    }

    /// Waits for the last events of calls whose handlers have returned, briefly: they only spare the proxies some memory.
    async fn settle(&self, stop: &mut Stop) {
        self.settling.close();
        tokio::select! {
            _ = timeout(SETTLE_WHEN_STOPPING, self.settling.wait()) => {}
            _ = stop.second(), if !self.aborted.is_cancelled() => {}
        }
        self.aborted.cancel();
        self.settling.wait().await;
    }

    /// Drops whatever still runs.
    async fn abort(&self, why: &str) {
        warn!(why, calls = self.room.calls(), "the worker stops at once");
        self.calls.close();
        self.aborted.cancel();
        // A task that does not give way any more cannot be waited for.
        let _ = timeout(ABORT_DEADLINE, self.calls.wait()).await;
    }

    /// Subscribes, for as long as the broker is away.
    pub(super) async fn persist<F>(
        &self,
        what: &str,
        subscribe: impl Fn() -> F,
    ) -> Result<Subscription, BusError>
    where
        F: Future<Output = Result<Subscription, BusError>>,
    {
        let mut told = false;
        loop {
            match subscribe().await {
                Err(error) if error.is_retryable() => {
                    if !std::mem::replace(&mut told, true) {
                        warn!(%error, what, "cannot subscribe; trying again until the bus takes it");
                    }
                    sleep(RETRY_PAUSE).await;
                    self.bus.link().up().await;
                }
                result => return result,
            }
        }
    }

    /// Serves an offer in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, offer: AppStart, place: Place) {
        let span = tracing::info_span!("call", application = %offer.application, dialog = %offer.dialog_id);
        self.spawn(serve::serve(Arc::clone(self), offer, place).instrument(span));
    }

    /// Runs a task that a worker waits for when it drains, and that ends when it stops at once.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.calls.spawn(self.aborted.clone().run_until_cancelled_owned(work));
    }

    /// Runs a task that a worker waits for only briefly.
    pub(super) fn spawn_settling(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.settling.spawn(self.aborted.clone().run_until_cancelled_owned(work));
    }
}

/// The bus was closed under the worker.
pub(super) fn closed() -> BusError {
    BusError::new(BusErrorKind::Closed, "the connection was closed")
}
