//! What comes of a dialog while it is not known where a channel has gone that has just left it.
//!
//! Asterisk ends a channel's time in an application in the same words whether it was moved to another one, goes on in the
//! dialplan or is about to hang up, and may send more events of it before it says which. After a hangup they still
//! belong to the dialog; after a move they do not. So what comes behind such an end is held for the moment until that shows.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ari_bus::protocol::ObjectKind;
use tracing::debug;

use super::{Context, Dialog, kept::KeptEvent};
use crate::{
    asterisk::event::Header,
    limits::{PARTING, PARTING_EVENTS},
    metrics::{Lost, Metric},
};

/// The channels of one dialog that have just left it, and what has come since.
#[derive(Debug, Default)]
pub(super) struct Parting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    channels: HashSet<String>,
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    event: KeptEvent,
    /// The channels because of which it is the dialog's; none where it belongs to it in any case.
    channels: Vec<String>,
}

impl Parting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dialog {
    /// Takes an event for the owner: it is delivered, or held while it may not be the dialog's.
    pub(super) fn take(&self, context: &Context, header: &Header<'_>, event: KeptEvent) {
        self.take_of(context, || because_of(header), event);
    }

    /// Takes an event that is the dialog's in any case, in its turn.
    pub(super) fn take_own(&self, context: &Context, event: KeptEvent) {
        self.take_of(context, Vec::new, event);
    }

    fn take_of(&self, context: &Context, channels: impl FnOnce() -> Vec<String>, event: KeptEvent) {
        let mut state = self.parting.state();
        if state.channels.is_empty() {
            return self.deliver(context, event);
        }
        state.held.push(Held { event, channels: channels() });
        if state.held.len() >= PARTING_EVENTS {
            self.let_go(context, &mut state);
        }
    }

    /// A channel has left, and where it is now is not known.
    pub(super) fn parts_from(self: &Arc<Self>, context: &Arc<Context>, channel: &str) {
        self.parting.state().channels.insert(channel.to_owned());
        let (shared, dialog, channel) = (Arc::clone(context), Arc::clone(self), channel.to_owned());
        context.spawn(async move {
            tokio::time::sleep(PARTING).await;
            dialog.parted_from(&shared, &channel);
        });
    }

    /// Where a channel is that has left is known, or not worth waiting for any longer.
    pub(super) fn parted_from(&self, context: &Context, channel: &str) {
        let mut state = self.parting.state();
        if state.channels.remove(channel) && state.channels.is_empty() {
            self.let_go(context, &mut state);
        }
    }

    /// Nothing is held any longer: what came last is to be known now.
    pub(super) fn let_all_go(&self, context: &Context) {
        self.let_go(context, &mut self.parting.state());
    }

    /// Delivers what was held, but for what belongs to channels that have moved away.
    fn let_go(&self, context: &Context, state: &mut State) {
        state.channels.clear();
        for Held { event, channels } in state.held.drain(..) {
            if context.registry().have_moved(self, &channels) {
                context.metrics.count(Metric::EventsWithoutDialog);
            } else {
                self.deliver(context, event);
            }
        }
    }

    fn deliver(&self, context: &Context, event: KeptEvent) {
        let metrics = &context.metrics;
        context.watchers.event(self, &event);
        match self.delivery.push(event) {
            Some(0) => {}
            Some(lost) => {
                metrics.lost(usize::try_from(lost).unwrap_or(usize::MAX), Lost::TooMany);
                // There can be thousands, and this task must not wait for the log.
                debug!(dialog = %self.root, lost, "events are lost: more wait than are kept");
            }
            // The dialog ended in this moment: its worker has been told.
            None => metrics.count(Metric::EventsWithoutDialog),
        }
    }
}

