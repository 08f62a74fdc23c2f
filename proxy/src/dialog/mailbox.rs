//! What a dialog's workers send to it once it has an owner: commands go on to Asterisk in their order and once each; what
//! the owner says about its term is acted upon.

use std::sync::Arc;

use ari_bus::protocol::{Answer, Command, Control, Incoming, Refusal, parse_incoming};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::Instant,
};
use tracing::debug;

use super::{
    Context, Dialog, Mail,
    activity::Activity,
    commands::{Job, Task, Turn},
    handover::{
        Resting,
        form::{TaskForm, WishForm},
    },
    order::{Order, Placed},
    owner::Owner,
    recorded::{Known, digest},
    replies::{ReplyTo, answer_control, tell_gone},
    terms::Terms,
};
use crate::{
    asterisk::request::Request,
    limits::{COMMAND_GAP, COMMANDS_PER_DIALOG},
    metrics::Metric,
};

/// Reads the messages to one dialog in one term.
pub(super) struct Mailbox<'a> {
    context: &'a Arc<Context>,
    dialog: &'a Arc<Dialog>,
    owner: &'a Arc<Owner>,
    terms: &'a mut Terms,
    /// Commands, in the order issued.
    jobs: &'a mpsc::Sender<Turn>,
    activity: &'a Arc<Activity>,
    order: &'a mut Order<Wish>,
}

/// A command as it came.
pub(super) struct Wish {
    unique_id: String,
    what: What,
}

enum What {
    Run {
        request: Request,
        /// What tells it from another of the same id.
        digest: u64,
    },
    Refuse(Answer),
}

