//! What the bus, its keeper and its readers share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{limits::LARGEST_MESSAGE, reader::Wanted, session::Session};
use crate::{BusError, BusErrorKind, BusOptions, Link};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: BusOptions,
    pub(super) link: watch::Sender<Link>,
    pub(super) largest_message: AtomicUsize,
    /// Ends the keeper, and the readers after what has arrived for them.
    pub(super) closing: CancellationToken,
    /// Ends every connection and task at once.
    pub(super) over: CancellationToken,
    /// The tasks of subscriptions.
    pub(super) readers: TaskTracker,
    /// The keeper, and a task for each connection.
    pub(super) tasks: TaskTracker,
    state: Mutex<State>,
    wanted: Mutex<HashMap<u64, Arc<Wanted>>>,
    next_wanted: AtomicU64,
}

#[derive(Debug)]
enum State {
    Up(Arc<Session>),
    Down(String),
    Closed,
}

impl Shared {
    pub(super) fn new(options: BusOptions) -> Self {
        let why = "not connected to NATS yet".to_owned();
        let over = CancellationToken::new();
        Self {
            options,
            link: watch::channel(Link::Down(why.clone())).0,
            largest_message: LARGEST_MESSAGE.into(),
            closing: over.child_token(),
            over,
            readers: TaskTracker::new(),
            tasks: TaskTracker::new(),
            state: Mutex::new(State::Down(why)),
            wanted: Mutex::default(),
            next_wanted: 0.into(),
        }
    }

    /// The connection, if there is one now.
    pub(super) fn session(&self) -> Result<Arc<Session>, BusError> {
        match &*lock(&self.state) {
            State::Up(session) if session.lost().is_cancelled() => {
                Err(BusError::new(BusErrorKind::Unavailable, "the connection to NATS was lost"))
            }
            State::Up(session) => Ok(Arc::clone(session)),
            State::Down(why) => Err(BusError::new(BusErrorKind::Unavailable, why.clone())),
            State::Closed => Err(BusError::new(BusErrorKind::Closed, "the bus is closed")),
        }
    }

    pub(super) fn up(&self, session: &Arc<Session>) {
        let mut state = lock(&self.state);
        if !matches!(*state, State::Closed) {
            self.largest_message.store(session.largest_message(), Ordering::Relaxed);
            *state = State::Up(Arc::clone(session));
            self.link.send_replace(Link::Up);
        }
    }

    /// Tells that there is no connection.
    pub(super) fn down(&self, why: &str) {
        let mut state = lock(&self.state);
        if matches!(*state, State::Closed) {
            return;
        }
        *state = State::Down(why.to_owned());
        self.link.send_if_modified(|link| {
            let down = Link::Down(why.to_owned());
            let news = *link != down;
            *link = down;
            news
        });
    }

    /// No operation begins from now on; the last connection, if it is there.
    pub(super) fn close(&self) -> Option<Arc<Session>> {
        match std::mem::replace(&mut *lock(&self.state), State::Closed) {
            State::Up(session) => Some(session),
            State::Down(_) | State::Closed => None,
        }
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
