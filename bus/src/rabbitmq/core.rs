//! What all parts of the bus share: options, the link's state, the session of the moment, and the names in use.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    address::Address, fault::timed_out, journal::Settlement, lanes::Lanes, limits::SHARED_CHANNELS,
    line::LineHandle, names::Declared, offers::Questions, session::Session, sink::Sink,
};
use crate::{BusError, BusErrorKind, BusOptions, Link, link::NOT_YET, protocol::check_topic};

/// The state that the bus's tasks share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) address: Address,
    pub(super) options: BusOptions,
    /// Tells this process's names in the journal from others'.
    pub(super) process: Uuid,
    pub(super) link: watch::Sender<Link>,
    /// The open session, also while its subscriptions are still being restored.
    pub(super) session: watch::Sender<Option<Arc<Session>>>,
    /// Set first when the bus is closed: no further operation begins.
    pub(super) closed: CancellationToken,
    /// Ends the tasks that work on a session.
    pub(super) stop: CancellationToken,
    /// Ends the session itself, after them.
    pub(super) hang_up: CancellationToken,
    /// The tasks that work on a session.
    pub(super) tasks: TaskTracker,
    /// Those that hold it open.
    pub(super) keepers: TaskTracker,
    pub(super) lanes: Lanes,
    /// Whether anybody listens.
    pub(super) offers: Arc<Questions>,
    /// What is not read yet. Apart from the offers, which wait for none of it.
    pub(super) backlogs: Arc<Questions>,
    /// The channels that topics with one reader share.
    pub(super) shared: Vec<LineHandle>,
    pub(super) journal: mpsc::UnboundedSender<Settlement>,
    next_id: AtomicU64,
    registry: Mutex<Registry>,
}

/// What this process reads and has declared.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// The consuming channels there are, which a new session waits for.
    pub(super) lines: HashSet<u64>,
    /// The readers, to end them when the bus is closed.
    pub(super) sinks: HashMap<u64, Weak<Sink>>,
    /// The readers of prefixes that are fed by declared topics.
    pub(super) prefixes: HashMap<u64, (String, Arc<Sink>)>,
    /// The topics that this process declared and has not deleted yet.
    pub(super) declared: HashMap<String, Declared>,
}

impl Core {
    pub(super) fn new(
        address: Address,
        options: BusOptions,
        lanes: Lanes,
        shared: Vec<LineHandle>,
        journal: mpsc::UnboundedSender<Settlement>,
    ) -> Arc<Self> {
        let lines = shared.iter().map(|line| line.id).collect();
        Arc::new(Self {
            address,
            options,
            process: Uuid::now_v7(),
            link: watch::Sender::new(Link::Down(NOT_YET.to_owned())),
            session: watch::Sender::new(None),
            closed: CancellationToken::new(),
            stop: CancellationToken::new(),
            hang_up: CancellationToken::new(),
            tasks: TaskTracker::new(),
            keepers: TaskTracker::new(),
            lanes,
            offers: Arc::default(),
            backlogs: Arc::default(),
            shared,
            journal,
            next_id: AtomicU64::new(SHARED_CHANNELS as u64),
            registry: Mutex::new(Registry { lines, ..Registry::default() }),
        })
    }

    /// A number that nothing else in this process has: for channels, readers, sessions.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        // Nothing that holds the lock can leave it half changed.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, if the broker is there and all subscriptions are back.
    pub(super) fn session(&self) -> Result<Arc<Session>, BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::new(BusErrorKind::Closed, "the bus is closed"));
        }
        match (&*self.link.borrow(), &*self.session.borrow()) {
            (Link::Up, Some(session)) => Ok(Arc::clone(session)),
            (Link::Up, None) => Err(BusError::new(BusErrorKind::Unavailable, "the broker is away")),
            (Link::Down(why), _) => {
                Err(BusError::new(BusErrorKind::Unavailable, format!("the broker is away: {why}")))
            }
            (Link::Closed, _) => Err(BusError::new(BusErrorKind::Closed, "the bus is closed")),
        }
    }

    /// Makes the link's state known; once closed it stays so.
    pub(super) fn tell(&self, now: Link) {
        self.link.send_if_modified(|link| {
            let open = *link != Link::Closed;
            if open {
                *link = now;
            }
            open
        });
    }

    /// Ends all subscriptions.
    pub(super) fn end_subscriptions(&self) {
        let sinks: Vec<_> = self.registry().sinks.drain().filter_map(|(_, sink)| sink.upgrade()).collect();
        sinks.iter().for_each(|sink| sink.close());
    }

    /// Makes a new session known, which waits for every line that there is.
    pub(super) fn announce(&self, session: &Arc<Session>) {
        // Under one lock, as in `retire`: a line that ends meanwhile is either not waited for or says that it ends.
        let registry = self.registry();
        session.expect(registry.lines.clone());
        self.session.send_replace(Some(Arc::clone(session)));
    }

    /// A line has ended.
    pub(super) fn retire(&self, line: u64) {
        let mut registry = self.registry();
        registry.lines.remove(&line);
        if let Some(session) = &*self.session.borrow() {
            session.settled(line);
        }
    }

    /// Gives an operation the deadline of the options.
    pub(super) async fn within<T>(
        &self,
        doing: &str,
        operation: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        tokio::time::timeout(self.options.deadline, operation).await.unwrap_or_else(|_| Err(timed_out(doing)))
    }
}

/// Refuses a topic that no queue can be named after.
pub(super) fn check(topic: &str) -> Result<(), BusError> {
    check_topic(topic).map_err(|error| BusError::new(BusErrorKind::Invalid, error.to_string()))
}
