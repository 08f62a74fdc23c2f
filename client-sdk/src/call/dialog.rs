//! The machinery behind one call: what the bus brings for it is sorted here, without ever waiting.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_bus::protocol::{self, AppStart, ObjectKind};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    CallEnd,
    commands::{Commands, Version},
    early::{Early, Envelope},
    feed::Feed,
    ids::Ids,
    legs::Legs,
    objects::Objects,
    resumed,
    sequence::{Item, Next, Sequence},
    standing::{Lease, Standing},
    terms::Terms,
    wrap_up::WrapUp,
};
use crate::{Calls, Event};

/// The state that a call's handles and the readers of the bus share.
pub(crate) struct Dialog {
    pub(crate) offer: AppStart,
    pub(crate) feed: Feed,
    pub(crate) legs: Legs,
    pub(crate) objects: Objects,
    /// Where the call is now.
    pub(crate) terms: Terms,
    pub(crate) commands: Commands,
    pub(crate) ids: Ids,
    pub(crate) standing: Standing,
    /// The calls that its worker has.
    pub(crate) calls: Calls,
    pub(super) wrap_up: WrapUp,
    /// The worker is to stop: the next save is the last.
    pub(super) draining: CancellationToken,
    /// What was acknowledged last; held by the save that is under way.
    pub(super) saving: tokio::sync::Mutex<u64>,
    sequence: Mutex<Sequence>,
    /// Locked while the sequence is.
    early: Mutex<Early>,
    /// The position up to which everything has arrived.
    pub(super) arrived: watch::Sender<u64>,
    /// Told when events are missing, or find no room.
    pub(super) gaps: Notify,
    /// The proxy has said that it never sends anything again.
    pub(super) never_resends: AtomicBool,
    /// Whether any event has come: then the call is this worker's.
    heard: CancellationToken,
    /// The proxy's last word about the call, and that it has been said.
    last_word: OnceLock<CallEnd>,
    over: CancellationToken,
    /// Whether a call that is given to another worker was released.
    pub(super) released: AtomicBool,
}

/// What a call has from its worker.
#[derive(Default)]
pub(crate) struct Ties {
    /// How long its proxy keeps it for this worker.
    pub(crate) lease: Arc<Lease>,
    /// Cancelled when the worker is to stop.
    pub(crate) draining: CancellationToken,
    /// The worker's calls.
    pub(crate) calls: Calls,
    /// How long its handler may go on once it is over.
    pub(crate) wrap_up: Duration,
}

impl Dialog {
    pub(crate) fn new(offer: AppStart, commands: Commands, ties: Ties) -> Self {
        let ids = match commands.version {
            Version::One => Ids::random(),
            Version::Two => resumed::ids(&offer),
        };
        let (legs, objects) = (Legs::default(), Objects::default());
        for object in &offer.objects {
            match object.kind {
                ObjectKind::Channel => legs.add(&object.id),
                kind => objects.add(kind, &object.id),
            }
        }
        let terms = Terms::new(&offer, commands.topic());
        Self {
            offer,
            feed: Feed::default(),
            legs,
            objects,
            terms,
            commands,
            ids,
            standing: Standing::new(ties.lease),
            calls: ties.calls,
            wrap_up: WrapUp::new(ties.wrap_up),
            draining: ties.draining,
            saving: tokio::sync::Mutex::new(0),
            sequence: Mutex::new(Sequence::new()),
            early: Mutex::default(),
            arrived: watch::Sender::new(0),
            gaps: Notify::new(),
            never_resends: AtomicBool::new(false),
            heard: CancellationToken::new(),
            last_word: OnceLock::new(),
            over: CancellationToken::new(),
            released: AtomicBool::new(false),
        }
    }

    /// The term in which this worker has the dialog.
    pub(crate) fn term(&self) -> u64 {
        self.terms.now().number
    }

    /// The dialog's lasting id.
    pub(crate) fn root(&self) -> &str {
        self.offer.root.as_deref().unwrap_or(&self.offer.dialog_id)
    }

    /// Publishes the call's commands and asks for events that are missing, for as long as this is awaited.
    pub(crate) async fn keep(&self) -> Infallible {
        tokio::select! {
            never = self.commands.publish_for_ever(&self.standing) => never,
            never = self.mind_gaps() => never,
        }
    }

    /// Puts in the next event.
    pub(crate) fn push(&self, event: Event) {
        self.see(&event);
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
        self.commands.take_answer(payload);
    }

