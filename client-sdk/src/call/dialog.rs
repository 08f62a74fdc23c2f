//! The machinery behind one call: what the bus brings for it is sorted here, without ever waiting.

use std::sync::{Mutex, PoisonError};

use ari_bus::protocol::{self, AppStart};
use tracing::{debug, warn};

use super::{
    CallEnd,
    commands::{Commands, Version},
    feed::Feed,
    legs::Legs,
    sequence::{Place, Sequence},
};
use crate::Event;

/// The state that a call's handles and the readers of the bus share.
pub(crate) struct Dialog {
    pub(crate) offer: AppStart,
    pub(crate) feed: Feed,
    pub(crate) legs: Legs,
    pub(crate) commands: Commands,
    sequence: Mutex<Sequence>,
}

impl Dialog {
    pub(crate) fn new(offer: AppStart, commands: Commands) -> Self {
        let sequence = Mutex::new(Sequence::new());
        Self { offer, feed: Feed::default(), legs: Legs::default(), commands, sequence }
    }

    /// Counts the offers of the dialog; 1 where the proxy does not.
    pub(crate) fn term(&self) -> u64 {
        self.offer.term.unwrap_or(1)
    }

    /// Puts in the next event.
    pub(crate) fn push(&self, event: Event) {
        self.legs.see(&event);
        self.feed.push(event);
    }

    /// Version 2: takes a message from the events topic.
    pub(crate) fn take_event(&self, payload: &[u8]) {
        match serde_json::from_slice::<protocol::Event<'_>>(payload) {
            Ok(envelope) => self.take_numbered(&envelope),
            Err(error) => debug!(%error, "dropped an event that cannot be read"),
        }
    }

    /// Takes a message from the responses topic.
    pub(crate) fn take_answer(&self, payload: &[u8]) {
        self.commands.answers.take(payload, self.commands.version == Version::One);
    }

    fn take_numbered(&self, envelope: &protocol::Event<'_>) {
        let other_dialog = envelope.dialog_id.as_deref().is_some_and(|id| id != self.offer.dialog_id);
        let other_term = envelope.term.is_some() && envelope.term != self.offer.term;
        if other_dialog || other_term {
            return debug!(kind = %envelope.kind, term = envelope.term, "dropped an event of another term");
        }
        if envelope.kind == "ProxyGone" {
            return self.feed.end(CallEnd::Gone);
        }
        let (Some(seq), Some(_)) = (envelope.seq, envelope.term) else {
            return debug!(kind = %envelope.kind, "dropped an event without number or term");
        };
        // Held over the push, so that events are put in by their numbers whoever brings them.
        let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        match sequence.place(seq) {
            Place::Seen => return debug!(seq, "dropped an event that was seen before"),
            Place::Next => {}
            // The place to ask for them again (`resend`).
            Place::After(missing) => {
                warn!(dialog = %self.offer.dialog_id, ?missing, "events of a call were lost on the way");
                self.push(Event::lost(&missing));
            }
        }
        if envelope.kind == "ProxyEnded" {
            self.feed.end(CallEnd::Ended);
        } else {
            self.push(Event::from_envelope(envelope));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use ari_bus::memory::MemoryBus;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::call::{EventStream, feed::Seen};

    fn dialog() -> Arc<Dialog> {
        let bus = Arc::new(MemoryBus::new());
        let commands = Commands::new(Version::Two, bus, "c".to_owned(), Duration::from_secs(1));
        let offer = AppStart { dialog_id: "d".to_owned(), term: Some(1), ..AppStart::default() };
        Arc::new(Dialog::new(offer, commands))
    }

    proptest! {
        #[test]
        fn no_bytes_can_panic_it(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..9)) {
            let dialog = dialog();
            for payload in payloads {
                dialog.take_event(&payload);
                dialog.take_answer(&payload);
            }
        }

        /// Whatever order and repetition the bus makes of the events, a reader sees numbers that only grow, and gaps
        /// that say exactly what is missing between them.
        #[test]
        fn numbers_grow_and_gaps_are_exact(numbers in prop::collection::vec(0u64..40, 0..80), term in 1u64..3) {
            let dialog = dialog();
            // Watchers judge every event on the way.
            let _seen = dialog.feed.watch(|event| Seen::Event(event.clone()));
            for seq in &numbers {
                let event = json!({ "server_id": "s", "timestamp": "", "type": "X", "ari_body": "{}", "seq": seq,
                    "term": term, "dialog_id": "d" });
                dialog.take_event(event.to_string().as_bytes());
            }
            dialog.feed.end(CallEnd::Ended);
            let mut events = EventStream::new(dialog, true);
            let mut last = 0;
            while let Some(event) = futures_util::FutureExt::now_or_never(events.next()).flatten() {
                let number = |name: &str| event.json()[name].as_u64();
                match event.seq() {
                    Some(seq) => {
                        prop_assert_eq!(seq, last + 1);
                        last = seq;
                    }
                    None => {
                        prop_assert_eq!(number("from"), Some(last + 1));
                        last = number("to").unwrap();
                    }
                }
            }
            let seen = numbers.iter().max().copied().unwrap_or(0);
            prop_assert_eq!(last, if term == 1 { seen } else { 0 });
        }
    }
}
