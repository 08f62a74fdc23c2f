//! The commands of one dialog, one after the other and through all its terms: ids are bound, the request goes to Asterisk,
//! the answer to the bus.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
};

use ari_bus::protocol::{Answer, Object, ObjectKind};
use reqwest::Method;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tracing::debug;

use super::{
    Context, Dialog,
    activity::Busy,
    handover::form::{JobForm, TaskForm, milliseconds},
    owner::Owner,
};
use crate::{
    asterisk::{
        chosen::{Chosen, answered_id, choose_ids},
        request::Request,
        rest::RestError,
    },
    limits::{SETTLE, VERSION_1_ANSWER},
    metrics::{Answered, Held, Metric},
    policy::Refusal,
};

/// What takes its turn among the commands of a dialog. Boxed: every dialog's queue has room for some from its beginning.
pub(super) enum Turn {
    /// A command.
    Job(Box<Job>),
    /// A command of an operator.
    Operator(Box<Wanted>),
    /// The dialog has come to rest: the commands that wait are to be told.
    Rest(oneshot::Sender<Vec<JobForm>>),
}

/// One command in its place in the order.
pub(super) struct Job {
    /// Who wants it, and gets the answer.
    pub(super) owner: Arc<Owner>,
    pub(super) unique_id: String,
    pub(super) task: Task,
    pub(super) arrived: Instant,
    /// The dialog does not end before its commands are answered.
    pub(super) busy: Busy,
    /// It is counted among those that wait.
    pub(super) waits: Held,
}

/// A command of an operator.
pub(super) struct Wanted {
    pub(super) request: Request,
    /// Where its answer goes; dropped without one it was not run.
    pub(super) answers: oneshot::Sender<Answer>,
}

/// What is done next.
enum Next {
    Job(Box<Job>),
    Operator(Box<Wanted>),
}

/// What is to be done for a command.
pub(super) enum Task {
    /// Send this to Asterisk.
    Send(Request),
    /// Answer this; Asterisk does not see the command, or has seen it before.
    Answer(Answer),
}

/// The commands of one dialog.
pub(super) struct Commands<'a> {
    context: &'a Arc<Context>,
    dialog: &'a Arc<Dialog>,
    jobs: mpsc::Receiver<Turn>,
    /// Those that stood still, and go before all others.
    stood: VecDeque<Box<Job>>,
    /// Who is to be told what waits.
    asked: Option<oneshot::Sender<Vec<JobForm>>>,
    /// Commands that were begun and not yet answered, one at most.
    running: usize,
}

impl From<&Job> for JobForm {
    fn from(Job { owner, unique_id, task, arrived, .. }: &Job) -> Self {
        let waited = milliseconds(arrived.elapsed());
        Self { by: owner.hand_over(), unique_id: unique_id.clone(), task: task.into(), waited }
    }
}

impl From<&Task> for TaskForm {
    fn from(task: &Task) -> Self {
        match task {
            Task::Send(request) => Self::Send(request.into()),
            Task::Answer(answer) => Self::Answer(answer.into()),
        }
    }
}

impl TryFrom<TaskForm> for Task {
    type Error = String;