    /// Version 2: the position up to which every event has arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.sequence().arrived()
    }

    /// Version 2: the proxy says that it has sent events up to this position.
    pub(crate) fn expect_events(&self, position: u64) {
        self.sequence().expect(position);
        self.gaps.notify_one();
    }

    /// Resolves when any event has come for this term, even one before its turn.
    pub(crate) async fn heard(&self) {
        self.heard.cancelled().await;
    }

    /// The call is another worker's, or nobody's.
    pub(crate) fn lose(&self) {
        self.end(CallEnd::Gone);
    }

    fn end(&self, end: CallEnd) {
        self.feed.end(end);
        // The first word stands, here too.
        let _ = self.last_word.set(end);
        self.over.cancel();
    }

    /// The proxy's last word about the call, if it has said it: `Ended` or `Gone`.
    pub(crate) fn last_word(&self) -> Option<CallEnd> {
        self.last_word.get().copied()
    }

    /// Resolves when the proxy has said its last word about the call.
    pub(crate) async fn until_last_word(&self) {
        self.over.cancelled().await;
    }

    /// Gives the call to another worker, and ends it here. It may be said again where the first time was cut short.
    pub(crate) async fn hand_over(&self) {
        // First of all, so that nothing is said any more for a call that may be another's.
        self.feed.end(CallEnd::HandedOver);
        if !self.released.load(Ordering::Relaxed) {
            self.release().await;
            self.released.store(true, Ordering::Relaxed);
        }
    }

    /// The first event that is missing. While there is no room none is: it could not be taken.
    pub(super) fn missing(&self) -> Option<u64> {
        self.sequence().missing().filter(|_| !self.feed.is_full())
    }

    /// What is missing will not come any more.
    pub(super) fn give_up_missing(&self) {
        let mut sequence = self.sequence();
        sequence.give_up(&mut |next| self.deliver(next));
        self.tell_arrived(&sequence);
    }

    /// There may be room for what found none.
    pub(super) fn go_on(&self) {
        let mut sequence = self.sequence();
        sequence.go_on(&mut |next| self.deliver(next));
        self.tell_arrived(&sequence);
    }

    fn take_numbered(&self, envelope: &protocol::Event<'_>) {
        // Held over the push, so that events are put in by their numbers whoever brings them, and the term is the same all the
        // time.
        let mut sequence = self.sequence();
        let is_of_now = self.is_of_now(envelope);
        if is_of_now && envelope.kind == "ProxyGone" {
            drop(sequence);
            return self.lose();
        }
        let (Some(seq), Some(term)) = (envelope.seq, envelope.term) else {
            return debug!(kind = %envelope.kind, "dropped an event without number or term");
        };
        let item = match envelope.kind.as_ref() {
            "ProxyEnded" => Item::End,
            _ => Item::Event(Event::from_envelope(envelope)),
        };
        let event = Envelope { term, seq, item, jumps: envelope.kind == "ProxyGap" };
        if !is_of_now && term > self.term() && self.terms.is_moving() {
            return self.early().hold(event);
        }
        if !is_of_now {
            return debug!(kind = %envelope.kind, term, "dropped an event of another term");
        }
        self.take_in_turn(&mut sequence, event);
        self.tell_arrived(&sequence);
        if sequence.missing().is_some() {
            self.gaps.notify_one();
        }
        drop(sequence);
        self.heard.cancel();
    }

    /// Takes an event of the present term.
    pub(super) fn take_in_turn(&self, sequence: &mut Sequence, event: Envelope) {
        let Some(position) = self.terms.now().position(event.seq) else { return };
        let item = event.item.at(position);
        sequence.take(position, item.clone(), event.jumps, &mut |next| self.deliver(next));
        if self.feed.is_full() {
            self.feed.look(sequence.held());
            // Not everything is held.
            self.feed.look(item.event().into_iter());
        }
    }

    /// Takes what is next; false if there is no room for it.
    pub(super) fn deliver(&self, next: &Next) -> bool {
        match next {
            Next::Item(Item::Event(event)) => self.offer(event),
            Next::Item(Item::End) => {
                self.end(CallEnd::Ended);
                true
            }
            Next::Lost(missing) => {
                let taken = self.offer(&Event::lost(missing));
                if taken {
                    warn!(dialog = %self.offer.dialog_id, ?missing, "events of a call were lost on the way");
                }
                taken
            }
        }
    }

    /// Puts in the next event, if there is room or must be: what is refused comes again only from a proxy that sends again,
    /// and one that answers heartbeats does.
    fn offer(&self, event: &Event) -> bool {
        let comes_again = self.standing.lease().is_known() && !self.never_resends.load(Ordering::Relaxed);
        if !comes_again {
            self.push(event.clone());
            return true;
        }
        let taken = self.feed.offer(event);
        if taken {
            self.see(event);
        }
        taken
    }

    /// Learns from an event what the call has.
    fn see(&self, event: &Event) {
        self.legs.see(event);
        self.objects.see(event);
    }

    pub(super) fn tell_arrived(&self, sequence: &Sequence) {
        let now = sequence.arrived();
        self.arrived.send_if_modified(|arrived| std::mem::replace(arrived, now) != now);
    }

    pub(super) fn sequence(&self) -> MutexGuard<'_, Sequence> {
        self.sequence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn early(&self) -> MutexGuard<'_, Early> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
