//! A call that is brought to the proxy process which took the place of its own, and goes on there in a new term.

use std::sync::{Arc, atomic::Ordering};

use ari_bus::protocol::{self, Attach, AttachReply, Bodies, Object, ObjectKind, check_topic};
use tracing::info;

use super::{CallEnd, Dialog};

impl Dialog {
    /// Whether the call is to be brought to a new process: not if it has ended, and not if its handler gave it back and nothing
    /// is left to do.
    pub(crate) fn is_to_go_on(&self) -> bool {
        self.last_word().is_none()
            && match self.feed.ended() {
                None => true,
                // Whoever gives it to another worker needs a proxy that offers it.
                Some(CallEnd::HandedOver) => !self.released.load(Ordering::Relaxed),
                // While a channel lives the call is this worker's, handler or not.
                Some(CallEnd::Released) => !self.legs.left().is_empty(),
                Some(CallEnd::Ended | CallEnd::Gone | CallEnd::Closed) => false,
            }
    }

    /// The proxy process of the call has gone, and another stands in its place: nothing is said until the call is there.
    pub(crate) fn leave(&self) {
        // What came early came from a process that is not the one to go to.
        let _sequence = self.sequence();
        self.early().take();
        self.terms.leave();
        self.standing.cut_off();
    }

    /// What brings the call to a new process, which sends to these topics.
    pub(crate) fn attach(&self, unique_id: &str, worker_id: &str, events: &str, responses: &str) -> Attach {
        let arrived = self.arrived();
        let (term, context) = self.terms.leave();
        let channels = self.legs.left().into_iter().map(|id| Object { kind: ObjectKind::Channel, id });
        Attach {
            unique_id: unique_id.to_owned(),
            worker_id: worker_id.to_owned(),
            root: self.root().to_owned(),
            application: self.offer.application.clone(),
            objects: channels.chain(self.objects.left()).collect(),
            context,
            term: Some(term.number),
            seq: term.seq(arrived),
            events: events.to_owned(),
            responses: responses.to_owned(),
            bodies: Bodies::String,
        }
    }

    /// The new process has the call: it goes on in the term that it says. An error tells why it cannot be that.
    pub(crate) fn attached(&self, reply: &AttachReply) -> Result<(), String> {
        check_topic(&reply.commands).map_err(|error| error.to_string())?;
        let old = self.term();
        if reply.term <= old {
            return Err(format!("its term {} does not come after {old}", reply.term));
        }
        let commands: Arc<str> = reply.commands.as_str().into();
        // Held to the end, so that no event is taken for one of the other term.
        let mut sequence = self.sequence();
        let base = sequence.begin_term(&mut |next| self.deliver(next));
        // What was published is given up before anything is published in the new term.
        self.commands.begin_term(&commands);
        self.terms.begin(reply.term, commands, base);
        self.never_resends.store(false, Ordering::Relaxed);
        for early in self.early().take() {
            if early.term == reply.term {
                self.take_in_turn(&mut sequence, early);
            }
        }
        self.tell_arrived(&sequence);
        drop(sequence);
        // The first event may have come when nobody knew what it was.
        self.gaps.notify_one();
        self.standing.confirmed();
        info!(root = self.root(), term = reply.term, "the call goes on with the proxy that was restarted");
        Ok(())
    }

    /// Whether an event is of the term that the call is in. An offer has a dialog id of its own; nobody has said that of an attach.
    pub(super) fn is_of_now(&self, envelope: &protocol::Event<'_>) -> bool {
        let term = self.terms.now();
        if term.attached {
            return envelope.term == Some(term.number);
        }
        let other_dialog = envelope.dialog_id.as_deref().is_some_and(|id| id != self.offer.dialog_id);
        !other_dialog && (envelope.term.is_none() || envelope.term == self.offer.term)
    }
}
