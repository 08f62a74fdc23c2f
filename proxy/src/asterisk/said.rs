//! What was said of a connection to Asterisk: each thing once, not at each attempt.

use std::{
    collections::HashSet,
    fmt::Display,
    mem::{Discriminant, discriminant},
};

use tracing::{debug, warn};

/// What was said since a connection was last steady.
#[derive(Debug)]
pub(super) struct Said<E> {
    /// What there is a connection to.
    what: &'static str,
    connected: bool,
    /// That a connection was lost which had not been steady.
    lost: bool,
    /// Why there was no connection, each cause once: that Asterisk was away must not hide that it refuses us now.
    failed: HashSet<Discriminant<E>>,
}

impl<E: Display> Said<E> {
    /// Nothing was said of the connection to this.
    pub(super) fn nothing(what: &'static str) -> Self {
        Self { what, connected: false, lost: false, failed: HashSet::new() }
    }

    /// There is a connection: `say` says so.
    pub(super) fn connected(&mut self, say: impl FnOnce()) {
        if std::mem::replace(&mut self.connected, true) {
            debug!("connected to {} once more", self.what);
        } else {
            say();
        }
    }

    /// The connection lasts.
    pub(super) fn steady(&mut self, say_connected: impl FnOnce()) {
        if self.lost {
            say_connected();
        }
        *self = Self::nothing(self.what);
    }

    /// The connection was lost.
    pub(super) fn lost(&mut self, steady: bool, why: &str) {
        let what = self.what;
        if steady {
            warn!(why, "the connection to {what} was lost; connecting again");
        } else if std::mem::replace(&mut self.lost, true) {
            debug!(why, "the connection to {what} was lost once more");
        } else {
            warn!(why, "the connection to {what} was lost soon after it was made; trying on");
        }
    }

    /// There is no connection.
    pub(super) fn failed(&mut self, error: &E) {
        if self.failed.insert(discriminant(error)) {
            warn!("cannot connect to {}, will keep trying: {error}", self.what);
        } else {
            debug!(%error, "still cannot connect to {}", self.what);
        }
    }
}
