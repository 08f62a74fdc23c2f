//! Answers to control messages, and what is said to a worker that accepted in vain.

use ari_bus::protocol::{Accept, Answer, Bodies, Decline, encode_answer};
use tracing::debug;

use super::{
    Context,
    owner::{Owner, publish_gone},
};
use crate::metrics::Metric;

/// Where the answer to a control message goes, and how its body is put.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReplyTo<'a> {
    pub(super) responses: Option<&'a str>,
    pub(super) unique_id: Option<&'a str>,
    pub(super) bodies: Bodies,
}

impl<'a> From<&'a Accept> for ReplyTo<'a> {
    fn from(accept: &'a Accept) -> Self {
        let unique_id = accept.unique_id.as_deref();
        Self { responses: Some(&accept.responses), unique_id, bodies: accept.bodies }
    }
}

impl<'a> From<&'a Decline> for ReplyTo<'a> {
    fn from(decline: &'a Decline) -> Self {
        let (responses, unique_id) = (decline.responses.as_deref(), decline.unique_id.as_deref());
        Self { responses, unique_id, bodies: Bodies::String }
    }
}

/// Answers a control message where it says how.
pub(super) async fn answer_control(context: &Context, to: ReplyTo<'_>, answer: &Answer) {
    answer_in(context, to, answer, false).await;
}

/// Answers a control message however large the answer is.
pub(super) async fn answer_whole(context: &Context, to: ReplyTo<'_>, answer: &Answer) {
    answer_in(context, to, answer, true).await;
}

/// What a message names may be anybody's topic: that one gets no answer.
async fn answer_in(context: &Context, to: ReplyTo<'_>, answer: &Answer, in_parts: bool) {
    let (Some(responses), Some(unique_id)) = (to.responses, to.unique_id) else { return };
    if let Err(problem) = context.check_worker_topic(responses) {
        return debug!(problem, "a control message is not answered");
    }
    let largest = context.bus.largest_message();
    if let Some(messages) = encode_answer(unique_id, answer, to.bodies, largest, in_parts)
        && context.bus.publish_all(responses, messages).await.is_err()
    {
        context.metrics.count(Metric::AnswersLost);
    }
}

/// Tells a worker that an offer which it accepted is not its own. `term` is that of the offer, as far as it is known.
pub(super) async fn tell_gone(context: &Context, accept: &Accept, term: Option<u64>, dialog_id: &str) {
    let reason = match term.filter(|term| *term != accept.term) {
        Some(term) => format!("the accept names term {}, its offer is term {term}", accept.term),
        None => "the dialog is over or belongs to another worker".to_owned(),
    };
    answer_control(context, accept.into(), &Answer::error(409, &reason)).await;
    let Ok(owner) = Owner::version_2(context, accept, dialog_id) else { return };
    publish_gone(context, &owner, &reason).await;
}
