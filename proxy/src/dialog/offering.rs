//! The phase in which a dialog is offered to the pool until a worker accepts it.
//!
//! Every offer is a term of its own with a dialog id of its own; the first accept of any of them wins. Events are held
//! in the dialog's queue meanwhile. Whatever is done or waited for, mail is read beside it.

use std::{pin::pin, sync::Arc, time::Duration};

use ari_bus::{
    BusError, Reach, Retention,
    protocol::{AppStart, Names, PROTOCOL},
};
use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tracing::{debug, info, warn};

use super::{
    Context, Dialog, Mail,
    at_once::Turn,
    offers::Offer,
    owner::Holding,
    terms::Terms,
    verdict::{Verdict, consider},
};
use crate::{
    config::Topology,
    limits::{MAX_OFFER_PAUSE, MAX_TERM_PAUSE, OFFER_AMONG_SILENT},
    metrics::Metric,
    pauses::Pauses,
};

/// How the phase ended.
pub(super) enum Offered {
    /// A worker accepted. A version-1 worker's first message may be a command already.
    Owned { holding: Holding, first: Option<Mail> },
    /// No worker did in time.
    Unwanted,
    /// The caller was gone before.
    Over,
    /// The proxy stops.
    Stopped,
    /// The dialog is to stand still.
    Frozen,
}

/// A dialog that is being offered.
pub(super) struct Offering<'a> {
    context: &'a Arc<Context>,
    dialog: &'a Arc<Dialog>,
    mail: &'a mut mpsc::Receiver<Mail>,
    /// The offers so far.
    terms: &'a mut Terms,
    /// When the last owner was heard last, if there was one.
    heard: Option<Duration>,
    /// Whether the last offer was declined.
    declined: bool,
    /// When the caller is given up, in good time.
    deadline: Duration,
    /// When it is, however long the bus is away.
    patience: Instant,
    channels: watch::Receiver<usize>,
    caller_gone: bool,
    /// When the first offer went out that somebody could hear, or the last one if nobody could yet.
    asked: Option<Instant>,
    /// Whether somebody could.
    was_heard: bool,
}

/// What comes next in a wait.
enum Next {
    Mail(Mail),
    /// The time is up.
    Time,
    End(Offered),
}

impl<'a> Offering<'a> {
    /// An offering of a dialog whose last owner, if it had one, was heard last at this moment of good time.
    pub(super) fn new(
        (context, dialog): (&'a Arc<Context>, &'a Arc<Dialog>),
        mail: &'a mut mpsc::Receiver<Mail>,
        terms: &'a mut Terms,
        heard: Option<Duration>,
    ) -> Self {
        let times = &context.config.dialog;
        Self {
            context,
            dialog,
            mail,
            terms,
            heard,
            declined: false,
            deadline: context.clock.now() + times.offer_deadline,
            patience: Instant::now() + times.offer_deadline + times.outage_patience,
            channels: dialog.channels.subscribe(),
            caller_gone: false,
            asked: None,
            was_heard: false,
        }
    }

    /// Offers the dialog until a worker accepts or the time is up.
    pub(super) async fn until_ended(mut self) -> Offered {
        let mut pauses = Pauses::new(MAX_TERM_PAUSE);
        loop {
            if let Err(ended) = self.offer(&mut pauses).await {
                return ended;
            }
        }
    }

    /// One term: the offer, the time to accept it, and a pause before the next.
    async fn offer(&mut self, pauses: &mut Pauses) -> Result<(), Offered> {
        self.declined = false;
        self.publish().await?;
        let mut time = self.context.config.dialog.offer_timeout;
        if self.context.leases.anyone_is_silent() {
            // It may be the one that was asked. All offers stay good: another one costs little.
            time = time.min(OFFER_AMONG_SILENT);
        }
        self.listen(time, true).await?;
        // After a decline too: the next member to be asked may be the same, and each term costs the broker a queue.
        self.listen(pauses.next(), false).await
    }

