//! What all dialogs of one proxy share.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ari_bus::{
    Bus, Reach,
    protocol::{Names, server_token},
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Dialog, Mail,
    at_once::AtOnce,
    clock::Clock,
    handover::{Freeze, form::MailForm},
    kept::Budget,
    leases::Leases,
    moves::Moves,
    offers::{Offer, Offers, uuid_of},
    registry::Registry,
    restart::{Marks, Settling},
    watchers::Watchers,
};
use crate::{
    applications::Applications,
    asterisk::{rest::Rest, websocket::Status},
    claim::Claim,
    config::Config,
    limits::{ATTACHES_AT_ONCE, FAREWELLS, RECONNECT, REPLIES_AT_ONCE},
    metrics::Metrics,
    policy::{Guard, Policy},
    sabotage::Sabotage,
};

/// What all dialogs of one proxy share.
pub(crate) struct Context {
    pub(crate) config: Config,
    /// Those of the configuration, and those that were added since.
    pub(crate) applications: Arc<Applications>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) names: Names,
    pub(crate) rest: Rest,
    pub(crate) metrics: Arc<Metrics>,
    /// The id of this process.
    pub(super) incarnation: String,
    /// The prefix of the topics on which version-2 workers send to this process.
    pub(crate) inbox: String,
    /// That no other process acts.
    pub(crate) claim: Arc<Claim>,
    /// Who has which application in Asterisk.
    pub(crate) status: Status,
    pub(super) clock: Arc<Clock>,
    pub(super) leases: Leases,
    /// What the events of all dialogs take.
    pub(super) budget: Budget,
    pub(crate) sabotage: Sabotage,
    /// The tasks of the dialogs.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the proxy stops: nothing new is begun, what is in flight is finished.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the time for that is up: owners are told, the rest is abandoned.
    pub(crate) abandon: CancellationToken,
    /// Cancelled when another process has all dialogs: they end here without a word.
    pub(crate) over: CancellationToken,
    /// Bounds how many do the same at the bus at once.
    pub(super) at_once: AtOnce,
    /// Bounds how many late accepts are answered at once.
    pub(super) farewells: Arc<Semaphore>,
    /// Bounds how many heartbeats are answered at once.
    pub(super) replies: Arc<Semaphore>,
    /// Bounds how many attaches are looked after at once.
    pub(super) attaches: Arc<Semaphore>,
    pub(super) registry: Mutex<Registry<Dialog>>,
    pub(super) offers: Mutex<Offers>,
    /// All dialogs, by their roots.
    pub(super) dialogs: Mutex<HashMap<String, Arc<Dialog>>>,
    /// Events that may be for calls of an earlier process, while their workers may still bring them.
    pub(super) settling: Mutex<Settling>,
    /// Whether it is known what there was before this process.
    pub(super) surveyed: watch::Sender<bool>,
    /// What the channels are told of their dialogs, for a later process.
    pub(super) marks: Marks,
    /// Held by whoever finds out what became of objects.
    pub(super) sorting: Arc<()>,
    /// Whether all dialogs stand still, to be handed over to another process.
    pub(super) freeze: Freeze,
    /// Moves of channels that no dialog has any more.
    pub(super) moves: Moves,
    /// What the workers of each application may do, once it had a dialog: applications come while it runs.
    pub(super) policies: Mutex<HashMap<String, Arc<Policy>>>,
    /// Topics of applications whose last offer nobody listened to: said once, not for each offer.
    pub(super) unheard: Mutex<HashSet<String>>,
    /// Who looks on.
    pub(crate) watchers: Watchers,
}