/// The channels because of which an event is a dialog's; none where something else makes it so.
fn because_of(header: &Header<'_>) -> Vec<String> {
    let only_channels = header.objects.iter().all(|named| named.kind == ObjectKind::Channel);
    // The end in the application belongs to it wherever the channel has gone.
    if header.kind == "StasisEnd" || !only_channels {
        return Vec::new();
    }
    header.objects.iter().map(|named| named.id.clone().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use ari_bus::memory::MemoryBus;
    use tokio::time::sleep;

    use super::super::{Router, testing};
    use super::*;
    use crate::{applications::Applications, asterisk::websocket::Listener as _};

    /// Two applications, and what Asterisk says to them.
    struct World {
        context: Arc<Context>,
        router: Router,
    }

    impl World {
        fn new() -> Self {
            let mut context = testing::context(MemoryBus::new());
            context.applications = Arc::new(Applications::fixed(&["a".to_owned(), "b".to_owned()]));
            let context = Arc::new(context);
            Self { router: Router::new(Arc::clone(&context)), context }
        }

        /// An event of channel 1 that says its number.
        fn event(&mut self, kind: &str, application: &str, number: u8) {
            self.says(&format!(
                r#"{{"type":"{kind}","application":"{application}","number":{number},"channel":{{"id":"1"}}}}"#
            ));
        }

        fn says(&mut self, event: &str) {
            let header = crate::asterisk::event::Header::read(event).unwrap();
            self.router.event(&header, &event.to_owned().into());
        }

        /// A call in application a, and its dialog.
        fn call(&mut self) -> Arc<Dialog> {
            self.event("StasisStart", "a", 0);
            let dialogs = self.context.dialogs();
            Arc::clone(dialogs.values().next().expect("a dialog"))
        }
    }

    /// The numbers of the events that a dialog has.
    fn numbers(dialog: &Dialog) -> Vec<u8> {
        let (_, events) = dialog.delivery.hand_over();
        let number = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["number"].as_u64();
        events.iter().map(|event| u8::try_from(number(&event.body).unwrap_or(99)).unwrap()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_of_a_channel_that_moves_comes_behind_its_end() {
        let mut world = World::new();
        let dialog = world.call();
        world.event("ChannelUserevent", "a", 1);
        world.event("StasisEnd", "a", 2);
        world.event("ChannelUserevent", "a", 3);
        world.event("StasisStart", "b", 4);
        world.event("ChannelUserevent", "a", 5);
        assert_eq!(numbers(&dialog), [0, 1, 2]);
        sleep(2 * PARTING).await;
        assert_eq!(numbers(&dialog), [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_behind_the_end_of_a_call_is_the_dialog_s() {
        let mut world = World::new();
        let dialog = world.call();
        world.event("ChannelHangupRequest", "a", 1);
        world.event("StasisEnd", "a", 2);
        world.event("ChannelUserevent", "a", 3);
        world.event("ChannelDestroyed", "a", 4);
        assert_eq!(numbers(&dialog), [0, 1, 2, 3, 4], "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_held_goes_on_in_its_order_once_the_channel_is_gone() {
        for (kind, last) in [("ChannelDestroyed", true), ("ChannelHangupRequest", true), ("none", false)] {
            let mut world = World::new();
            let dialog = world.call();
            world.event("StasisEnd", "a", 1);
            world.event("ChannelUserevent", "a", 2);
            assert_eq!(numbers(&dialog), [0, 1], "where it went is not known");
            if last {
                world.event(kind, "a", 3);
                assert_eq!(numbers(&dialog), [0, 1, 2, 3], "{kind}");
            } else {
                sleep(2 * PARTING).await;
                world.event("ChannelUserevent", "a", 3);
                assert_eq!(numbers(&dialog), [0, 1, 2, 3], "it goes on in the dialplan");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_object_of_the_dialog_brings_is_kept() {
        let mut world = World::new();
        let dialog = world.call();
        let playback = ari_bus::protocol::Object { kind: ObjectKind::Playback, id: "p".to_owned() };
        let made = crate::asterisk::chosen::Chosen { object: playback, will_enter: false };
        world.context.registry().bind(&dialog, vec![made]);
        world.event("StasisEnd", "a", 1);
        world.event("ChannelUserevent", "a", 2);
        world.says(
            r#"{"type":"PlaybackFinished","application":"a","number":3,"playback":{"id":"p","target_uri":"channel:1"}}"#,
        );
        world.event("StasisStart", "b", 4);
        assert_eq!(numbers(&dialog), [0, 1, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_held_than_a_number_of_events() {
        let mut world = World::new();
        let dialog = world.call();
        world.event("StasisEnd", "a", 1);
        for _ in 1..PARTING_EVENTS {
            world.event("ChannelUserevent", "a", 2);
        }
        assert_eq!(numbers(&dialog), [0, 1]);
        world.event("ChannelUserevent", "a", 3);
        world.event("ChannelUserevent", "a", 4);
        assert_eq!(numbers(&dialog).len(), PARTING_EVENTS + 3, "all are the dialog's");
    }
}
