//! The commands of one dialog, one after the other: ids are bound, the request goes to Asterisk, the answer to the bus.

use std::{convert::Infallible, sync::Arc};

use ari_bus::protocol::{Answer, Object, ObjectKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use tokio::{sync::mpsc, time::Instant};
use tracing::debug;

use super::{Context, Dialog, activity::Busy, owner::Owner};
use crate::{
    asterisk::{
        chosen::{answered_id, choose_ids},
        request::Request,
        rest::RestError,
    },
    counters::Counter,
    limits::{SETTLE, VERSION_1_ANSWER},
};

/// One command in its place in the order.
pub(super) struct Job {
    pub(super) unique_id: String,
    pub(super) task: Task,
    pub(super) arrived: Instant,
    /// The dialog does not end before its commands are answered.
    pub(super) busy: Busy,
}

/// What is to be done for a command.
pub(super) enum Task {
    /// Send this to Asterisk.
    Send(Request),
    /// Answer this; Asterisk never sees the command.
    Refuse(Answer),
}

/// Runs commands in the order issued, for ever.
pub(super) async fn run(
    context: &Arc<Context>,
    dialog: &Arc<Dialog>,
    owner: &Owner,
    mut jobs: mpsc::Receiver<Job>,
) -> Infallible {
    loop {
        let Some(Job { unique_id, task, arrived, busy }) = jobs.recv().await else {
            // Closed by the dialog's end, which drops this future as well.
            std::future::pending::<()>().await;
            continue;
        };
        let answer = match task {
            Task::Send(request) => send(context, dialog, request).await,
            Task::Refuse(answer) => answer,
        };
        if owner.version_1 && unique_id.is_empty() && arrived.elapsed() > VERSION_1_ANSWER {
            context.counters.count(Counter::AnswersLost);
            debug!(dialog = %owner.dialog_id, "an answer is dropped: version 1 no longer waits for it");
        } else {
            owner.answer(context, &unique_id, &answer, arrived).await;
        }
        drop(busy);
    }
}

async fn send(context: &Context, dialog: &Arc<Dialog>, mut request: Request) -> Answer {
    context.counters.count(Counter::Commands);
    let chosen = choose_ids(&mut request, &dialog.application);
    let made = chosen.first().cloned();
    // Before the request: events of what it makes can come before its answer.
    let bound = context.registry().bind(dialog, chosen);
    match context.rest.send(&request).await {
        Ok(answer) => {
            let mut registry = context.registry();
            if (200..300).contains(&answer.status) {
                registry.confirm(dialog, &bound);
                // Asterisk has the last word on ids.
                if let Some(made) = made
                    && let Some(id) = answered_id(made.object.kind, &answer.body)
                    && id != made.object.id
                {
                    registry.rename(dialog, made, id);
                }
            } else {
                registry.undo(dialog, &bound);
            }
            answer
        }
        Err(error) => {
            match &error {
                RestError::FateUnknown(_) | RestError::AnswerTooLarge => {
                    settle(context, dialog, &bound).await
                }
                RestError::Unreachable(_) | RestError::Malformed(_) => {
                    context.registry().undo(dialog, &bound)
                }
            }
            debug!(dialog = %dialog.root, %error, "a command got no answer from Asterisk");
            error.to_answer()
        }
    }
}

/// After a command whose fate is not known: a channel that Asterisk does not know was not made, and must not hold the
/// dialog. Everything else stays bound.
async fn settle(context: &Context, dialog: &Arc<Dialog>, bound: &[Object]) {
    for object in bound.iter().filter(|object| object.kind == ObjectKind::Channel) {
        let id = utf8_percent_encode(&object.id, NON_ALPHANUMERIC);
        let look = Request { method: Method::GET, url: format!("/channels/{id}"), body: None };
        if context.rest.ask(&look, SETTLE, &context.stop).await.is_some_and(|answer| answer.status == 404) {
            context.registry().undo(dialog, std::slice::from_ref(object));
        }
    }
    context.registry().confirm(dialog, bound);
}
