//! The phase in which a dialog is offered to the pool until a worker accepts it.
//!
//! Every offer is a term of its own with a dialog id of its own; the first accept of any of them wins. Events are held
//! in the dialog's queue meanwhile.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ari_bus::{
    BusError, Reach,
    protocol::{Accept, Answer, AppStart, Control, Incoming, Names, PROTOCOL, parse_incoming},
};
use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, info, warn};

use super::{
    Context, Dialog, Mail,
    offers::Offer,
    owner::{Owner, answer_control, tell_gone},
};
use crate::{
    counters::Counter,
    limits::{MAX_OFFER_PAUSE, MAX_PAUSE},
    pauses::Pauses,
};

/// How the phase ended.
pub(super) enum Offered {
    /// A worker accepted. A version-1 worker's first message may be a command already.
    Owned { owner: Owner, first: Option<Mail> },
    /// No worker did in time.
    Unwanted,
    /// The caller was gone before.
    Over,
    /// The proxy stops.
    Stopped,
}

/// A dialog that is being offered.
pub(super) struct Offering<'a> {
    context: &'a Arc<Context>,
    dialog: &'a Arc<Dialog>,
    start: Utf8Bytes,
    /// The dialog ids of the offers so far, by term.
    offers: HashMap<u64, String>,
    deadline: Instant,
    channels: watch::Receiver<usize>,
    caller_gone: bool,
}

/// What a message meant for the offer that was waited on.
enum Verdict {
    Owned { owner: Owner, first: Option<Mail> },
    Declined,
    Nothing,
}

/// What a wait for mail ended with.
enum Heard {
    /// The phase is over.
    End(Offered),
    /// The last offer was declined.
    Decline,
    /// The time is up.
    Nothing,
}

/// What ends a wait before its time.
enum Interrupt {
    Deadline,
    CallerGone,
    Stopped,
}

impl<'a> Offering<'a> {
    pub(super) fn new(context: &'a Arc<Context>, dialog: &'a Arc<Dialog>, start: Utf8Bytes) -> Self {
        let deadline = Instant::now() + context.config.dialog.offer_deadline;
        let channels = dialog.channels.subscribe();
        Self { context, dialog, start, offers: HashMap::new(), deadline, channels, caller_gone: false }
    }

    /// The dialog ids of all offers.
    pub(super) fn into_dialog_ids(self) -> Vec<String> {
        self.offers.into_values().collect()
    }

    /// Offers the dialog until a worker accepts or the time is up. Mail is read throughout: an accept can come at any
    /// time after the first offer.
    pub(super) async fn until_owned(&mut self, mail: &mut mpsc::Receiver<Mail>) -> Offered {
        let mut pauses = Pauses::new(MAX_PAUSE);
        for term in 1.. {
            if let Some(ended) = self.publish(term, mail).await {
                return ended;
            }
            let until = Instant::now() + self.context.config.dialog.offer_timeout;
            if let Heard::End(ended) = self.listen(mail, until).await {
                return ended;
            }
            // After a decline too: the next member to be asked may be the same.
            if let Some(ended) = self.pause(mail, pauses.next()).await {
                return ended;
            }
        }
        Offered::Unwanted
    }

