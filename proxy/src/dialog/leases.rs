//! Which workers live: each that sends heartbeats has a lease, which every message of it renews. When it is lost, the
//! worker's dialogs are offered to others.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_bus::protocol::MAX_UNIQUE_ID;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Dialog, clock::Clock, owner::Owner};
use crate::{
    limits::{SILENT, WHOLE_REPLY, WORKER_FORGOTTEN, WORKERS},
    metrics::WorkerState,
};

/// Checks what a worker calls itself.
///
/// # Errors
/// It is no name; the text is for the worker.
pub(super) fn check_name(worker_id: &str) -> Result<(), String> {
    match worker_id.len() {
        1..=MAX_UNIQUE_ID => Ok(()),
        _ => Err(format!("`worker_id` is empty or longer than {MAX_UNIQUE_ID} bytes")),
    }
}

/// The leases of all workers, by `worker_id`.
pub(crate) struct Leases {
    clock: Arc<Clock>,
    /// How long a worker may be silent.
    length: Duration,
    workers: Mutex<HashMap<String, Arc<Lease>>>,
}

/// One worker process.
#[derive(Debug)]
pub(crate) struct Lease {
    worker_id: String,
    /// Whether it sends heartbeats: the silence of one that never did means nothing.
    beats: AtomicBool,
    state: Mutex<State>,
    lost: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    /// When it was heard last, in good time.
    heard: Duration,
    /// When it was told all of its dialogs.
    told_all: Option<Duration>,
    /// Its dialogs, by their roots.
    held: HashMap<String, Held>,
}

/// A dialog that a worker holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) dialog: Arc<Dialog>,
    pub(super) owner: Arc<Owner>,
}

impl Leases {
    pub(super) fn new(clock: Arc<Clock>, length: Duration) -> Self {
        Self { clock, length, workers: Mutex::default() }
    }

    /// The lease of a worker that has just been heard; `None` where too many have one.
    pub(super) fn known(&self, worker_id: &str) -> Option<Arc<Lease>> {
        let now = self.clock.now();
        let mut workers = self.workers();
        let lease = match workers.get(worker_id) {
            Some(lease) => Arc::clone(lease),
            None => {
                if workers.len() >= WORKERS {
                    let idle = workers.iter().filter(|(_, lease)| lease.state().held.is_empty());
                    let longest = idle.min_by_key(|(_, lease)| lease.last_heard()).map(|(id, _)| id.clone());
                    workers.remove(&longest?);
                }
                let lease = Arc::new(Lease::new(worker_id, now));
                workers.insert(worker_id.to_owned(), Arc::clone(&lease));
                lease
            }
        };
        drop(workers);
        lease.renew(now);
        Some(lease)
    }

    /// Finds the workers that were silent for too long, as far as that is certain.
    /// Says how many have just lost their lease.
    pub(super) fn look(&self) -> usize {
        let now = self.clock.certain();
        let mut lost = 0;
        self.workers().retain(|_, lease| {
            let silent = now.saturating_sub(lease.last_heard());
            let has_dialogs = !lease.state().held.is_empty();
            if has_dialogs && silent > self.length && lease.has_beaten() {
                lost += usize::from(lease.lose());
            }
            has_dialogs || silent < WORKER_FORGOTTEN
        });
        lost
    }

    /// Whether a worker that had dialogs has fallen silent just now: the bus may still ask it first.
    pub(super) fn anyone_is_silent(&self) -> bool {
        let recent = self.clock.certain().saturating_sub(self.length + SILENT);
        self.workers().values().any(|lease| *lease.lost.borrow() && lease.last_heard() >= recent)
    }

    /// How the workers are that are known.
    pub(super) fn states(&self) -> Vec<WorkerState> {
        let state = |lease: &Arc<Lease>| match (lease.has_beaten(), *lease.lost.borrow()) {
            (false, _) => WorkerState::Unleased,
            (true, false) => WorkerState::Live,
            (true, true) => WorkerState::Silent,
        };
        self.workers().values().map(state).collect()
    }

    fn workers(&self) -> MutexGuard<'_, HashMap<String, Arc<Lease>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    fn new(worker_id: &str, now: Duration) -> Self {
        let state = State { heard: now, told_all: None, held: HashMap::new() };
        let (worker_id, lost) = (worker_id.to_owned(), watch::Sender::new(false));
        Self { worker_id, beats: AtomicBool::new(false), state: Mutex::new(state), lost }
    }

    /// What the worker calls itself.
    pub(super) fn worker_id(&self) -> &str {
        &self.worker_id
    }

    /// The worker was heard.
    pub(super) fn renew(&self, now: Duration) {
        let mut state = self.state();
        state.heard = state.heard.max(now);
        drop(state);
        if self.lost.send_if_modified(|lost| std::mem::replace(lost, false)) {
            info!(worker = %self.worker_id, "a worker is heard again");
        }
    }

    /// The worker has sent a heartbeat: from now on its silence means something.
    pub(super) fn beats(&self) {
        self.beats.store(true, Ordering::Relaxed);
    }

    /// Whether the worker has ever sent a heartbeat.
    pub(super) fn has_beaten(&self) -> bool {
        self.beats.load(Ordering::Relaxed)
    }

    /// When the worker was heard last, in good time.
    pub(super) fn last_heard(&self) -> Duration {
        self.state().heard
    }

    /// Resolves when the lease is lost.
    pub(super) async fn lost(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.lost.subscribe().wait_for(|lost| *lost).await;
    }

    /// The worker has this dialog from now on.
    pub(super) fn hold(&self, held: Held) {
        self.state().held.insert(held.dialog.root.clone(), held);
    }

    /// The worker has no such dialog any more.
    pub(super) fn let_go(&self, root: &str) {
        self.state().held.remove(root);
    }

    /// The dialog that a worker says it holds in this term, if it does.
    pub(super) fn held(&self, root: &str, term: u64) -> Option<Held> {
        self.state().held.get(root).filter(|held| held.owner.term == term).cloned()
    }

    /// The dialogs that a worker is to be told besides those that it names: where it has not said that the last event has
    /// come, and from time to time all.
    pub(super) fn to_tell(&self, now: Duration) -> Vec<Held> {
        let mut state = self.state();
        let all = state.told_all.is_none_or(|told| now.saturating_sub(told) >= WHOLE_REPLY);
        if all {
            state.told_all = Some(now);
        }
        state.held.values().filter(|held| all || !held.dialog.delivery.last().1).cloned().collect()
    }

    /// Says whether that is news.
    fn lose(&self) -> bool {
        let is_news = self.lost.send_if_modified(|lost| !std::mem::replace(lost, true));
        if is_news {
            let dialogs = self.state().held.len();
            warn!(worker = %self.worker_id, dialogs, "a worker is silent: its calls are offered to others");
        }
        is_news
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