    fn try_from(form: TaskForm) -> Result<Self, String> {
        Ok(match form {
            TaskForm::Send(request) => Self::Send(request.try_into()?),
            TaskForm::Answer(answer) => Self::Answer(answer.into()),
        })
    }
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
        jobs: mpsc::Receiver<Turn>,
    ) -> Self {
        Self { context, dialog, jobs, stood: VecDeque::new(), asked: None, running: 0 }
    }

    /// Runs commands in the order issued, for ever.
    pub(super) async fn run(&mut self) -> Infallible {
        // What runs one is boxed: most dialogs run none, most of the time.
        loop {
            let Some(next) = self.next().await else {
                self.rest().await;
                continue;
            };
            self.running = 1;
            let (unsettled, busy) = match next {
                Next::Job(job) => {
                    job.waits.ends();
                    (Box::pin(self.run_one(&job)).await, Some(job.busy))
                }
                Next::Operator(wanted) => (Box::pin(self.run_wanted(*wanted)).await, None),
            };
            self.running = 0;
            // Not before the worker knows: Asterisk may be silent for long.
            Box::pin(settle(self.context, self.dialog, &unsettled)).await;
            drop(busy);
        }
    }

    /// The command whose turn it is; `None` when the dialog is to stand still.
    async fn next(&mut self) -> Option<Next> {
        if self.context.freeze.is_frozen() {
            return None;
        }
        if let Some(job) = self.stood.pop_front() {
            return Some(Next::Job(job));
        }
        loop {
            tokio::select! {
                () = self.context.freeze.frozen() => return None,
                turn = self.jobs.recv() => match turn {
                    Some(Turn::Job(job)) => return Some(Next::Job(job)),
                    Some(Turn::Operator(wanted)) => return Some(Next::Operator(wanted)),
                    // Who asks may have heard of the freeze before.
                    Some(Turn::Rest(waiting)) => {
                        self.asked = Some(waiting);
                        return None;
                    }
                    // Closed by the dialog's end, which drops this future as well.
                    None => std::future::pending().await,
                },
            }
        }
    }

    /// Runs nothing until the dialog goes on. Once all that belongs to it has come to rest, says what waits.
    async fn rest(&mut self) {
        let freeze = &self.context.freeze;
        loop {
            if let Some(waiting) = self.asked.take() {
                let stood = self.stood.iter().map(|job| JobForm::from(&**job));
                // Who asked may have gone on.
                let _ = waiting.send(stood.collect());
            }
            tokio::select! {
                turn = self.jobs.recv() => match turn {
                    Some(Turn::Job(job)) => self.stood.push_back(job),
                    // It is told that it was not run: the next process does not know it.
                    Some(Turn::Operator(wanted)) => drop(wanted),
                    Some(Turn::Rest(waiting)) => self.asked = Some(waiting),
                    None => std::future::pending().await,
                },
                () = freeze.thawed() => return,
            }
        }
    }

    /// Commands that had no answer yet when [`Commands::run`] was dropped.
    pub(super) fn unanswered(&self) -> usize {
        self.jobs.len() + self.stood.len() + self.running
    }

    /// Runs a command and answers it; returns what it may or may not have made.
    async fn run_one(&self, job: &Job) -> Vec<Object> {
        let Job { owner, unique_id, task, arrived, .. } = job;
        if self.is_void(owner) {
            debug!(dialog = %owner.dialog_id, "a command is not run: its worker has lost the dialog");
            return Vec::new();
        }
        let request = match task {
            Task::Answer(answer) => {
                self.answer(owner, unique_id, answer, *arrived).await;
                return Vec::new();
            }
            Task::Send(request) => request.clone(),
        };
        // Most often at once. What came before this process stood still may be another's by now.
        self.context.claim.certain().await;
        if self.is_void(owner) {
            return Vec::new();
        }
        self.dialog.recorded().begin(unique_id);
        self.context.metrics.observe(Metric::CommandWait, arrived.elapsed());
        let Outcome { answer, unsettled } = self.send("a worker", request).await;
        let asked = self.dialog.recorded().answer(unique_id, &answer, self.context.clock.now());
        if !self.is_void(owner) {
            self.answer(owner, unique_id, &answer, *arrived).await;
        }
        // It may be another's by now, who has repeated it.
        let next =
            self.dialog.owner().clone().filter(|next| next.term > owner.term && asked == Some(next.term));
        if let Some(next) = next {
            self.answer(&next, unique_id, &answer, *arrived).await;
        }
        unsettled
    }

    /// Runs a command of an operator; returns what it may or may not have made.
    async fn run_wanted(&self, Wanted { request, answers }: Wanted) -> Vec<Object> {
        self.context.claim.certain().await;
        let Outcome { answer, unsettled } = self.send("an operator", request).await;
        // Who asked may have gone.
        let _ = answers.send(answer);
        unsettled
    }

    async fn send(&self, by: &'static str, request: Request) -> Outcome {
        let (began, said) = (Instant::now(), request.clone());
        let outcome = send(self.context, self.dialog, request).await;
        self.context.watchers.command(self.dialog, by, &said, outcome.answer.status, began.elapsed());
        outcome
    }

    /// Whether an owner has lost the dialog, and its commands with it.
    fn is_void(&self, owner: &Owner) -> bool {
        owner.term < self.dialog.valid.load(Ordering::Relaxed)
    }

    async fn answer(&self, owner: &Owner, unique_id: &str, answer: &Answer, arrived: Instant) {
        if owner.version_1 && unique_id.is_empty() && arrived.elapsed() > VERSION_1_ANSWER {
            self.context.metrics.count(Metric::AnswersLost);
            debug!(dialog = %owner.dialog_id, "an answer is dropped: version 1 no longer waits for it");
        } else {
            owner.answer(self.context, unique_id, answer, arrived).await;
        }
    }
}

