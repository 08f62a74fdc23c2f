//! The commands of one dialog, one after the other: ids are bound, the request goes to Asterisk, the answer to the bus.

use std::{convert::Infallible, sync::Arc};

use ari_bus::protocol::{Answer, Object, ObjectKind};
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

/// The commands of one dialog.
pub(super) struct Commands<'a> {
    context: &'a Arc<Context>,
    dialog: &'a Arc<Dialog>,
    owner: &'a Owner,
    jobs: mpsc::Receiver<Job>,
    /// Commands that were begun and not yet answered, one at most.
    running: usize,
}

/// What came of a request.
struct Outcome {
    answer: Answer,
    /// What it may or may not have made.
    unsettled: Vec<Object>,
}

impl<'a> Commands<'a> {
    /// Commands to be run as they come out of `jobs`.
    pub(super) fn new(
        context: &'a Arc<Context>,
        dialog: &'a Arc<Dialog>,
        owner: &'a Owner,
        jobs: mpsc::Receiver<Job>,
    ) -> Self {
        Self { context, dialog, owner, jobs, running: 0 }
    }

    /// Runs commands in the order issued, for ever.
    pub(super) async fn run(&mut self) -> Infallible {
        loop {
            let Some(Job { unique_id, task, arrived, busy }) = self.jobs.recv().await else {
                // Closed by the dialog's end, which drops this future as well.
                std::future::pending::<()>().await;
                continue;
            };
            self.running = 1;
            let Outcome { answer, unsettled } = match task {
                Task::Send(request) => send(self.context, self.dialog, request).await,
                Task::Refuse(answer) => answer.into(),
            };
            self.answer(&unique_id, &answer, arrived).await;
            self.running = 0;
            // Not before the worker knows: Asterisk may be silent for long.
            settle(self.context, self.dialog, &unsettled).await;
            drop(busy);
        }
    }

    /// Commands that had no answer yet when [`Commands::run`] was dropped.
    pub(super) fn unanswered(&self) -> usize {
        self.jobs.len() + self.running
    }

    async fn answer(&self, unique_id: &str, answer: &Answer, arrived: Instant) {
        if self.owner.version_1 && unique_id.is_empty() && arrived.elapsed() > VERSION_1_ANSWER {
            self.context.counters.count(Counter::AnswersLost);
            debug!(dialog = %self.owner.dialog_id, "an answer is dropped: version 1 no longer waits for it");
        } else {
            self.owner.answer(self.context, unique_id, answer, arrived).await;
        }
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self { answer, unsettled: Vec::new() }
    }
}

async fn send(context: &Context, dialog: &Arc<Dialog>, mut request: Request) -> Outcome {
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
            answer.into()
        }
        Err(error) => {
            debug!(dialog = %dialog.root, %error, "a command got no answer from Asterisk");
            let unsettled = match &error {
                RestError::FateUnknown(_) | RestError::AnswerTooLarge => bound,
                RestError::Unreachable(_) | RestError::Malformed(_) => {
                    context.registry().undo(dialog, &bound);
                    Vec::new()
                }
            };
            Outcome { answer: error.to_answer(), unsettled }
        }
    }
}

/// After a command whose fate is not known: a channel that Asterisk does not know was not made, and must not hold the
/// dialog. Everything else stays bound.
async fn settle(context: &Context, dialog: &Arc<Dialog>, unsettled: &[Object]) {
    let until = Instant::now() + SETTLE;
    for object in unsettled.iter().filter(|object| object.kind == ObjectKind::Channel) {
        let look = Request::own(Method::GET, &["channels", &object.id]);
        let time = until.saturating_duration_since(Instant::now());
        if context.rest.ask(&look, time, &context.stop).await.is_some_and(|answer| answer.status == 404) {
            context.registry().undo(dialog, std::slice::from_ref(object));
        }
    }
    context.registry().confirm(dialog, unsettled);
}
