//! What a message to a dialog means while the dialog is offered.

use std::sync::Arc;

use ari_bus::protocol::{Accept, Answer, Bodies, Control, Incoming, parse_incoming};
use serde_json::{Map, Value};
use tracing::debug;

use super::{
    Context, Dialog, Mail,
    owner::{Holding, Owner},
    replies::{ReplyTo, answer_control, tell_gone},
    terms::Terms,
};
use crate::metrics::Metric;

/// What a message meant for the last offer.
pub(super) enum Verdict {
    /// A worker accepted an offer. A version-1 worker's first message may be a command already.
    Owned { holding: Holding, first: Option<Mail> },
    /// The last offer was declined.
    Declined,
    /// Nothing.
    Nothing,
}

/// Reads a message; what awaits an answer gets one.
pub(super) async fn consider(
    context: &Context,
    dialog: &Arc<Dialog>,
    terms: &mut Terms,
    mail: Mail,
) -> Verdict {
    if mail.version_1 {
        terms.note_version_1(mail.term);
    }
    let Some(dialog_id) = terms.dialog_id(mail.term) else { return Verdict::Nothing };
    match parse_incoming(&mail.payload) {
        // Its worker, or that of an earlier offer, has lost the dialog since.
        Incoming::Control(Control::Accept(accept)) if !terms.is_open(mail.term) => {
            tell_gone(context, &accept, Some(mail.term), dialog_id).await;
            Verdict::Nothing
        }
        _ if !terms.is_open(mail.term) => {
            context.metrics.count(Metric::Noise);
            Verdict::Nothing
        }
        Incoming::Control(Control::Accept(accept)) => {
            consider_accept(context, dialog, &accept, mail.term, dialog_id).await
        }
        Incoming::Control(Control::Decline(decline)) => {
            debug!(dialog = %dialog.root, reason = decline.reason, "a worker declined");
            let answer = Answer::empty(204);
            answer_control(context, (&decline).into(), &answer).await;
            let counts = terms.is_last(mail.term) && decline.term == mail.term;
            if counts { Verdict::Declined } else { Verdict::Nothing }
        }
        // Any other message on its topic is a version-1 worker's accept: its first command, or just `DUMMY`.
        Incoming::Command(_) | Incoming::Noise(_) | Incoming::Refused(_)
            if mail.version_1 && !is_control(&mail.payload) =>
        {
            let holding = Owner::version_1(context, mail.term, dialog_id).hold(dialog);
            Verdict::Owned { holding, first: Some(mail) }
        }
        // An accept that cannot be read still says where its answer is awaited.
        Incoming::Refused(refusal) if is_control(&mail.payload) => {
            let answer = Answer::error(refusal.status, &refusal.message);
            let responses = field(&mail.payload, "responses");
            let unique_id = Some(refusal.unique_id.as_str()).filter(|id| !id.is_empty());
            let to = ReplyTo { responses: responses.as_deref(), unique_id, bodies: Bodies::String };
            answer_control(context, to, &answer).await;
            Verdict::Nothing
        }
        _ => {
            context.metrics.count(Metric::Noise);
            debug!(dialog = %dialog.root, "a message to an offer that is not accepted");
            Verdict::Nothing
        }
    }
}

async fn consider_accept(
    context: &Context,
    dialog: &Arc<Dialog>,
    accept: &Accept,
    term: u64,
    dialog_id: &str,
) -> Verdict {
    if accept.term != term {
        tell_gone(context, accept, Some(term), dialog_id).await;
        return Verdict::Nothing;
    }
    let (owner, answer) = match Owner::version_2(context, accept, dialog_id) {
        Ok(owner) => (Some(owner.with_lease(context, accept)), Answer::empty(204)),
        Err(problem) => (None, Answer::error(400, &problem)),
    };
    // Before the worker knows: its next heartbeat names the dialog.
    let holding = owner.map(|owner| owner.hold(dialog));
    answer_control(context, accept.into(), &answer).await;
    holding.map_or(Verdict::Nothing, |holding| Verdict::Owned { holding, first: None })
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

#[cfg(test)]
mod tests {
    use ari_bus::memory::MemoryBus;
    use serde_json::json;

    use super::*;
    use crate::dialog::testing::{context, dialog};

    /// An owner says its accept again after each outage, and may say it when it has lost the dialog.
    #[tokio::test]
    async fn an_accept_of_a_term_that_is_over_does_not_win_the_dialog_back() {
        let context = context(MemoryBus::new());
        let ((dialog, _mail), mut terms) = (dialog(&context), Terms::default());
        let accept = |term: u64| {
            let text = json!({ "control": "accept", "term": term, "events": "e", "responses": "r" });
            Mail { term, version_1: false, payload: text.to_string().into() }
        };
        terms.add(1, "pbx.1");
        let won = consider(&context, &dialog, &mut terms, accept(1)).await;
        assert!(matches!(won, Verdict::Owned { .. }));
        terms.close(&context.names);
        terms.add(2, "pbx.2");
        let late = [accept(1), Mail { version_1: true, payload: "DUMMY".into(), ..accept(1) }];
        for mail in late {
            assert!(matches!(consider(&context, &dialog, &mut terms, mail).await, Verdict::Nothing));
        }
        let next = consider(&context, &dialog, &mut terms, accept(2)).await;
        assert!(matches!(next, Verdict::Owned { .. }));
    }
}