    /// Publishes one offer, as soon as somebody listens; says if the phase ended before.
    ///
    /// An offer that nobody heard is repeated as it is. One that failed may have been heard: what follows it is a new
    /// term, so that no two workers get the same.
    async fn publish(&mut self, term: u64, mail: &mut mpsc::Receiver<Mail>) -> Option<Offered> {
        // The root is the first offer's dialog id.
        let first = term == 1;
        let id =
            if first { self.dialog.root.clone() } else { Names::dialog_id(&self.context.config.server_id) };
        self.offers.insert(term, id.clone());
        self.context.offers().add(&id, Offer { dialog: Arc::clone(self.dialog), term });
        let topic = self.context.names.application(&self.dialog.application);
        let message = self.app_start(&id, term);
        let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
        loop {
            // Not tried while the broker is away: each failure would cost a term.
            if self.context.bus.link().is_up() {
                match self.try_publish(&id, &topic, message.clone()).await {
                    Ok(Reach::Somebody) => {
                        if self.context.note_reach(&topic, Reach::Somebody) {
                            info!(?topic, "a worker listens");
                        }
                        self.context.counters.count(Counter::Offers);
                        return None;
                    }
                    Ok(Reach::Nobody) => {
                        if self.context.note_reach(&topic, Reach::Nobody) {
                            warn!(
                                ?topic,
                                "no worker listens: its calls wait, and then go on in the dialplan"
                            );
                        }
                    }
                    Err(error) if error.is_retryable() => {
                        debug!(dialog = %self.dialog.root, %error, "whether the call was offered is not known");
                        return None;
                    }
                    Err(error) => {
                        warn!(dialog = %self.dialog.root, %error, "the call cannot be offered");
                        return Some(Offered::Unwanted);
                    }
                }
            }
            if let Some(ended) = self.pause(mail, pauses.next()).await {
                return Some(ended);
            }
        }
    }

    /// Reads mail for a time, whatever is declined meanwhile; says if the phase ended.
    async fn pause(&mut self, mail: &mut mpsc::Receiver<Mail>, time: Duration) -> Option<Offered> {
        let until = Instant::now() + time;
        loop {
            match self.listen(mail, until).await {
                Heard::End(ended) => return Some(ended),
                Heard::Decline => {}
                Heard::Nothing => return None,
            }
        }
    }

    /// Reads mail until a worker accepts or declines the last offer, or the time is up.
    async fn listen(&mut self, mail: &mut mpsc::Receiver<Mail>, until: Instant) -> Heard {
        loop {
            let message = tokio::select! {
                // Mail first: an accept that is there already wins over any end.
                biased;
                message = mail.recv() => message,
                interrupt = self.interrupted(until) => {
                    return interrupt.map_or(Heard::Nothing, |interrupt| Heard::End(interrupt.into()));
                }
            };
            // The dialog itself holds the sender.
            let Some(message) = message else { return Heard::End(Offered::Stopped) };
            match self.consider(message).await {
                Verdict::Owned { owner, first } => return Heard::End(Offered::Owned { owner, first }),
                Verdict::Declined => return Heard::Decline,
                Verdict::Nothing => {}
            }
        }
    }

    async fn try_publish(&self, dialog_id: &str, topic: &str, message: Bytes) -> Result<Reach, BusError> {
        let bus = &self.context.bus;
        // A version-1 worker sends to this topic as soon as it has the offer.
        bus.declare(&self.context.names.commands(dialog_id)).await?;
        bus.offer(topic, message, self.context.config.dialog.offer_timeout).await
    }

    fn app_start(&self, dialog_id: &str, term: u64) -> Bytes {
        let mut message = AppStart {
            application: self.dialog.application.clone(),
            dialog_id: dialog_id.to_owned(),
            server_id: self.context.config.server_id.clone(),
            protocol: Some(PROTOCOL),
            root: Some(self.dialog.root.clone()),
            term: Some(term),
            commands: Some(self.context.commands_topic(dialog_id)),
            start: Some(self.start.as_str().to_owned()),
            ..AppStart::default()
        };
        let encode = |message: &AppStart| Bytes::from(serde_json::to_vec(message).unwrap_or_default());
        let bytes = encode(&message);
        if bytes.len() <= self.context.bus.largest_message() {
            return bytes;
        }
        // It is event 1 as well.
        message.start = None;
        encode(&message)
    }

