//! The owner of a dialog in one term: the worker whose accept won, and how it is spoken to.

use std::sync::{Arc, PoisonError, RwLock};

use ari_bus::protocol::{Accept, Answer, Bodies, Event, EventBody, encode_answer};
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::{
    Context, Dialog,
    handover::form::OwnerForm,
    leases::{Held, Lease, check_name},
    persist::answer_persistently,
};
use crate::{limits::VERSION_1_ANSWER, metrics::Metric};

/// The worker that owns a dialog.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) term: u64,
    pub(crate) dialog_id: String,
    pub(crate) bodies: Bodies,
    /// Whether it speaks version 1 only.
    pub(crate) version_1: bool,
    /// Where it is reached; a heartbeat may name new topics.
    topics: RwLock<Reached>,
    /// Its process, if it has told a name.
    lease: Option<Arc<Lease>>,
}

/// Where a worker is reached.
#[derive(Debug, PartialEq, Eq)]
struct Reached {
    events: Arc<str>,
    responses: Arc<str>,
}

impl Owner {
    /// A version-1 worker: its topics follow from the dialog id.
    pub(crate) fn version_1(context: &Context, term: u64, dialog_id: &str) -> Self {
        let reached = Reached {
            events: context.names.events(dialog_id).into(),
            responses: context.names.responses(dialog_id).into(),
        };
        Self {
            term,
            dialog_id: dialog_id.to_owned(),
            bodies: Bodies::String,
            version_1: true,
            topics: RwLock::new(reached),
            lease: None,
        }
    }

    /// A version-2 worker, which names its topics.
    ///
    /// # Errors
    /// When a topic cannot be the worker's; the text is for the worker.
    pub(crate) fn version_2(context: &Context, accept: &Accept, dialog_id: &str) -> Result<Self, String> {
        for (field, topic) in [("events", &accept.events), ("responses", &accept.responses)] {
            context.check_worker_topic(topic).map_err(|problem| format!("`{field}`: {problem}"))?;
        }
        accept.worker_id.as_deref().map_or(Ok(()), check_name)?;
        Ok(Self {
            term: accept.term,
            dialog_id: dialog_id.to_owned(),
            bodies: accept.bodies,
            version_1: false,
            topics: RwLock::new(Reached::named_by(accept)),
            lease: None,
        })
    }

    /// The same, with the lease of its process: it is about to have the dialog.
    pub(crate) fn with_lease(self, context: &Context, accept: &Accept) -> Self {
        let lease = accept.worker_id.as_deref().and_then(|worker| context.leases.known(worker));
        Self { lease, ..self }
    }

    /// What another process is told of it.
    pub(super) fn hand_over(&self) -> OwnerForm {
        OwnerForm {
            term: self.term,
            dialog_id: self.dialog_id.clone(),
            bodies: self.bodies,
            version_1: self.version_1,
            events: self.events().as_ref().to_owned(),
            responses: self.responses().as_ref().to_owned(),
            worker_id: self.lease.as_ref().map(|lease| lease.worker_id().to_owned()),
            beats: self.lease.as_ref().is_some_and(|lease| lease.has_beaten()),
        }
    }

    /// A worker that another process knew. Its lease begins anew.
    pub(super) fn take_over(context: &Context, form: OwnerForm) -> Self {
        let lease = form.worker_id.as_deref().and_then(|worker| context.leases.known(worker));
        if let Some(lease) = lease.as_ref().filter(|_| form.beats) {
            lease.beats();
        }
        let reached = Reached { events: form.events.into(), responses: form.responses.into() };
        Self {
            term: form.term,
            dialog_id: form.dialog_id,
            bodies: form.bodies,
            version_1: form.version_1,
            topics: RwLock::new(reached),
            lease,
        }
    }

    /// Whether an accept is this owner's, said again.
    pub(crate) fn is_said_by(&self, accept: &Accept) -> bool {
        (self.term, self.bodies) == (accept.term, accept.bodies)
            && *self.topics.read().unwrap_or_else(PoisonError::into_inner) == Reached::named_by(accept)
    }

    /// Where its events go.
    pub(crate) fn events(&self) -> Arc<str> {
        Arc::clone(&self.topics.read().unwrap_or_else(PoisonError::into_inner).events)
    }

    /// Where its answers go.
    pub(crate) fn responses(&self) -> Arc<str> {
        Arc::clone(&self.topics.read().unwrap_or_else(PoisonError::into_inner).responses)
    }