impl Context {
    /// A context without dialogs.
    pub(crate) fn new(
        config: Config,
        bus: Arc<dyn Bus>,
        rest: Rest,
        metrics: Arc<Metrics>,
        incarnation: &str,
        claim: Arc<Claim>,
        stop: CancellationToken,
    ) -> Self {
        let names = config.names();
        let inbox = names.proxy_inbox(&config.server_id, incarnation);
        let (registry, offers, unheard) = (Mutex::default(), Mutex::default(), Mutex::default());
        let tasks = TaskTracker::new();
        let abandon = CancellationToken::new();
        let (farewells, replies) =
            (Arc::new(Semaphore::new(FAREWELLS)), Arc::new(Semaphore::new(REPLIES_AT_ONCE)));
        let clock = Arc::new(Clock::new(config.dialog.lease + RECONNECT));
        let leases = Leases::new(Arc::clone(&clock), config.dialog.lease);
        let applications = Arc::new(Applications::fixed(&config.applications));
        Self {
            config,
            applications,
            bus,
            names,
            rest,
            metrics,
            incarnation: incarnation.to_owned(),
            inbox,
            claim,
            status: Status::default(),
            clock,
            leases,
            budget: Budget::default(),
            sabotage: Sabotage::default(),
            tasks,
            stop,
            abandon,
            over: CancellationToken::new(),
            at_once: AtOnce::default(),
            farewells,
            replies,
            attaches: Arc::new(Semaphore::new(ATTACHES_AT_ONCE)),
            registry,
            offers,
            dialogs: Mutex::default(),
            settling: Mutex::default(),
            surveyed: watch::Sender::new(false),
            marks: Marks::default(),
            sorting: Arc::default(),
            freeze: Freeze::default(),
            moves: Moves::default(),
            policies: Mutex::default(),
            unheard,
            watchers: Watchers::default(),
        }
    }

    /// What the workers of a new dialog of this application may do.
    pub(super) fn guard(&self, application: &str) -> Guard {
        // A panic while it was held would leave it whole.
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = policies
            .entry(application.to_owned())
            .or_insert_with(|| Policy::new(&self.config.policy, application));
        Guard::new(policy)
    }

    /// Runs a task of a dialog, until another process has all of them.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let over = self.over.clone();
        // Boxed: what is moved into a future that waits for it is in it twice and thrice.
        let task = Box::pin(task);
        self.tasks.spawn(async move {
            over.run_until_cancelled(task).await;
        })
    }

    // A panic while one of these was held would leave it as whole as each of their short methods does.
    pub(super) fn registry(&self) -> MutexGuard<'_, Registry<Dialog>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn offers(&self) -> MutexGuard<'_, Offers> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dialogs(&self) -> MutexGuard<'_, HashMap<String, Arc<Dialog>>> {
        self.dialogs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settling(&self) -> MutexGuard<'_, Settling> {
        self.settling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets dialogs go on that stand still, if they do, with what was sent to them meanwhile.
    pub(crate) async fn thaw(&self) {
        if !self.freeze.is_frozen() {
            return;
        }
        let deliver = |MailForm { offer, version_1, payload }| {
            let known = self.offers().get(&offer);
            if let Some(Offer { dialog, term }) = known {
                // Where it cannot keep up it is said again.
                let _ = dialog.mail.try_send(Mail { term, version_1, payload: payload.0 });
            }
        };
        self.freeze.end(deliver).await;
    }

    /// Does something while no event is routed and no dialog begins, if the application has none.
    ///
    /// # Errors
    /// How many it has; then nothing is done.
    pub(crate) fn without_dialogs(&self, application: &str, act: impl FnOnce()) -> Result<(), usize> {
        let _no_event = self.settling();
        let dialogs = self.dialogs();
        match dialogs.values().filter(|dialog| dialog.application == application).count() {
            0 => {
                act();
                Ok(())
            }
            some => Err(some),
        }
    }

    /// Whether there may be calls that have no dialog yet: those of an earlier process or of a gap are being sorted out.
    pub(crate) fn is_sorting_out(&self) -> bool {
        // The second: Asterisk is being asked what became of objects; dialogs are told later.
        self.settling().is_active() || Arc::strong_count(&self.sorting) > 1
    }

    /// A dialog is over.
    pub(super) fn forget(&self, dialog: &Dialog) {
        self.dialogs().remove(&dialog.root);
        self.freeze.look_again();
    }

    /// Notes whether anybody listened to an application's topic; says whether that is news.
    pub(super) fn note_reach(&self, topic: &str, reach: Reach) -> bool {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        match reach {
            Reach::Nobody => unheard.insert(topic.to_owned()),
            Reach::Somebody => unheard.remove(topic),
        }
    }

    /// Where version-2 workers send what concerns an offer.
    pub(super) fn commands_topic(&self, dialog_id: &str) -> String {
        format!("{}{}", self.inbox, uuid_of(dialog_id))
    }

    /// The dialog id of the offer whose topic this is: both end in the same uuid.
    pub(super) fn dialog_id_of(&self, topic: &str) -> String {
        format!("{}.{}", server_token(&self.config.server_id), uuid_of(topic))
    }
}
