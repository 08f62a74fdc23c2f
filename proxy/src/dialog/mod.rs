//! Dialogs: from a StasisStart to the deletion of its topics.
//!
//! [`router`] takes events from the websocket and finds their dialogs in the [`registry`]; [`inbox`] takes messages
//! from the bus and finds theirs in [`offers`]. Each dialog runs in a task of its own ([`life`]): it is offered until a
//! worker accepts ([`offering`]), then events flow to the worker ([`outlet`]) beside commands to Asterisk
//! ([`commands`]), until no channel is left.

mod activity;
mod commands;
mod ending;
pub(crate) mod inbox;
mod life;
mod mailbox;
mod moves;
mod offering;
mod offers;
mod outlet;
mod owner;
mod persist;
mod queues;
mod registry;
#[cfg(test)]
mod registry_tests;
mod replies;
mod router;
mod terms;
#[cfg(test)]
mod testing;
mod unanswered;
mod verdict;
mod worker_topics;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

use ari_bus::{
    Bus, Reach,
    protocol::{Names, server_token},
};
use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{asterisk::rest::Rest, config::Config, counters::Counters, limits::FAREWELLS};

pub(crate) use router::Router;

use moves::Moves;
use offers::{Offers, uuid_of};
use registry::{Member, Registry};

/// What all dialogs of one proxy share.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) names: Names,
    pub(crate) rest: Rest,
    pub(crate) counters: Arc<Counters>,
    /// The prefix of the topics on which version-2 workers send to this process.
    pub(crate) inbox: String,
    /// The tasks of the dialogs.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the proxy stops: nothing new is begun, what is in flight is finished.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the time for that is up: owners are told, the rest is abandoned.
    pub(crate) abandon: CancellationToken,
    /// Bounds how many late accepts are answered at once.
    farewells: Arc<Semaphore>,
    registry: Mutex<Registry<Dialog>>,
    offers: Mutex<Offers>,
    /// Moves of channels that no dialog has any more.
    moves: Moves,
    /// Topics of applications whose last offer nobody listened to: said once, not for each offer.
    unheard: Mutex<HashSet<String>>,
}

impl Context {
    /// A context without dialogs.
    pub(crate) fn new(
        config: Config,
        bus: Arc<dyn Bus>,
        rest: Rest,
        counters: Arc<Counters>,
        incarnation: &str,
        stop: CancellationToken,
    ) -> Self {
        let names = config.names();
        let inbox = names.proxy_inbox(&config.server_id, incarnation);
        let (registry, offers, unheard) = (Mutex::default(), Mutex::default(), Mutex::default());
        let tasks = TaskTracker::new();
        let abandon = CancellationToken::new();
        let farewells = Arc::new(Semaphore::new(FAREWELLS));
        Self {
            config,
            bus,
            names,
            rest,
            counters,
            inbox,
            tasks,
            stop,
            abandon,
            farewells,
            registry,
            offers,
            moves: Moves::default(),
            unheard,
        }
    }

    // A panic while one of these was held would leave it as whole as each of their short methods does.
    fn registry(&self) -> MutexGuard<'_, Registry<Dialog>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offers(&self) -> MutexGuard<'_, Offers> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether anybody listened to an application's topic; says whether that is news.
    fn note_reach(&self, topic: &str, reach: Reach) -> bool {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        match reach {
            Reach::Nobody => unheard.insert(topic.to_owned()),
            Reach::Somebody => unheard.remove(topic),
        }
    }

    /// The dialog id of the offer whose topic this is: both end in the same uuid.
    fn dialog_id_of(&self, topic: &str) -> String {
        format!("{}.{}", server_token(&self.config.server_id), uuid_of(topic))
    }
}

/// A dialog as the rest of the proxy knows it: a name, and two queues into its task.
pub(crate) struct Dialog {
    /// The lasting id: the dialog id of the first offer.
    root: String,
    application: String,
    /// The channel whose StasisStart opened it.
    channel: String,
    events: mpsc::Sender<AriEvent>,
    mail: mpsc::Sender<Mail>,
    channels: watch::Sender<usize>,
    /// Events that were dropped since the last one that found room in the queue.
    missed: AtomicU64,
}

impl Member for Dialog {
    fn application(&self) -> &str {
        &self.application
    }

    fn channels(&self) -> &watch::Sender<usize> {
        &self.channels
    }
}

/// An event of Asterisk on its way to a dialog. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AriEvent {
    kind: Arc<str>,
    body: Utf8Bytes,
    /// Events before this one that were dropped: their numbers are used up, so that the worker sees the gap.
    missed: u64,
}

/// A message from the bus to one offer of a dialog.
#[derive(Debug)]
pub(crate) struct Mail {
    term: u64,
    /// Whether it came on the version-1 topic.
    version_1: bool,
    payload: Bytes,
}