impl<'a> Mailbox<'a> {
    pub(super) fn new(
        (context, dialog, owner): (&'a Arc<Context>, &'a Arc<Dialog>, &'a Arc<Owner>),
        terms: &'a mut Terms,
        jobs: &'a mpsc::Sender<Turn>,
        activity: &'a Arc<Activity>,
        order: &'a mut Order<Wish>,
    ) -> Self {
        Self { context, dialog, owner, terms, jobs, activity, order }
    }

    /// Reads messages as they come, until the owner gives the dialog back. `first` came while the dialog was offered.
    pub(super) async fn run(
        &mut self,
        mail: &mut mpsc::Receiver<Mail>,
        first: Option<Mail>,
        resting: &Resting,
    ) {
        let mut next = first;
        loop {
            // Boxed: most of the time there is none.
            if let Some(mail) = next.take()
                && Box::pin(self.read(mail)).await
            {
                return;
            }
            let gives_up = self.order.gives_up();
            tokio::select! {
                () = self.context.freeze.frozen() => resting.rest(&self.context.freeze).await,
                mail = mail.recv() => match mail {
                    Some(mail) => next = Some(mail),
                    // Closed by the dialog's end, which drops this future as well.
                    None => std::future::pending::<()>().await,
                },
                () = self.context.clock.sleep_until(gives_up.unwrap_or_default()), if gives_up.is_some() => {
                    for wish in self.order.give_up() {
                        let text = "a command with a smaller `cmd_seq` did not come";
                        Box::pin(self.refuse(wish.unique_id, Answer::error(409, text))).await;
                    }
                }
            }
        }
    }

    /// Acts on a message; true if the owner gave the dialog back.
    async fn read(&mut self, mail: Mail) -> bool {
        if mail.version_1 {
            self.terms.note_version_1(mail.term);
        }
        let speaks = self.speaks(&mail);
        if speaks {
            self.owner.heard(self.context);
        }
        match parse_incoming(&mail.payload) {
            Incoming::Control(control) => return self.control(control, &mail).await,
            Incoming::Command(command) if speaks || !self.context.ends_terms() => {
                let wish = Wish::of(&command);
                self.in_order(command.cmd_seq.filter(|_| speaks), wish).await;
            }
            Incoming::Refused(Refusal { unique_id, cmd_seq, status, message }) if speaks => {
                let what = What::Refuse(Answer::error(status, &message));
                self.in_order(cmd_seq, Wish { unique_id, what }).await;
            }
            // Version 1 says hello with it.
            Incoming::Noise(_) if mail.version_1 && &mail.payload[..] == b"DUMMY" => {}
            other => {
                self.context.metrics.count(Metric::Noise);
                let what = if let Incoming::Noise(what) = other { what } else { "not from the owner" };
                debug!(dialog = %self.owner.dialog_id, what, "a message is not acted upon");
            }
        }
        false
    }

    /// Whether a message comes from the owner: in its term, and on the topic of its version.
    fn speaks(&self, mail: &Mail) -> bool {
        mail.term == self.owner.term && mail.version_1 == self.owner.version_1
    }

    /// Acts on a control message; true if the owner gave the dialog back.
    async fn control(&mut self, control: Control, mail: &Mail) -> bool {
        let owns = mail.term == self.owner.term;
        match control {
            Control::Accept(accept) => {
                if owns && self.owner.is_said_by(&accept) {
                    answer_control(self.context, (&accept).into(), &Answer::empty(204)).await;
                } else if let Some(dialog_id) = self.terms.dialog_id(mail.term) {
                    tell_gone(self.context, &accept, Some(mail.term), dialog_id).await;
                }
            }
            Control::Decline(decline) => {
                let answer = Answer::error(409, "the dialog has an owner already");
                answer_control(self.context, (&decline).into(), &answer).await;
            }
            said if owns => {
                let answer = self.dialog.hear(self.context, self.owner.term, &said);
                let gives_back = matches!(said, Control::Release(_)) && answer.status < 400;
                let responses = self.owner.responses();
                let to = ReplyTo {
                    responses: Some(&responses),
                    unique_id: said.unique_id(),
                    bodies: self.owner.bodies,
                };
                answer_control(self.context, to, &answer).await;
                return gives_back;
            }
            _ => self.context.metrics.count(Metric::Noise),
        }
        false
    }

    /// Lets a command take its turn by its number, if it has one.
    async fn in_order(&mut self, cmd_seq: Option<u64>, wish: Wish) {
        let Some(number) = cmd_seq else { return self.take(wish).await };
        let waits = self.order.waiting(number);
        if waits.is_some_and(|waits| !waits.unique_id.is_empty() && waits.unique_id == wish.unique_id) {
            // The same again, before its turn.
            return;
        }
        let gives_up = self.context.clock.now() + COMMAND_GAP;
        match self.order.place(number, wish, gives_up) {
            Placed::Now(wishes) => {
                for wish in wishes {
                    self.take(wish).await;
                }
            }
            Placed::Early => {}
            Placed::Past(wish) => self.repeat(number, wish).await,
            Placed::Full(wish) => self.refuse_now(&wish.unique_id).await,
        }
    }

    /// Takes a command whose turn it is, in the queue to Asterisk.
    async fn take(&self, Wish { unique_id, what }: Wish) {
        let (request, digest) = match what {
            What::Refuse(answer) => return self.refuse(unique_id, answer).await,
            What::Run { request, digest } => (request, digest),
        };
        match self.known(&unique_id, digest) {
            Known::New => self.enqueue(unique_id, Task::Send(request)).await,
            known => self.again(unique_id, known).await,
        }
    }

    /// A command whose number was used up: perhaps it came twice.
    async fn repeat(&self, number: u64, Wish { unique_id, what }: Wish) {
        let used_up = || Answer::error(409, &format!("`cmd_seq` {number} was used before, or given up"));
        let What::Run { digest, .. } = what else { return self.refuse(unique_id, used_up()).await };
        match self.known(&unique_id, digest) {
            Known::New => {
                self.dialog.recorded().pass_over(&unique_id, self.owner.term);
                self.refuse(unique_id, used_up()).await;
            }
            known => self.again(unique_id, known).await,
        }
    }

    /// What is known of a command by its id. Version 1 has none that could be relied on.
    fn known(&self, unique_id: &str, digest: u64) -> Known {
        if unique_id.is_empty() || self.owner.version_1 || !self.context.deduplicates() {
            return Known::New;
        }
        let valid = self.dialog.valid.load(std::sync::atomic::Ordering::Relaxed);
        self.dialog.recorded().take(unique_id, digest, self.owner.term, valid)
    }

    /// Answers a command that came before.
    async fn again(&self, unique_id: String, known: Known) {
        let (status, text) = match known {
            Known::New | Known::UnderWay => return,
            Known::Answered(answer) => return self.enqueue(unique_id, Task::Answer(answer)).await,
            Known::Forgotten => (502, "this command was run before, and its answer is not kept any more"),
            Known::Other => (409, "another command of this dialog has this `unique_id`"),
        };
        self.refuse(unique_id, Answer::error(status, text)).await;
    }

    /// Refusals take their turn among the commands: version 1 tells answers apart by their order.
    async fn refuse(&self, unique_id: String, answer: Answer) {
        self.context.metrics.refused(answer.status);
        self.enqueue(unique_id, Task::Answer(answer)).await;
    }

    async fn enqueue(&self, unique_id: String, task: Task) {
        let (owner, busy) = (Arc::clone(self.owner), self.activity.begin());
        let waits = self.context.metrics.hold(Metric::CommandsWaiting, 1);
        let job = Job { owner, unique_id, task, arrived: Instant::now(), busy, waits };
        let job = match self.jobs.try_send(Turn::Job(Box::new(job))) {
            Err(TrySendError::Full(Turn::Job(job))) => job,
            _ => return,
        };
        if self.owner.version_1 && job.unique_id.is_empty() {
            // An answer without id would be taken for that of an earlier command.
            self.context.metrics.count(Metric::AnswersLost);
            return debug!(dialog = %self.owner.dialog_id, "a command is dropped: {COMMANDS_PER_DIALOG} wait already");
        }
        self.dialog.recorded().pass_over(&job.unique_id, self.owner.term);
        self.refuse_now(&job.unique_id).await;
    }

    /// Too many wait already: this answer overtakes theirs.
    async fn refuse_now(&self, unique_id: &str) {
        self.context.metrics.refused(429);
        let text = format!("{COMMANDS_PER_DIALOG} commands of this dialog wait already");
        self.owner.answer(self.context, unique_id, &Answer::error(429, &text), Instant::now()).await;
    }
}

impl From<&Wish> for WishForm {
    fn from(Wish { unique_id, what }: &Wish) -> Self {
        let (task, digest) = match what {
            What::Run { request, digest } => (TaskForm::Send(request.into()), *digest),
            What::Refuse(answer) => (TaskForm::Answer(answer.into()), 0),
        };
        Self { unique_id: unique_id.clone(), task, digest }
    }
}

impl TryFrom<WishForm> for Wish {
    type Error = String;

    fn try_from(WishForm { unique_id, task, digest }: WishForm) -> Result<Self, String> {
        let what = match task {
            TaskForm::Send(request) => What::Run { request: request.try_into()?, digest },
            TaskForm::Answer(answer) => What::Refuse(answer.into()),
        };
        Ok(Self { unique_id, what })
    }
}

impl Wish {
    fn of(command: &Command<'_>) -> Self {
        let what = match Request::check(command) {
            Ok(request) => {
                let body = command.body.as_deref().unwrap_or_default();
                let parts = [command.method.as_bytes(), command.url.as_bytes(), body.as_bytes()];
                What::Run { request, digest: digest(&parts) }
            }
            Err(refused) => What::Refuse(Answer::error(refused.status, &refused.message)),
        };
        Self { unique_id: command.unique_id.clone().into_owned(), what }
    }
}
