//! What the bus, its keeper and its readers share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{limits::LARGEST_MESSAGE, reader::Wanted, session::Session};
use crate::{BusError, BusErrorKind, BusOptions, current::Current, link::NOT_YET, stream::StreamOptions};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: BusOptions,
    /// The stream of JetStream that each connection finds or makes before it is used.
    pub(super) stream: Option<StreamOptions>,
    pub(super) current: Current<Session>,
    pub(super) largest_message: AtomicUsize,
    /// Ends the keeper, and the readers after what has arrived for them.
    pub(super) closing: CancellationToken,
    /// Ends every connection and task at once.
    pub(super) over: CancellationToken,
    /// The tasks of subscriptions.
    pub(super) readers: TaskTracker,
    /// The keeper, and a task for each connection.
    pub(super) tasks: TaskTracker,
    wanted: Mutex<HashMap<u64, Arc<Wanted>>>,
    next_wanted: AtomicU64,
}

impl Shared {
    pub(super) fn new(options: BusOptions, stream: Option<StreamOptions>) -> Self {
        let over = CancellationToken::new();
        Self {
            options,
            stream,
            current: Current::new(BusError::new(BusErrorKind::Unavailable, NOT_YET)),
            largest_message: LARGEST_MESSAGE.into(),
            closing: over.child_token(),
            over,
            readers: TaskTracker::new(),
            tasks: TaskTracker::new(),
            wanted: Mutex::default(),
            next_wanted: 0.into(),
        }
    }

    /// The connection, if there is one now.
    pub(super) fn session(&self) -> Result<Arc<Session>, BusError> {
        let session = self.current.get()?;
        if session.lost().is_cancelled() {
            return Err(BusError::new(BusErrorKind::Unavailable, "the connection to NATS was lost"));
        }
        Ok(session)
    }

    pub(super) fn up(&self, session: &Arc<Session>) {
        // First: whoever sees the link up may ask for it.
        self.largest_message.store(session.largest_message(), Ordering::Relaxed);
        self.current.up(session);
    }

    pub(super) fn wanted(&self) -> Vec<Arc<Wanted>> {
        lock(&self.wanted).values().map(Arc::clone).collect()
    }

    /// From now on the keeper renews this subscription, until what is returned is dropped.
    pub(super) fn want(self: &Arc<Self>, subject: String, group: Option<String>) -> Want {
        let wanted = Arc::new(Wanted::new(subject, group));
        let number = self.next_wanted.fetch_add(1, Ordering::Relaxed);
        lock(&self.wanted).insert(number, Arc::clone(&wanted));
        Want { shared: Arc::clone(self), wanted, number }
    }
}

/// A subscription's place among those that the keeper renews.
pub(super) struct Want {
    pub(super) wanted: Arc<Wanted>,
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Want {
    fn drop(&mut self) {
        lock(&self.shared.wanted).remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves these values as whole as they were.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