    /// Waits until `until`; says if something ends the phase before. Cancel-safe.
    async fn interrupted(&mut self, until: Instant) -> Option<Interrupt> {
        loop {
            tokio::select! {
                () = sleep_until(until.min(self.deadline)) => {
                    let over = if self.caller_gone { Interrupt::CallerGone } else { Interrupt::Deadline };
                    return (until >= self.deadline).then_some(over);
                }
                () = self.context.stop.cancelled() => return Some(Interrupt::Stopped),
                _ = self.channels.wait_for(|channels| *channels == 0), if !self.caller_gone => {
                    // A worker that is about to accept still gets the whole of the short call, but not for long.
                    self.caller_gone = true;
                    let times = &self.context.config.dialog;
                    self.deadline = self.deadline.min(Instant::now() + times.offer_timeout.max(times.linger));
                }
            }
        }
    }

    /// What a message means while the dialog is offered.
    async fn consider(&self, mail: Mail) -> Verdict {
        let Some(dialog_id) = self.offers.get(&mail.term) else { return Verdict::Nothing };
        match parse_incoming(&mail.payload) {
            Incoming::Control(Control::Accept(accept)) => self.accept(&accept, mail.term, dialog_id).await,
            Incoming::Control(Control::Decline(decline)) => {
                debug!(dialog = %self.dialog.root, reason = decline.reason, "a worker declined");
                let answer = Answer::empty(204);
                let responses = decline.responses.as_deref();
                answer_control(self.context, responses, decline.unique_id.as_deref(), &answer).await;
                let current = self.offers.keys().max() == Some(&mail.term);
                if current && decline.term == mail.term { Verdict::Declined } else { Verdict::Nothing }
            }
            // Any other message on its topic is a version-1 worker's accept: its first command, or just `DUMMY`.
            Incoming::Command(_) | Incoming::Noise(_) | Incoming::Refused(_)
                if mail.version_1 && !is_control(&mail.payload) =>
            {
                let owner = Owner::version_1(self.context, mail.term, dialog_id);
                Verdict::Owned { owner, first: Some(mail) }
            }
            // An accept that cannot be read still says where its answer is awaited.
            Incoming::Refused(refusal) if is_control(&mail.payload) => {
                let answer = Answer::error(refusal.status, &refusal.message);
                let responses = field(&mail.payload, "responses");
                let unique_id = Some(refusal.unique_id.as_str()).filter(|id| !id.is_empty());
                answer_control(self.context, responses.as_deref(), unique_id, &answer).await;
                Verdict::Nothing
            }
            _ => {
                self.context.counters.count(Counter::Noise);
                debug!(dialog = %self.dialog.root, "a message to an offer that is not accepted");
                Verdict::Nothing
            }
        }
    }

    async fn accept(&self, accept: &Accept, term: u64, dialog_id: &str) -> Verdict {
        if accept.term != term {
            tell_gone(self.context, accept, dialog_id).await;
            return Verdict::Nothing;
        }
        let (owner, answer) = match Owner::version_2(self.context, accept, dialog_id) {
            Ok(owner) => (Some(owner), Answer::empty(204)),
            Err(problem) => (None, Answer::error(400, &problem)),
        };
        answer_control(self.context, Some(&accept.responses), accept.unique_id.as_deref(), &answer).await;
        owner.map_or(Verdict::Nothing, |owner| Verdict::Owned { owner, first: None })
    }
}

impl Context {
    /// Where a version-2 worker sends what concerns an offer.
    fn commands_topic(&self, dialog_id: &str) -> String {
        format!("{}{}", self.inbox, dialog_id.rsplit('.').next().unwrap_or(dialog_id))
    }
}

impl From<Interrupt> for Offered {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::Deadline => Self::Unwanted,
            Interrupt::CallerGone => Self::Over,
            Interrupt::Stopped => Self::Stopped,
        }
    }
}

/// Whether a message that could not be read was meant as a control message.
fn is_control(payload: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(payload).is_ok_and(|fields| fields.contains_key("control"))
}

/// A text field of a message that could not be read as a whole.
fn field(payload: &[u8], name: &str) -> Option<String> {
    let fields = serde_json::from_slice::<Map<String, Value>>(payload).ok()?;
    fields.get(name)?.as_str().map(str::to_owned)
}