    /// Publishes one offer, as soon as somebody listens.
    ///
    /// An offer that nobody heard is repeated as it is. One that failed may have been heard: what follows it is a new
    /// term, so that no two workers get the same.
    async fn publish(&mut self) -> Result<(), Offered> {
        let term = self.terms.next();
        // The root is the first offer's dialog id.
        let id = match term {
            1 => self.dialog.root.clone(),
            _ => Names::dialog_id(&self.context.config.server_id),
        };
        self.terms.add(term, &id);
        self.context.offers().add(&id, Offer { dialog: Arc::clone(self.dialog), term });
        let context = self.context;
        let topic = context.names.application(&self.dialog.application);
        let message = self.app_start(&id, term);
        // Version 1's queue.
        let mut declared = context.config.bus_config.topology == Topology::Shared;
        let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
        loop {
            // Not tried while the broker is away: each failure would cost a term.
            if context.bus.link().is_up() && !declared {
                let turn = self.beside_mail(context.at_once.declaring.turn()).await?;
                declared = self.declare(term, &id, turn).await?;
            }
            // Before it is asked whether one may offer, and for how long: by its turn that may have changed.
            let turn = self.beside_mail(context.at_once.offering.turn()).await?;
            if declared && context.bus.link().is_up() && context.claim.is_certain() {
                // With the call at the latest: a worker that comes too late must not find it in its queue.
                let left = self.deadline.saturating_sub(context.clock.now());
                let expires = context.config.dialog.offer_timeout.min(left);
                // Before: an accept can be here before the bus says that the offer has gone out.
                context.metrics.count_of(Metric::Offers, &self.dialog.application);
                if !self.was_heard {
                    self.asked = Some(Instant::now());
                }
                let offered = self.beside_mail(context.bus.offer(&topic, message.clone(), expires)).await;
                // The accept may be here before the bus has said that somebody heard.
                if matches!(offered, Ok(Ok(Reach::Somebody)) | Err(Offered::Owned { .. })) {
                    self.is_heard(term);
                }
                match offered? {
                    Ok(Reach::Somebody) => {
                        if context.note_reach(&topic, Reach::Somebody) {
                            info!(?topic, "a worker listens");
                        }
                        return Ok(());
                    }
                    Ok(Reach::Nobody) => {
                        if context.note_reach(&topic, Reach::Nobody) {
                            warn!(
                                ?topic,
                                "no worker listens: its calls wait, and are then handled as dialog.unanswered says"
                            );
                        }
                    }
                    Err(error) if error.is_retryable() => {
                        debug!(dialog = %self.dialog.root, %error, "whether the call was offered is not known");
                        return Ok(());
                    }
                    Err(error) => return Err(self.cannot_be_offered(&error)),
                }
            }
            drop(turn);
            self.listen(pauses.next(), false).await?;
        }
    }

    /// Somebody has heard an offer of this term.
    fn is_heard(&mut self, term: u64) {
        if !std::mem::replace(&mut self.was_heard, true) && term == 1 {
            let since = self.dialog.born.elapsed();
            self.context.metrics.observe_of(Metric::OfferDuration, &self.dialog.application, since);
        }
    }

    /// Makes the topic to which a version-1 worker sends as soon as it has the offer; says whether it is there. Nothing
    /// was offered yet: a failure costs no term.
    async fn declare(&mut self, term: u64, dialog_id: &str, turn: Turn) -> Result<bool, Offered> {
        let context = self.context;
        let topic = context.names.commands(dialog_id);
        // If the phase ends half-way the topic may come to be all the same; a declaration that fails leaves none.
        self.terms.note_declared(term, Retention::Kept);
        let declared = self.beside_mail(context.declare(topic, turn)).await?;
        self.terms.note_declared(term, *declared.as_ref().unwrap_or(&Retention::Dropped));
        match declared {
            Ok(_) => Ok(true),
            Err(error) if error.is_retryable() => Ok(false),
            Err(error) => Err(self.cannot_be_offered(&error)),
        }
    }

    fn cannot_be_offered(&self, error: &BusError) -> Offered {
        warn!(dialog = %self.dialog.root, channel = self.dialog.channel(), %error, "the call cannot be offered");
        Offered::Unwanted
    }