async fn send(context: &Context, dialog: &Arc<Dialog>, mut request: Request) -> Outcome {
    let said = dialog.guard.is_narrow().then(|| request.clone());
    let chosen = choose_ids(&mut request, &dialog.application);
    let named: &[Chosen] = if said.is_some_and(|said| said == request) { &chosen } else { &[] };
    if let Err(refusal) = allow(context, dialog, &request, named).await {
        let answer =
            dialog.guard.refuse((&dialog.root, dialog.channel()), &request, &refusal, &context.metrics);
        return Outcome { answer, unsettled: Vec::new() };
    }
    let made = chosen.first().cloned();
    // Before the request: events of what it makes can come before its answer.
    let bound = match dialog.delivery.is_closed() {
        // What it makes then is nobody's: a StasisStart of it opens a dialog.
        true => Vec::new(),
        false => context.registry().bind(dialog, chosen),
    };
    let sent = Instant::now();
    let result = context.rest.send(&request).await;
    if let Some(how) = how_answered(&result) {
        context.metrics.answered((request.method.as_str(), &request.url), how, sent.elapsed());
    }
    match result {
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
            Outcome { answer, unsettled: Vec::new() }
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

/// How a command counts; none where it could not be one.
fn how_answered(result: &Result<Answer, RestError>) -> Option<Answered> {
    Some(match result {
        Ok(answer) => Answered::with(answer.status),
        Err(RestError::AnswerTooLarge) => Answered::Otherwise,
        Err(RestError::Unreachable(_)) => Answered::Unreachable,
        Err(RestError::FateUnknown(_)) => Answered::Unknown,
        Err(RestError::Malformed(_)) => return None,
    })
}

/// Whether the policy lets a request go to Asterisk. What a worker that may touch no objects but its own has `named` as new
/// must be: some releases of Asterisk do not mind, and it would become the dialog's.
async fn allow(
    context: &Context,
    dialog: &Arc<Dialog>,
    request: &Request,
    named: &[Chosen],
) -> Result<(), Refusal> {
    let owns = |object: &Object| context.registry().owns(dialog, object);
    dialog.guard.check(request, &owns)?;
    for Chosen { object, .. } in named {
        let kind = match object.kind {
            ObjectKind::Channel => "channels",
            ObjectKind::Bridge => "bridges",
            ObjectKind::Playback | ObjectKind::Recording => continue,
        };
        if owns(object) {
            continue;
        }
        let look = Request::own(Method::GET, &[kind, &object.id]);
        if context.rest.ask(&look, SETTLE, &context.stop).await.is_none_or(|answer| answer.status != 404) {
            return Err(dialog.guard.foreign(object));
        }
    }
    Ok(())
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
