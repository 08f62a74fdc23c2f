//! Heartbeats: how the proxies know that this worker lives, and how it knows that its calls are still its own.
//!
//! One task for each proxy, while this worker has calls of it. It also brings them to the process that takes the place of a
//! proxy which died.

mod attach;
mod beat;
mod ledger;
mod strays;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ari_bus::{
    Bus,
    protocol::{Names, check_topic},
};
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use crate::{
    call::{Answers, Dialog, Lease},
    inbox::{Address, Inbox},
    limits::{FIRST_HEARTBEAT_DEADLINE, HEARTBEAT_INTERVAL},
};
use ledger::{Ledger, Ways};

/// The proxies that this worker has calls of, by their `server_id`.
pub(crate) struct Contacts {
    shared: Shared,
    contacts: Mutex<HashMap<String, Arc<Contact>>>,
    tasks: TaskTracker,
    /// Ends all heartbeats.
    over: CancellationToken,
}

/// What the heartbeats to all proxies have in common.
#[derive(Clone)]
struct Shared {
    bus: Arc<dyn Bus>,
    names: Names,
    inbox: Arc<Inbox>,
    worker_id: String,
    /// How many calls the worker serves now.
    load: Arc<dyn Fn() -> usize + Send + Sync>,
}

/// One proxy.
struct Contact {
    /// Where heartbeats go.
    topic: String,
    /// The replies on their way.
    answers: Arc<Answers>,
    address: Address,
    lease: Arc<Lease>,
    /// Between two heartbeats.
    interval: watch::Sender<Duration>,
    ledger: Mutex<Ledger>,
    /// Whether a heartbeat has gone out.
    begun: watch::Sender<bool>,
}

/// A call's place among those of its proxy. Dropping it gives the place up.
pub(crate) struct Seat {
    /// `None` for a proxy whose name no topic can carry: it gets no heartbeats.
    contact: Option<Arc<Contact>>,
    id: u64,
}

impl Contacts {
    pub(crate) fn new(
        bus: Arc<dyn Bus>,
        names: Names,
        inbox: Arc<Inbox>,
        worker_id: String,
        load: impl Fn() -> usize + Send + Sync + 'static,
        over: CancellationToken,
    ) -> Arc<Self> {
        let shared = Shared { bus, names, inbox, worker_id, load: Arc::new(load) };
        Arc::new(Self { shared, contacts: Mutex::default(), tasks: TaskTracker::new(), over })
    }

    /// A place for a call of a proxy; heartbeats to it begin if there were none.
    pub(crate) fn seat(self: &Arc<Self>, server_id: &str) -> Seat {
        let topic = self.shared.names.control(server_id);
        if let Err(error) = check_topic(&topic) {
            debug!(%error, "a proxy gets no heartbeats");
            return Seat { contact: None, id: 0 };
        }
        let mut contacts = self.lock();
        let contact = contacts.entry(server_id.to_owned()).or_insert_with(|| {
            let answers = Arc::new(Answers::default());
            let contact = Arc::new(Contact {
                topic,
                address: self.shared.inbox.register_replies(Arc::clone(&answers)),
                answers,
                lease: Arc::default(),
                interval: watch::Sender::new(HEARTBEAT_INTERVAL),
                ledger: Mutex::default(),
                begun: watch::Sender::new(false),
            });
            let (contacts, name, beating) = (Arc::clone(self), server_id.to_owned(), Arc::clone(&contact));
            let over = self.over.clone();
            self.tasks.spawn(async move {
                over.run_until_cancelled(beat::run(contacts, name, beating)).await;
            });
            contact
        });
        let contact = Arc::clone(contact);
        // Under the lock of the map: a contact without seats goes at its next heartbeat.
        let id = contact.ledger().sit_down();
        Seat { contact: Some(contact), id }
    }

    /// Ends all heartbeats.
    pub(crate) async fn end(&self) {
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Forgets a proxy of which there are no calls; false if there are.
    fn forget(&self, server_id: &str, contact: &Contact) -> bool {
        let mut contacts = self.lock();
        let empty = contact.ledger().is_empty();
        if empty {
            contacts.remove(server_id);
        }
        empty
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Contact>>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contact {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// How long the proxy certainly keeps the calls of this worker.
    pub(crate) fn lease(&self) -> Arc<Lease> {
        self.contact.as_ref().map(|contact| Arc::clone(&contact.lease)).unwrap_or_default()
    }

    /// Waits until the proxy has been told of this worker, for a moment at most: a worker that dies right after its accept
    /// is to be missed.
    pub(crate) async fn begun(&self) {
        if let Some(contact) = &self.contact {
            let mut begun = contact.begun.subscribe();
            let _ = timeout(FIRST_HEARTBEAT_DEADLINE, begun.wait_for(|begun| *begun)).await;
        }
    }

    /// The call is this worker's: heartbeats name it from now on, and should its proxy be restarted, it is brought to the new
    /// process, which then sends to the same address.
    pub(crate) fn confirm(&self, dialog: &Arc<Dialog>, address: &Address) {
        if let Some(contact) = &self.contact {
            let ways = Ways { events: address.events(), responses: address.responses() };
            contact.ledger().confirm(self.id, dialog, ways);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(contact) = &self.contact {
            // A contact without seats ends by itself: the next call will not have to begin it anew.
            contact.ledger().leave(self.id);
        }
    }
}