    /// The worker is reached elsewhere from now on; says whether that is news.
    pub(crate) fn moves(&self, events: Option<&str>, responses: Option<&str>) -> bool {
        let mut reached = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        let Reached { events: old_events, responses: old_responses } = &mut *reached;
        let mut news = false;
        for (topic, new) in [(old_events, events), (old_responses, responses)] {
            if let Some(new) = new.filter(|new| **topic != **new) {
                *topic = new.into();
                news = true;
            }
        }
        news
    }

    /// The worker was heard.
    pub(crate) fn heard(&self, context: &Context) {
        if let Some(lease) = &self.lease {
            lease.renew(context.clock.now());
        }
    }

    /// The process that it is, if it has told.
    pub(super) fn lease(&self) -> Option<&Arc<Lease>> {
        self.lease.as_ref()
    }

    /// Resolves when the worker is silent for too long. One without a name never is.
    pub(super) async fn lost(&self) {
        match &self.lease {
            Some(lease) => lease.lost().await,
            None => std::future::pending().await,
        }
    }

    /// The worker has the dialog from now on, until what is returned is dropped.
    pub(super) fn hold(self, dialog: &Arc<Dialog>) -> Holding {
        let owner = Arc::new(self);
        dialog.delivery.begin(owner.term, owner.version_1, dialog.start());
        *dialog.owner() = Some(Arc::clone(&owner));
        Holding::new(owner, dialog)
    }

    /// Sends an answer to the worker; an answer that cannot be delivered is counted.
    ///
    /// Version 1 takes any answer without id for that of the command it has just sent: after `arrived`, the command's
    /// own arrival, such an answer is tried once and not for long.
    pub(crate) async fn answer(&self, context: &Context, unique_id: &str, answer: &Answer, arrived: Instant) {
        let largest = context.bus.largest_message();
        let messages =
            encode_answer(unique_id, answer, self.bodies, largest, !self.version_1).or_else(|| {
                let text = format!(
                    "Asterisk's answer has {} bytes, more than one message of this bus carries; \
                 a worker of protocol version 2 gets it in parts",
                    answer.body.len()
                );
                encode_answer(unique_id, &Answer::error(502, &text), self.bodies, largest, false)
            });
        let responses = self.responses();
        let delivered = match messages {
            Some(messages) if self.version_1 && unique_id.is_empty() => {
                let publish = context.publish_answer(&responses, messages);
                matches!(timeout_at(arrived + VERSION_1_ANSWER, publish).await, Ok(Ok(())))
            }
            Some(messages) => answer_persistently(context, &responses, messages).await,
            None => false,
        };
        if !delivered {
            context.metrics.count(Metric::AnswersLost);
            debug!(dialog = %self.dialog_id, "an answer could not be delivered");
        }
    }
}

impl Reached {
    fn named_by(accept: &Accept) -> Self {
        Self { events: accept.events.as_str().into(), responses: accept.responses.as_str().into() }
    }
}

/// A worker's hold on a dialog.
pub(super) struct Holding {
    pub(super) owner: Arc<Owner>,
    dialog: Arc<Dialog>,
}

impl Holding {
    /// The owner of a dialog holds it.
    pub(super) fn new(owner: Arc<Owner>, dialog: &Arc<Dialog>) -> Self {
        if let Some(lease) = &owner.lease {
            lease.hold(Held { dialog: Arc::clone(dialog), owner: Arc::clone(&owner) });
        }
        Self { owner, dialog: Arc::clone(dialog) }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        if let Some(lease) = &self.owner.lease {
            lease.let_go(&self.dialog.root);
        }
    }
}

/// Publishes `ProxyGone`: the dialog is not, or no longer, this worker's.
pub(crate) async fn publish_gone(context: &Context, owner: &Owner, reason: &str) {
    let body = json!({ "type": "ProxyGone", "reason": reason }).to_string();
    let mut event = Event::new(&context.config.server_id, "ProxyGone", EventBody::new(&body, owner.bodies));
    event.dialog_id = Some(owner.dialog_id.as_str().into());
    event.term = Some(owner.term);
    if let Ok(bytes) = serde_json::to_vec(&event)
        && let Err(error) = context.bus.publish(&owner.events(), bytes.into()).await
    {
        debug!(dialog = %owner.dialog_id, %error, "ProxyGone could not be sent");
    }
}
