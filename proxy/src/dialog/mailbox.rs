//! What a dialog's workers send to it once it has an owner: commands go on to Asterisk, control messages are answered.

use std::{convert::Infallible, sync::Arc};

use ari_bus::protocol::{Answer, Control, Incoming, Refusal, parse_incoming};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::Instant,
};
use tracing::debug;

use super::{
    Context, Mail,
    activity::Activity,
    commands::{Job, Task},
    owner::Owner,
    replies::{ReplyTo, answer_control, tell_gone},
    terms::Terms,
};
use crate::{asterisk::request::Request, counters::Counter, limits::COMMANDS_PER_DIALOG};

/// Reads the messages to one dialog.
pub(super) struct Mailbox<'a> {
    pub(super) context: &'a Arc<Context>,
    pub(super) owner: &'a Owner,
    pub(super) terms: &'a mut Terms,
    /// Commands, in the order issued.
    pub(super) jobs: mpsc::Sender<Job>,
    pub(super) activity: &'a Arc<Activity>,
}

impl Mailbox<'_> {
    /// Reads messages as they come, for ever. `first` came while the dialog was offered.
    pub(super) async fn run(&mut self, mail: &mut mpsc::Receiver<Mail>, first: Option<Mail>) -> Infallible {
        if let Some(first) = first {
            self.read(first).await;
        }
        loop {
            match mail.recv().await {
                Some(mail) => self.read(mail).await,
                // Closed by the dialog's end, which drops this future as well.
                None => std::future::pending::<()>().await,
            }
        }
    }

    async fn read(&mut self, mail: Mail) {
        if mail.version_1 {
            self.terms.note_version_1(mail.term);
        }
        match parse_incoming(&mail.payload) {
            Incoming::Control(control) => self.control(control, mail.term).await,
            Incoming::Command(command) if self.speaks(&mail) => match Request::check(&command) {
                Ok(request) => self.enqueue(&command.unique_id, Task::Send(request)).await,
                Err(refused) => {
                    let answer = Answer::error(refused.status, &refused.message);
                    self.refuse(&command.unique_id, answer).await;
                }
            },
            Incoming::Refused(Refusal { unique_id, status, message }) if self.speaks(&mail) => {
                self.refuse(&unique_id, Answer::error(status, &message)).await;
            }
            // Version 1 says hello with it.
            Incoming::Noise(_) if mail.version_1 && &mail.payload[..] == b"DUMMY" => {}
            other => {
                self.context.counters.count(Counter::Noise);
                let what = if let Incoming::Noise(what) = other { what } else { "not from the owner" };
                debug!(dialog = %self.owner.dialog_id, what, "a message is not acted upon");
            }
        }
    }

    /// Whether a message comes from the owner: in its term, and on the topic of its version.
    fn speaks(&self, mail: &Mail) -> bool {
        mail.term == self.owner.term && mail.version_1 == self.owner.version_1
    }

    async fn control(&self, control: Control, term: u64) {
        let owns = term == self.owner.term;
        match control {
            Control::Accept(accept) => {
                let again = Owner::version_2(self.context, &accept, &self.owner.dialog_id);
                if owns && again.as_ref() == Ok(self.owner) {
                    return answer_control(self.context, (&accept).into(), &Answer::empty(204)).await;
                }
                if let Some(dialog_id) = self.terms.dialog_id(term) {
                    tell_gone(self.context, &accept, Some(term), dialog_id).await;
                }
            }
            Control::Decline(decline) => {
                let answer = Answer::error(409, "the dialog has an owner already");
                answer_control(self.context, (&decline).into(), &answer).await;
            }
            other if owns => {
                let text = format!("control message {:?} is not supported yet", other.word());
                let (responses, bodies) = (Some(self.owner.responses.as_str()), self.owner.bodies);
                let to = ReplyTo { responses, unique_id: other.unique_id(), bodies };
                answer_control(self.context, to, &Answer::error(501, &text)).await;
            }
            _ => self.context.counters.count(Counter::Noise),
        }
    }

    /// Refusals take their turn among the commands: version 1 tells answers apart by their order.
    async fn refuse(&self, unique_id: &str, answer: Answer) {
        self.context.counters.count(Counter::CommandsRefused);
        self.enqueue(unique_id, Task::Refuse(answer)).await;
    }

    async fn enqueue(&self, unique_id: &str, task: Task) {
        let job = Job {
            unique_id: unique_id.to_owned(),
            task,
            arrived: Instant::now(),
            busy: self.activity.begin(),
        };
        match self.jobs.try_send(job) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            // An answer without id would be taken for that of an earlier command.
            Err(TrySendError::Full(job)) if self.owner.version_1 && job.unique_id.is_empty() => {
                self.context.counters.count(Counter::AnswersLost);
                debug!(dialog = %self.owner.dialog_id, "a command is dropped: {COMMANDS_PER_DIALOG} wait already");
            }
            Err(TrySendError::Full(job)) => {
                self.context.counters.count(Counter::CommandsRefused);
                let text = format!("{COMMANDS_PER_DIALOG} commands of this dialog wait already");
                self.owner
                    .answer(self.context, &job.unique_id, &Answer::error(429, &text), job.arrived)
                    .await;
            }
        }
    }
}
