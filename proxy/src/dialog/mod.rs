//! Dialogs: from a StasisStart to the deletion of its topics.
//!
//! [`router`] takes events from the websocket and finds their dialogs in the [`registry`]; [`inbox`] takes messages
//! from the bus and finds theirs in [`offers`]. Each dialog runs in a task of its own ([`life`]): it is offered until a
//! worker accepts ([`offering`]), then events flow to the worker ([`outlet`]) beside commands to Asterisk
//! ([`commands`]), until no channel is left. Events are kept until they are acknowledged ([`delivery`]), answers until the
//! dialog ends ([`recorded`]): if the worker is silent for too long ([`leases`]), the next one goes on where it was.

mod activity;
mod at_once;
mod called;
mod clock;
mod commands;
mod context;
pub(crate) mod control;
mod delivery;
mod ending;
pub(crate) mod handover;
pub(crate) mod inbox;
mod kept;
mod leases;
mod life;
mod mailbox;
mod moves;
mod offering;
mod offers;
pub(crate) mod opening;
pub(crate) mod operating;
mod order;
mod outlet;
mod owner;
mod parting;
mod persist;
pub(crate) mod pulse;
mod queues;
mod reader;
mod recorded;
mod registry;
mod replies;
pub(crate) mod restart;
mod resync;
mod router;
mod standing;
mod tenure;
mod terms;
#[cfg(test)]
mod testing;
mod unanswered;
mod verdict;
pub(crate) mod watchers;
mod worker_topics;

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{limits::MAIL_PER_DIALOG, policy::Guard};

pub(crate) use context::Context;
pub(crate) use router::Router;
pub(crate) use standing::Standing;

use commands::Turn;
use delivery::Delivery;
use owner::Owner;
use parting::Parting;
use recorded::Recorded;
use registry::Member;

/// A dialog as all of the proxy knows it.
#[derive(Debug)]
pub(crate) struct Dialog {
    /// The lasting id: the dialog id of the first offer.
    root: String,
    application: String,
    /// When it came to be, in this process.
    born: Instant,
    /// How its first channel came; not set before, where a worker opened it.
    first: OnceLock<First>,
    delivery: Delivery,
    parting: Parting,
    recorded: Mutex<Recorded>,
    /// What the owners saved last, for whoever comes after them.
    saved: Mutex<Option<String>>,
    /// The owner, or the last one.
    owner: Mutex<Option<Arc<Owner>>>,
    /// Commands of terms before this one are void: their workers have lost the dialog.
    valid: AtomicU64,
    mail: mpsc::Sender<Mail>,
    channels: watch::Sender<usize>,
    /// Where what is to be done for it in Asterisk takes its turn, once its task has begun.
    turns: OnceLock<mpsc::Sender<Turn>>,
    /// Whether a worker has it.
    owned: AtomicBool,
    /// What its workers may do.
    guard: Guard,
}

/// The first channel of a dialog, and its StasisStart.
#[derive(Debug)]
struct First {
    channel: String,
    start: Utf8Bytes,
}

impl Dialog {
    /// A dialog that begins with this StasisStart, and the end of its mail.
    fn new(
        context: &Context,
        root: String,
        application: &str,
        channel: &str,
        start: Utf8Bytes,
    ) -> (Arc<Self>, mpsc::Receiver<Mail>) {
        let (dialog, mail) = Self::without_channel(context, root, application);
        dialog.has_first(channel, start);
        (dialog, mail)
    }

    /// A dialog that a worker opened, and the end of its mail.
    fn without_channel(
        context: &Context,
        root: String,
        application: &str,
    ) -> (Arc<Self>, mpsc::Receiver<Mail>) {
        let (mail, mail_in) = mpsc::channel(MAIL_PER_DIALOG);
        let dialog = Self {
            root,
            application: application.to_owned(),
            born: Instant::now(),
            first: OnceLock::new(),
            delivery: Delivery::new(context.budget.clone()),
            parting: Parting::default(),
            recorded: Mutex::default(),
            saved: Mutex::default(),
            owner: Mutex::default(),
            valid: AtomicU64::new(1),
            mail,
            channels: watch::Sender::new(0),
            turns: OnceLock::new(),
            owned: AtomicBool::new(false),
            guard: context.guard(application),
        };
        (Arc::new(dialog), mail_in)
    }

    /// A channel has entered: the first one, where there was none.
    fn has_first(&self, channel: &str, start: Utf8Bytes) {
        self.first.get_or_init(|| First { channel: channel.to_owned(), start });
    }

    /// The StasisStart of the first channel, where there was any.
    fn start(&self) -> Option<&Utf8Bytes> {
        self.first.get().map(|first| &first.start)
    }

    /// The first channel, where there was any.
    fn channel(&self) -> Option<&str> {
        self.first.get().map(|first| first.channel.as_str())
    }

    /// Whether a worker has it now.
    fn has_owner(&self, context: &Context, owned: bool) {
        self.owned.store(owned, Ordering::Relaxed);
        context.watchers.state(self, if owned { "a worker has it" } else { "offered" });
    }

    // As in the context: each is held for one short method.
    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saved(&self) -> MutexGuard<'_, Option<String>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner(&self) -> MutexGuard<'_, Option<Arc<Owner>>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member for Dialog {
    fn application(&self) -> &str {
        &self.application
    }

    fn channels(&self) -> &watch::Sender<usize> {
        &self.channels
    }
}

/// A message from the bus to one offer of a dialog.
#[derive(Debug)]
pub(crate) struct Mail {
    term: u64,
    /// Whether it came on the version-1 topic.
    version_1: bool,
    payload: Bytes,
}
