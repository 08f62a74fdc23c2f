//! Saving: what makes a call outlive its worker.

use ari_bus::protocol::{Control, MAX_CONTEXT, Save};
use serde::Serialize;
use tokio::time::timeout;
use tracing::debug;

use super::{
    Call, CallEnd, Dialog,
    commands::{Version, gone, last_chance},
    control::Unanswered,
    resumed,
    terms::Term,
};
use crate::error::{CommandError, CommandErrorKind, Result};

/// What errors name.
const SAVE: &str = "save";
/// The call is another worker's.
const NOT_THE_OWNER: u16 = 409;

impl Call {
    /// Saves the state of the handler, for the worker that has the call after this one, and acknowledges the events that
    /// the handler has had; both take effect, or neither. [Calls that outlive their worker](crate#calls-that-outlive-their-worker)
    /// tells when to do it.
    ///
    /// When this worker is to stop, the call goes to another worker with this: the error is then
    /// [`HandedOver`](CommandErrorKind::HandedOver), and the handler returns it.
    ///
    /// # Errors
    /// `TooLarge` for a state of more than about 16 KiB of JSON, `BadRequest` for one that cannot be JSON, and for a call
    /// of a [version-1 proxy](crate#old-proxies), which keeps nothing; `Unsupported` from a proxy that cannot do it yet;
    /// `Unavailable` when it could not be sent, `Timeout` when it is not known whether it is saved, `Gone` when the call is
    /// over or another worker's.
    pub async fn save(&self, state: &(impl Serialize + Sync + ?Sized)) -> Result {
        let dialog = self.dialog();
        if dialog.commands.version == Version::One {
            let text = "the proxy of this call speaks version 1 of the protocol, which cannot save";
            return Err(CommandError::new(CommandErrorKind::BadRequest, SAVE, text));
        }
        if let Some(end) = dialog.feed.ended() {
            return Err(gone(SAVE, end));
        }
        // Serialized at once: what is waited for need not hold the state.
        let state = serde_json::value::to_raw_value(state).map_err(|error| bad_request(&error))?;
        // With what it tells: an event that another task has while this one waits is not part of it.
        let consumed = dialog.feed.consumed();
        tokio::select! {
            saved = dialog.save(&state, consumed) => saved?,
            end = last_chance(&dialog.feed) => return Err(gone(SAVE, end)),
        }
        if dialog.draining.is_cancelled() && dialog.feed.ended().is_none() {
            dialog.hand_over().await;
            return Err(gone(SAVE, CallEnd::HandedOver));
        }
        Ok(())
    }
}

impl Dialog {
    async fn save(&self, state: &impl Serialize, consumed: u64) -> Result {
        let deadline = self.commands.deadline();
        // One at a time: each counts up the step.
        let Ok(mut acknowledged) = timeout(deadline, self.saving.lock()).await else {
            let text = "another save of this call did not come to an end; this one was not sent";
            return Err(CommandError::new(CommandErrorKind::Unavailable, SAVE, text));
        };
        let step = self.ids.step().saturating_add(1);
        let context = resumed::context(step, self.ids.salt(), state).map_err(|error| bad_request(&error))?;
        if context.len() > MAX_CONTEXT {
            let text = format!("{} bytes are more than the {MAX_CONTEXT} that are kept", context.len());
            return Err(CommandError::new(CommandErrorKind::TooLarge, SAVE, text));
        }
        let ack = Some(consumed).filter(|position| *position > *acknowledged);
        let save = |term: &Term, unique_id| {
            let (context, unique_id) = (context.clone(), Some(unique_id));
            // What came in an earlier term is beyond the proxy that has the call now.
            let ack = ack.map(|position| term.seq(position)).filter(|seq| *seq > 0);
            Control::Save(Save { term: term.number, context, ack, unique_id })
        };
        let seconds = deadline.as_secs_f32();
        // Whatever becomes of it: whoever repeats what came before repeats the attempt too, and counts it.
        self.ids.advance(step);
        match self.ask(SAVE, Some(&context), save, deadline).await {
            Ok(answer) if (200..300).contains(&answer.status) => {
                debug!(step, ack, "saved");
                *acknowledged = ack.unwrap_or(*acknowledged);
                Ok(())
            }
            Ok(answer) if answer.status == NOT_THE_OWNER => {
                self.lose();
                Err(gone(SAVE, CallEnd::Gone))
            }
            Ok(answer) => Err(CommandError::from_answer(SAVE, answer.status, &answer.body)),
            Err(Unanswered::NotSent) => {
                let text = format!("it was not sent within {seconds} s: the bus or the proxy is away");
                Err(CommandError::new(CommandErrorKind::Unavailable, SAVE, text))
            }
            Err(Unanswered::NoAnswer) => {
                let text = format!("no answer within {seconds} s; its fate is not known");
                Err(CommandError::new(CommandErrorKind::Timeout, SAVE, text))
            }
            Err(Unanswered::Garbled(problem)) => {
                Err(CommandError::new(CommandErrorKind::Decode, SAVE, problem))
            }
            Err(Unanswered::Refused(error)) => Err(CommandError::from_bus(SAVE, error)),
        }
    }
}

fn bad_request(error: &serde_json::Error) -> CommandError {
    CommandError::new(CommandErrorKind::BadRequest, SAVE, format!("the state cannot be JSON: {error}"))
}
