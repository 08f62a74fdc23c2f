//! The connection of the moment, if there is one, and the link's state that goes with it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{BusError, BusErrorKind, Link, LinkState};

/// A connection `T` that comes and goes, until it is closed for good.
#[derive(Debug)]
pub(crate) struct Current<T> {
    state: Mutex<State<T>>,
    link: watch::Sender<Link>,
}

#[derive(Debug)]
enum State<T> {
    Up(Arc<T>),
    Down(BusError),
    Closed,
}

impl<T: fmt::Debug> Current<T> {
    /// There is none yet.
    pub(crate) fn new(why: BusError) -> Self {
        let link = watch::Sender::new(Link::Down(why.to_string()));
        Self { state: Mutex::new(State::Down(why)), link }
    }

    /// The link's state, to be followed.
    pub(crate) fn link(&self) -> LinkState {
        LinkState::new(self.link.subscribe())
    }

    /// The connection, or why there is none.
    pub(crate) fn get(&self) -> Result<Arc<T>, BusError> {
        match &*self.lock() {
            State::Up(connection) => Ok(Arc::clone(connection)),
            State::Down(why) => Err(why.clone()),
            State::Closed => Err(BusError::new(BusErrorKind::Closed, "the bus is closed")),
        }
    }

    /// There is one; false if it comes too late.
    pub(crate) fn up(&self, connection: &Arc<T>) -> bool {
        let mut state = self.lock();
        let open = !matches!(*state, State::Closed);
        if open {
            *state = State::Up(Arc::clone(connection));
            self.link.send_replace(Link::Up);
        }
        open
    }

    /// There is none.
    pub(crate) fn down(&self, why: BusError) {
        let mut state = self.lock();
        if matches!(*state, State::Closed) {
            return;
        }
        let down = Link::Down(why.to_string());
        *state = State::Down(why);
        self.link.send_if_modified(|link| {
            let news = *link != down;
            *link = down;
            news
        });
    }

    /// No operation begins from now on; the last connection, if it is there. The link is not told before [`Current::closed`].
    pub(crate) fn close(&self) -> Option<Arc<T>> {
        match std::mem::replace(&mut *self.lock(), State::Closed) {
            State::Up(connection) => Some(connection),
            State::Down(_) | State::Closed => None,
        }
    }

    /// Nothing is left of it.
    pub(crate) fn closed(&self) {
        self.link.send_replace(Link::Closed);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A panic elsewhere leaves the state as whole as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
