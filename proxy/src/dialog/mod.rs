//! Dialogs: from a StasisStart to the deletion of its topics.
//!
//! [`router`] takes events from the websocket and finds their dialogs in the [`registry`]; [`inbox`] takes messages
//! from the bus and finds theirs in [`offers`]. Each dialog runs in a task of its own ([`life`]): it is offered until a
//! worker accepts ([`offering`]), then events flow to the worker ([`outlet`]) beside commands to Asterisk
//! ([`commands`]), until no channel is left. Events are kept until they are acknowledged ([`delivery`]), answers until the
//! dialog ends ([`recorded`]): if the worker is silent for too long ([`leases`]), the next one goes on where it was.

mod activity;
mod called;
mod clock;
mod commands;
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
mod publishing;
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

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use ari_bus::{
    Bus, Reach,
    protocol::{Names, server_token},
};
use bytes::Bytes;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
    time::Instant,
};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    applications::Applications,
    asterisk::{rest::Rest, websocket::Status},
    claim::Claim,
    config::Config,
    limits::{ATTACHES_AT_ONCE, FAREWELLS, MAIL_PER_DIALOG, RECONNECT, REPLIES_AT_ONCE},
    metrics::Metrics,
    policy::{Guard, Policy},
    sabotage::Sabotage,
};

pub(crate) use router::Router;
pub(crate) use standing::Standing;

use clock::Clock;
use commands::Turn;
use delivery::Delivery;
use handover::{Freeze, form::MailForm};
use kept::Budget;
use leases::Leases;
use moves::Moves;
use offers::{Offer, Offers, uuid_of};
use owner::Owner;
use parting::Parting;
use publishing::Publishing;
use recorded::Recorded;
use registry::{Member, Registry};
use restart::{Marks, Settling};
use watchers::Watchers;

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
    incarnation: String,
    /// The prefix of the topics on which version-2 workers send to this process.
    pub(crate) inbox: String,
    /// That no other process acts.
    pub(crate) claim: Arc<Claim>,
    /// Who has which application in Asterisk.
    pub(crate) status: Status,
    clock: Arc<Clock>,
    leases: Leases,
    /// What the events of all dialogs take.
    budget: Budget,
    pub(crate) sabotage: Sabotage,
    /// The tasks of the dialogs.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the proxy stops: nothing new is begun, what is in flight is finished.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the time for that is up: owners are told, the rest is abandoned.
    pub(crate) abandon: CancellationToken,
    /// Cancelled when another process has all dialogs: they end here without a word.
    pub(crate) over: CancellationToken,
    /// Bounds how many dialogs publish at once.
    publishing: Publishing,
    /// Bounds how many late accepts are answered at once.
    farewells: Arc<Semaphore>,
    /// Bounds how many heartbeats are answered at once.
    replies: Arc<Semaphore>,
    /// Bounds how many attaches are looked after at once.
    attaches: Arc<Semaphore>,
    registry: Mutex<Registry<Dialog>>,
    offers: Mutex<Offers>,
    /// All dialogs, by their roots.
    dialogs: Mutex<HashMap<String, Arc<Dialog>>>,
    /// Events that may be for calls of an earlier process, while their workers may still bring them.
    settling: Mutex<Settling>,
    /// Whether it is known what there was before this process.
    surveyed: watch::Sender<bool>,
    /// What the channels are told of their dialogs, for a later process.
    marks: Marks,
    /// Held by whoever finds out what became of objects.
    sorting: Arc<()>,
    /// Whether all dialogs stand still, to be handed over to another process.
    freeze: Freeze,
    /// Moves of channels that no dialog has any more.
    moves: Moves,
    /// What the workers of each application may do, once it had a dialog: applications come while it runs.
    policies: Mutex<HashMap<String, Arc<Policy>>>,
    /// Topics of applications whose last offer nobody listened to: said once, not for each offer.
    unheard: Mutex<HashSet<String>>,
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
            publishing: Publishing::default(),
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
    fn guard(&self, application: &str) -> Guard {
        // A panic while it was held would leave it whole.
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = policies
            .entry(application.to_owned())
            .or_insert_with(|| Policy::new(&self.config.policy, application));
        Guard::new(policy)
    }

    /// Runs a task of a dialog, until another process has all of them.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let over = self.over.clone();
        self.tasks.spawn(async move {
            over.run_until_cancelled(task).await;
        })
    }

    // A panic while one of these was held would leave it as whole as each of their short methods does.
    fn registry(&self) -> MutexGuard<'_, Registry<Dialog>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offers(&self) -> MutexGuard<'_, Offers> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dialogs(&self) -> MutexGuard<'_, HashMap<String, Arc<Dialog>>> {
        self.dialogs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settling(&self) -> MutexGuard<'_, Settling> {
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

    /// Whether Asterisk is being asked what became of objects: dialogs are told later.
    fn is_sorting(&self) -> bool {
        Arc::strong_count(&self.sorting) > 1
    }

    /// A dialog is over.
    fn forget(&self, dialog: &Dialog) {
        self.dialogs().remove(&dialog.root);
        self.freeze.look_again();
    }

    /// Notes whether anybody listened to an application's topic; says whether that is news.
    fn note_reach(&self, topic: &str, reach: Reach) -> bool {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        match reach {
            Reach::Nobody => unheard.insert(topic.to_owned()),
            Reach::Somebody => unheard.remove(topic),
        }
    }

    /// Where version-2 workers send what concerns an offer.
    fn commands_topic(&self, dialog_id: &str) -> String {
        format!("{}{}", self.inbox, uuid_of(dialog_id))
    }

    /// The dialog id of the offer whose topic this is: both end in the same uuid.
    fn dialog_id_of(&self, topic: &str) -> String {
        format!("{}.{}", server_token(&self.config.server_id), uuid_of(topic))
    }
}

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
