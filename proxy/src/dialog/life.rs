//! The life of one dialog, in its own task: offered, active, offered again if its worker is gone, lingering, gone.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ari_bus::protocol::{Control, Incoming, parse_incoming};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use tracing::{debug, info, warn};

use super::{
    Context, Dialog, Mail,
    activity::Activity,
    commands::{Commands, Job, Task, Turn},
    ending::{until_over, until_stopped},
    handover::{Resting, form::Stage, hand_over},
    mailbox::{Mailbox, Wish},
    offering::{Offered, Offering},
    order::Order,
    outlet::Outlet,
    owner::{Holding, Owner, publish_gone},
    persist::delete_persistently,
    queues::until_read,
    registry::Remains,
    replies::tell_gone,
    terms::Terms,
    unanswered::give_back,
};
use crate::{
    config::Orphans,
    limits::{COMMANDS_PER_DIALOG, MAX_TERM_PAUSE, STEADY_TERM},
    metrics::{DialogState, Lost, Metric},
    pauses::Pauses,
};

/// How the life of a dialog begins in this process.
pub(super) enum Beginning {
    /// With a StasisStart.
    Call,
    /// With a worker that brought it or opened it; the terms are those so far.
    Owned(Terms, Holding),
    /// With a channel that nobody has, after terms of an earlier process.
    Orphan(Terms),
    /// In the middle, as another process had it, with the commands that waited there.
    HandedOver(Terms, Step, Vec<Waiting>),
}

/// What comes next in the life of a dialog.
pub(super) enum Step {
    /// It is offered. If it had an owner before: when that was heard last.
    Offer(Option<Duration>),
    /// A worker has it.
    Serve(Serving),
}

/// The service of one owner.
pub(super) struct Serving {
    pub(super) holding: Holding,
    pub(super) order: Order<Wish>,
    /// Its first message, where that came while the dialog was offered.
    pub(super) first: Option<Mail>,
    /// Whether it goes on as before: nobody is told of it.
    pub(super) known: bool,
}

/// A command that waited in another process.
pub(super) struct Waiting {
    pub(super) owner: Arc<Owner>,
    pub(super) unique_id: String,
    pub(super) task: Task,
    pub(super) arrived: Instant,
}

/// Runs a dialog from its beginning to the deletion of its topics.
pub(super) async fn run(
    context: Arc<Context>,
    dialog: Arc<Dialog>,
    mut mail: mpsc::Receiver<Mail>,
    beginning: Beginning,
) {
    let (jobs, jobs_in) = mpsc::channel(COMMANDS_PER_DIALOG);
    let mut commands = Commands::new(&context, &dialog, jobs_in);
    let (terms, step) = match beginning {
        Beginning::Call => (Terms::default(), Step::Offer(None)),
        Beginning::Owned(terms, holding) => (terms, Step::Serve(Serving::new(holding, None))),
        Beginning::Orphan(terms) => (terms, Step::Offer(Some(context.clock.now()))),
        Beginning::HandedOver(terms, step, waiting) => {
            let activity = Arc::new(Activity::new(&context.clock));
            for Waiting { owner, unique_id, task, arrived } in waiting {
                // There were no more of them where they come from.
                let busy = activity.begin();
                let waits = context.metrics.hold(Metric::CommandsWaiting, 1);
                let job = Job { owner, unique_id, task, arrived, busy, waits };
                let _ = jobs.try_send(Turn::Job(Box::new(job)));
            }
            (terms, step)
        }
    };
    // It is the first: a dialog has one task in its life.
    let _ = dialog.turns.set(jobs.clone());
    let mut life = Life { context: &context, dialog: &dialog, mail: &mut mail, terms, jobs };
    let end = tokio::select! {
        // Through all terms: what one owner has begun is finished before the next one's first command.
        never = commands.run() => match never {},
        end = life.until_ended(step) => end,
    };
    context.forget(&dialog);
    context.watchers.state(&dialog, "over");
    let remains = life.forget().await;
    let unanswered = commands.unanswered();
    if unanswered > 0 {
        context.metrics.add(Metric::AnswersLost, unanswered);
        warn!(dialog = %dialog.root, channel = dialog.channel(), unanswered, "the dialog ends before its commands are answered");
    }
    match end {
        End::GiveBack => {
            let _closing = context.metrics.dialog(DialogState::Closing);
            give_back(&context, &dialog, &remains).await;
        }
        // Where all have hung up nothing stays, though the dialog lingers.
        End::Stopped { owned: false } if remains.entered.is_empty() => {}
        End::Stopped { owned: false } => {
            warn!(dialog = %dialog.root, channel = dialog.channel(), channels = ?remains.entered, "the proxy stops before a worker took the call: it stays in Stasis");
        }
        End::Stopped { owned: true } => {}
    }
    delete_persistently(&context, life.terms.kept_topics(&context.names)).await;
    debug!(dialog = %dialog.root, "the dialog is gone");
}

