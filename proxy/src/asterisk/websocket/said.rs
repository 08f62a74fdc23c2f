//! What was said of the connection: each thing once, not at each attempt.

use std::{
    collections::HashSet,
    mem::{Discriminant, discriminant},
};

use tracing::{debug, info, warn};

use super::connect::ConnectError;

/// What was said since a connection was last steady.
#[derive(Debug, Default)]
pub(super) struct Said {
    connected: bool,
    /// That a connection was lost which had not been steady.
    lost: bool,
    /// That no connection for other applications could be made in its place.
    not_switched: bool,
    /// Why there was no connection, each cause once: that Asterisk was away must not hide that it refuses us now.
    failed: HashSet<Discriminant<ConnectError>>,
}

impl Said {
    /// There is a connection.
    pub(super) fn connected(&mut self, applications: &[String]) {
        if std::mem::replace(&mut self.connected, true) {
            debug!("connected to Asterisk's events once more");
        } else {
            say_connected(applications);
        }
    }

    /// The connection lasts.
    pub(super) fn steady(&mut self, applications: &[String]) {
        if self.lost {
            say_connected(applications);
        }
        *self = Self::default();
    }

    /// The connection was lost.
    pub(super) fn lost(&mut self, steady: bool, why: &str) {
        if steady {
            warn!(why, "the connection to Asterisk's events was lost; connecting again");
        } else if std::mem::replace(&mut self.lost, true) {
            debug!(why, "the connection to Asterisk's events was lost once more");
        } else {
            warn!(why, "the connection to Asterisk's events was lost soon after it was made; trying on");
        }
    }

    /// The connection for other applications could not be made; the one that is there stays.
    pub(super) fn not_switched(&mut self, error: &ConnectError) {
        if std::mem::replace(&mut self.not_switched, true) {
            debug!(%error, "still cannot connect for other applications");
        } else {
            warn!("cannot connect for other applications, will keep trying: {error}");
        }
    }

    /// There is one for other applications.
    pub(super) fn switched(&mut self) {
        self.not_switched = false;
    }

    /// There is no connection.
    pub(super) fn failed(&mut self, error: &ConnectError) {
        if self.failed.insert(discriminant(error)) {
            warn!("cannot connect to Asterisk's events, will keep trying: {error}");
        } else {
            debug!(%error, "still cannot connect to Asterisk's events");
        }
    }
}

fn say_connected(applications: &[String]) {
    info!(applications = applications.join(","), "connected to Asterisk's events");
}