    /// Does something while mail is read: an accept can come at any time after the first offer.
    async fn beside_mail<T>(&mut self, doing: impl Future<Output = T>) -> Result<T, Offered> {
        let mut doing = pin!(doing);
        loop {
            let next = tokio::select! {
                // What comes first: whose time is up is not to begin what a turn is just given for.
                biased;
                next = self.next(None) => next,
                done = &mut doing => return Ok(done),
            };
            // It goes on meanwhile: it may have what the answer to the mail waits for, down in the bus.
            let mut reading = pin!(self.read(next));
            tokio::select! {
                read = &mut reading => read?,
                done = &mut doing => return reading.await.map(|()| done),
            }
        }
    }

    /// Reads mail for a time, or until the last offer is declined if that counts.
    async fn listen(&mut self, time: Duration, decline_counts: bool) -> Result<(), Offered> {
        // In any time: what comes next waits for the broker if it must.
        let until = Instant::now() + time;
        while !(decline_counts && self.declined) {
            let next = self.next(Some(until)).await;
            if matches!(next, Next::Time) {
                break;
            }
            self.read(next).await?;
        }
        Ok(())
    }

    /// Acts on what came.
    async fn read(&mut self, next: Next) -> Result<(), Offered> {
        match next {
            Next::Mail(mail) => match consider(self.context, self.dialog, self.terms, mail).await {
                Verdict::Owned { holding, first } => {
                    if let Some(asked) = self.asked {
                        let (application, time) = (&self.dialog.application, asked.elapsed());
                        self.context.metrics.observe_of(Metric::AcceptDuration, application, time);
                    }
                    return Err(Offered::Owned { holding, first });
                }
                Verdict::Declined => self.declined = true,
                Verdict::Nothing => {}
            },
            Next::End(ended) => return Err(ended),
            Next::Time => {}
        }
        Ok(())
    }

    /// Waits for mail, or for what ends the wait. Cancel-safe.
    async fn next(&mut self, until: Option<Instant>) -> Next {
        let clock = &self.context.clock;
        loop {
            tokio::select! {
                // Mail first: an accept that is there already wins over any end.
                biased;
                // The dialog itself holds the sender: there is always a next message.
                Some(mail) = self.mail.recv() => return Next::Mail(mail),
                () = self.context.stop.cancelled() => return Next::End(Offered::Stopped),
                () = self.context.freeze.frozen() => return Next::End(Offered::Frozen),
                _ = self.channels.wait_for(|channels| *channels == 0), if !self.caller_gone => {
                    // A worker that is about to accept still gets the whole of the short call, but not for long.
                    self.caller_gone = true;
                    let times = &self.context.config.dialog;
                    self.deadline = self.deadline.min(clock.now() + times.offer_timeout.max(times.linger));
                    continue;
                }
                () = sleep_until(until.unwrap_or(self.patience)), if until.is_some() => return Next::Time,
                () = clock.sleep_until(self.deadline) => {}
                () = sleep_until(self.patience) => {}
            }
            return Next::End(if self.caller_gone { Offered::Over } else { Offered::Unwanted });
        }
    }

    fn app_start(&self, dialog_id: &str, term: u64) -> Bytes {
        let dialog = self.dialog;
        let mut message = AppStart {
            application: dialog.application.clone(),
            dialog_id: dialog_id.to_owned(),
            server_id: self.context.config.server_id.clone(),
            protocol: Some(PROTOCOL),
            root: Some(dialog.root.clone()),
            term: Some(term),
            // Where a version-2 worker sends what concerns this offer.
            commands: Some(self.context.commands_topic(dialog_id)),
            start: dialog.start().map(|start| start.as_str().to_owned()),
            ..AppStart::default()
        };
        if let Some(heard) = self.heard {
            message.resume = true;
            message.objects = self.context.registry().objects(dialog);
            message.context = dialog.saved().clone();
            message.unanswered = dialog.recorded().unanswered(heard);
        }
        let encode = |message: &AppStart| Bytes::from(serde_json::to_vec(message).unwrap_or_default());
        let fits = |bytes: &Bytes| bytes.len() <= self.context.bus.largest_message();
        let mut bytes = encode(&message);
        if !fits(&bytes) {
            // It is event 1 as well, or was.
            message.start = None;
            bytes = encode(&message);
        }
        if !fits(&bytes) {
            // Thousands of them: whoever needs them can ask Asterisk; the context is needed by all.
            message.objects.clear();
            message.unanswered.clear();
            bytes = encode(&message);
        }
        bytes
    }
}