/// How a dialog ended.
enum End {
    /// What it leaves behind, if anything, goes back to Asterisk.
    GiveBack,
    /// The proxy stops: all stays as it is.
    Stopped {
        /// Whether a worker had it.
        owned: bool,
    },
}

/// How a term ended.
enum Left {
    /// The dialog is over.
    Over,
    /// The proxy stops.
    Stopped,
    /// Its owner is silent.
    Lost,
    /// Its owner gave it to another worker.
    Released,
    /// Its version-1 owner does not read any more.
    Orphaned,
    /// It has not: the dialog is to stand still.
    Frozen,
}

struct Life<'a> {
    context: &'a Arc<Context>,
    dialog: &'a Arc<Dialog>,
    mail: &'a mut mpsc::Receiver<Mail>,
    terms: Terms,
    jobs: mpsc::Sender<Turn>,
}

impl Serving {
    fn new(holding: Holding, first: Option<Mail>) -> Self {
        Self { holding, order: Order::default(), first, known: false }
    }
}

impl Life<'_> {
    /// Offers the dialog and serves its owner, as often as it takes.
    async fn until_ended(&mut self, mut step: Step) -> End {
        let (context, dialog) = (self.context, self.dialog);
        let mut pauses = Pauses::new(MAX_TERM_PAUSE);
        loop {
            let mut serving = match step {
                Step::Serve(serving) => serving,
                // Boxed, as what serves it: what a dialog needs now it does not need then.
                Step::Offer(heard) => match Box::pin(self.offer(heard)).await {
                    Ok(serving) => serving,
                    Err(end) => return end,
                },
            };
            let owner = Arc::clone(&serving.holding.owner);
            dialog.has_owner(context, true);
            if !serving.known {
                context.metrics.count_of(Metric::DialogsAccepted, &dialog.application);
                info!(dialog = %dialog.root, channel = dialog.channel(), term = owner.term, version_1 = owner.version_1, "a worker has the call");
                context.marks.owned(context, dialog, owner.term);
            }
            let began = Instant::now();
            let left = loop {
                match Box::pin(self.serve(&owner, &mut serving)).await {
                    Left::Frozen => {
                        let (next, early) = serving.order.hand_over();
                        let early = early.map(|(number, wish)| (number, wish.into())).collect();
                        self.stand_still(Stage::Owned { next, early }).await;
                    }
                    left => break left,
                }
            };
            drop(serving);
            match left {
                Left::Over => return End::GiveBack,
                Left::Stopped => {
                    self.count_lost();
                    match owner.lease() {
                        // What it has not read yet would be deleted with its queues.
                        _ if owner.version_1 => until_read(context, dialog, &owner).await,
                        // It brings the dialog to the next process.
                        Some(lease) if lease.has_beaten() => {}
                        _ => publish_gone(context, &owner, "the proxy stops").await,
                    }
                    return End::Stopped { owned: true };
                }
                // It never had a channel that another worker could control.
                Left::Lost | Left::Released
                    if dialog.channel().is_none() && *dialog.channels.borrow() == 0 =>
                {
                    return End::GiveBack;
                }
                // There is no call any more: what nobody says that it has, nobody needs.
                Left::Orphaned if *dialog.channels.borrow() == 0 => return End::GiveBack,
                Left::Lost if self.has_ended() => return End::GiveBack,
                Left::Lost => {
                    info!(dialog = %dialog.root, channel = dialog.channel(), "the call is offered again: its worker is silent")
                }
                Left::Orphaned if context.config.dialog.v1_orphans == Orphans::Continue => {
                    context.metrics.count_of(Metric::DialogsUnwanted, &dialog.application);
                    warn!(dialog = %dialog.root, channel = dialog.channel(), "the call's worker is gone");
                    return End::GiveBack;
                }
                Left::Orphaned => {
                    info!(dialog = %dialog.root, channel = dialog.channel(), "the call is offered again: its worker is gone")
                }
                Left::Released => {
                    info!(dialog = %dialog.root, channel = dialog.channel(), "the call is offered again: its worker gave it back")
                }
                // Done with above.
                Left::Frozen => {}
            }
            context.metrics.count_of(Metric::DialogsResumed, &dialog.application);
            step = Step::Offer(Some(self.leave(&owner, &left)));
            // A worker that takes and gives back as fast as it can must not keep the broker busy.
            if began.elapsed() >= STEADY_TERM {
                pauses = Pauses::new(MAX_TERM_PAUSE);
            }
            sleep(pauses.next()).await;
        }
    }

    /// Offers the dialog until it has an owner.
    async fn offer(&mut self, heard: Option<Duration>) -> Result<Serving, End> {
        let (context, dialog) = (self.context, self.dialog);
        let _offered = context.metrics.dialog(DialogState::Offered);
        dialog.has_owner(context, false);
        info!(dialog = %dialog.root, channel = dialog.channel(), application = ?dialog.application, "a call is offered");
        loop {
            let offering = Offering::new((context, dialog), self.mail, &mut self.terms, heard);
            match offering.until_ended().await {
                Offered::Owned { holding, first } => return Ok(Serving::new(holding, first)),
                Offered::Unwanted => {
                    context.metrics.count_of(Metric::DialogsUnwanted, &dialog.application);
                    warn!(dialog = %dialog.root, channel = dialog.channel(), "no worker took the call in time");
                    return Err(End::GiveBack);
                }
                Offered::Over => {
                    debug!(dialog = %dialog.root, "the caller hung up before a worker took the call");
                    return Err(End::GiveBack);
                }
                Offered::Stopped => return Err(End::Stopped { owned: false }),
                Offered::Frozen => self.stand_still(Stage::Offered { resumes: heard.is_some() }).await,
            }
        }
    }

    /// Comes to rest and tells what there is of the dialog; returns when it goes on in this process.
    async fn stand_still(&mut self, stage: Stage) {
        let (context, dialog) = (self.context, self.dialog);
        let waiting = async {
            let (waiting, jobs) = oneshot::channel();
            // Behind all that the dialog's mail has brought; the command that runs is finished first.
            self.jobs.send(Turn::Rest(waiting)).await.ok()?;
            jobs.await.ok()
        };
        let jobs = tokio::select! {
            Some(jobs) = waiting => jobs,
            () = context.freeze.thawed() => return,
        };
        let mut mail = Vec::new();
        while let Ok(one) = self.mail.try_recv() {
            mail.push(one);
        }
        context.freeze.rest(hand_over(context, dialog, &self.terms, stage, jobs, &mail));
        context.freeze.thawed().await;
        for one in mail {
            // It has just come out of there.
            let _ = dialog.mail.try_send(one);
        }
        context.freeze.goes_on();
    }

    /// Active and lingering: events, commands and control messages side by side, until the owner's term ends.
    async fn serve(&mut self, owner: &Arc<Owner>, serving: &mut Serving) -> Left {
        let (context, dialog) = (self.context, self.dialog);
        let activity = Arc::new(Activity::new(&context.clock));
        let state = context.metrics.dialog(DialogState::Active);
        let Serving { order, first, .. } = serving;
        let mut mailbox =
            Mailbox::new((context, dialog, owner), &mut self.terms, &self.jobs, &activity, order);
        let mut outlet = Outlet::new(context, dialog, owner);
        let resting = Resting::default();
        let left = tokio::select! {
            // A dialog's events never wait for its commands, nor the other way round.
            () = outlet.run(&activity, &resting) => Left::Orphaned,
            () = mailbox.run(self.mail, first.take(), &resting) => Left::Released,
            () = resting.both() => Left::Frozen,
            () = owner.lost() => Left::Lost,
            () = until_over(context, dialog, owner, &activity, &state) => Left::Over,
            () = until_stopped(context, dialog, &activity) => Left::Stopped,
        };
        if matches!(left, Left::Released) && dialog.channel().is_none() {
            // It may end with that: what came before is done first, and may make a channel.
            activity.idle().await;
        }
        left
    }

    /// Ends an owner's term. What it sends from now on goes to topics that nobody reads, and if it lost the dialog, what it
    /// sent before and has not run yet is not run any more. Returns when it was heard last.
    fn leave(&mut self, owner: &Arc<Owner>, left: &Left) -> Duration {
        let (context, dialog) = (self.context, self.dialog);
        if context.ends_terms() {
            context.offers().remove(self.terms.dialog_ids());
            let (cleaning, topics) = (Arc::clone(context), self.terms.close(&context.names));
            context.spawn(async move { delete_persistently(&cleaning, topics).await });
            if matches!(left, Left::Lost | Left::Orphaned) {
                dialog.valid.store(owner.term + 1, Ordering::Relaxed);
            }
        }
        let released = matches!(left, Left::Released);
        if !owner.version_1 {
            let (told, gone) = (Arc::clone(context), Arc::clone(owner));
            let why = if released { "the worker gave it back" } else { "the worker was silent for too long" };
            context.spawn(async move { publish_gone(&told, &gone, why).await });
        }
        if released {
            return context.clock.now();
        }
        owner.lease().map_or_else(|| context.clock.now(), |lease| lease.last_heard())
    }

    /// Whether the owner has said that it has the last event there is.
    fn has_ended(&self) -> bool {
        let delivery = &self.dialog.delivery;
        delivery.is_closed() && delivery.waiting() == 0 && delivery.last().1
    }

    /// Counts what the owner was never sent.
    fn count_lost(&self) {
        let lost = usize::try_from(self.dialog.delivery.waiting()).unwrap_or(usize::MAX);
        if lost > 0 {
            self.context.metrics.lost(lost, Lost::Unreached);
            warn!(dialog = %self.dialog.root, channel = self.dialog.channel(), lost, "the worker could not be reached: events are lost");
        }
    }

    /// From here on a late accept is answered by the inbox, and a late event belongs to no dialog. Workers that accepted too
    /// late for anybody to read it are told. Returns what the dialog leaves behind in Asterisk.
    async fn forget(&mut self) -> Remains {
        self.context.offers().remove(self.terms.dialog_ids());
        let remains = self.context.registry().close(self.dialog);
        self.dialog.delivery.finish(None);
        self.mail.close();
        while let Ok(late) = self.mail.try_recv() {
            if late.version_1 {
                self.terms.note_version_1(late.term);
            }
            if let Incoming::Control(Control::Accept(accept)) = parse_incoming(&late.payload)
                && let Some(dialog_id) = self.terms.dialog_id(late.term)
            {
                tell_gone(self.context, &accept, Some(late.term), dialog_id).await;
            }
        }
        remains
    }
}
