//! The owner of a dialog: the worker whose accept won, and how it is spoken to.

use ari_bus::protocol::{Accept, Answer, Bodies, Event, EventBody, encode_answer};
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::{Context, persist::publish_persistently};
use crate::{counters::Counter, limits::VERSION_1_ANSWER};

/// The worker that owns a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) term: u64,
    pub(crate) dialog_id: String,
    /// Where its events go.
    pub(crate) events: String,
    /// Where its answers go.
    pub(crate) responses: String,
    pub(crate) bodies: Bodies,
    /// Whether it speaks version 1 only.
    pub(crate) version_1: bool,
}

impl Owner {
    /// A version-1 worker: its topics follow from the dialog id.
    pub(crate) fn version_1(context: &Context, term: u64, dialog_id: &str) -> Self {
        Self {
            term,
            dialog_id: dialog_id.to_owned(),
            events: context.names.events(dialog_id),
            responses: context.names.responses(dialog_id),
            bodies: Bodies::String,
            version_1: true,
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
        Ok(Self {
            term: accept.term,
            dialog_id: dialog_id.to_owned(),
            events: accept.events.clone(),
            responses: accept.responses.clone(),
            bodies: accept.bodies,
            version_1: false,
        })
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
        let delivered = match messages {
            Some(messages) if self.version_1 && unique_id.is_empty() => {
                let publish = context.bus.publish_all(&self.responses, messages);
                matches!(timeout_at(arrived + VERSION_1_ANSWER, publish).await, Ok(Ok(())))
            }
            Some(messages) => publish_persistently(context, &self.responses, messages).await,
            None => false,
        };
        if !delivered {
            context.counters.count(Counter::AnswersLost);
            debug!(dialog = %self.dialog_id, "an answer could not be delivered");
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
        && let Err(error) = context.bus.publish(&owner.events, bytes.into()).await
    {
        debug!(dialog = %owner.dialog_id, %error, "ProxyGone could not be sent");
    }
}
