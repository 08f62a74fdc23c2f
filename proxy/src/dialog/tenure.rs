//! What the owner of a dialog says about its term: `ack`, `resend`, `save`, `release`.

use ari_bus::protocol::{Answer, Control, MAX_CONTEXT, Save};

use super::{
    Context, Dialog,
    delivery::NotSent,
    recorded::{Known, digest},
};

impl Dialog {
    /// Acts on what the owner in this term said, and says how to answer it.
    pub(super) fn hear(&self, context: &Context, term: u64, said: &Control) -> Answer {
        let delivery = &self.delivery;
        match said {
            Control::Ack(ack) => answer(delivery.acknowledge(ack.term, ack.seq)),
            Control::Resend(_) if !context.resends() => Answer::empty(204),
            Control::Resend(resend) => answer(delivery.resend(resend.term, resend.from)),
            Control::Save(save) if save.term == term => self.save(context, term, save),
            Control::Release(release) if release.term == term => Answer::empty(204),
            Control::Save(_) | Control::Release(_) => {
                Answer::error(409, &format!("the dialog is in term {term}"))
            }
            other => {
                let text = format!("control message {:?} is not supported yet", other.word());
                Answer::error(501, &text)
            }
        }
    }

    /// Saves a context and acknowledges with it: both, or neither. One that comes twice must not take the place of a later
    /// one.
    fn save(&self, context: &Context, term: u64, save: &Save) -> Answer {
        if save.context.len() > MAX_CONTEXT {
            return Answer::error(413, &format!("`context` is longer than {MAX_CONTEXT} bytes"));
        }
        let unique_id = save.unique_id.as_deref().unwrap_or_default();
        if !unique_id.is_empty() {
            match self.recorded().take(unique_id, digest(&[save.context.as_bytes()]), term, term) {
                Known::New => {}
                Known::Answered(answer) => return answer,
                Known::UnderWay | Known::Forgotten => return Answer::empty(204),
                Known::Other => {
                    return Answer::error(409, "another message of this dialog has this `unique_id`");
                }
            }
        }
        let answer = match save.ack.map(|seq| self.delivery.acknowledge(term, seq)) {
            Some(Err(problem)) => answer(Err(problem)),
            None | Some(Ok(())) => {
                *self.saved() = Some(save.context.clone());
                Answer::empty(204)
            }
        };
        if !unique_id.is_empty() {
            self.recorded().answer(unique_id, &answer, context.clock.now());
        }
        answer
    }
}

fn answer(result: Result<(), NotSent>) -> Answer {
    match result {
        Ok(()) => Answer::empty(204),
        Err(NotSent) => Answer::error(400, "no event of this number was sent in this term"),
    }
}
