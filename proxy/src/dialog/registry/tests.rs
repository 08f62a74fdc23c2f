//! What the registry promises, by example and by property.

use std::sync::Arc;

use ari_bus::protocol::{Object, ObjectKind};
use proptest::prelude::*;
use tokio::sync::watch;

use super::{Bindings, Member, Registry, Remains};
use crate::asterisk::{chosen::Chosen, event::Header};

/// An event that belongs to no dialog.
const NOBODY: [usize; 0] = [];

#[derive(Debug)]
struct Fake {
    name: usize,
    application: String,
    channels: watch::Sender<usize>,
}

impl Member for Fake {
    fn application(&self) -> &str {
        &self.application
    }

    fn channels(&self) -> &watch::Sender<usize> {
        &self.channels
    }
}

fn fake(name: usize, application: &str) -> Arc<Fake> {
    Arc::new(Fake { name, application: application.to_owned(), channels: watch::channel(0).0 })
}

/// A registry, and the dialogs that it opened by name.
#[derive(Default)]
struct World {
    registry: Registry<Fake>,
    dialogs: Vec<Arc<Fake>>,
}

impl World {
    /// Routes an event; a dialog that it opens is made and is the last of those it goes to.
    fn event(&mut self, kind: &str, application: &str, objects: &str) -> Vec<usize> {
        let text = format!(r#"{{"type":"{kind}","application":"{application}",{objects}}}"#);
        let header = Header::read(&text).unwrap();
        let routed = self.registry.route(&header);
        let mut names: Vec<usize> = routed.dialogs.iter().map(|dialog| dialog.name).collect();
        if let Some(channel) = routed.opens {
            let dialog = fake(self.dialogs.len(), application);
            self.registry.open(&channel, &dialog);
            names.push(dialog.name);
            self.dialogs.push(dialog);
        }
        names
    }

    fn on_channel(&mut self, kind: &str, application: &str, id: &str) -> Vec<usize> {
        self.event(kind, application, &format!(r#""channel":{{"id":"{id}"}}"#))
    }

    fn bind(&mut self, dialog: usize, kind: ObjectKind, id: &str) -> Vec<Object> {
        let object = Object { kind, id: id.to_owned() };
        let will_enter = kind == ObjectKind::Channel;
        self.registry.bind(&self.dialogs[dialog], vec![Chosen { object, will_enter }])
    }

    /// What a dialog has of all that is bound, in the order of the ids, looked for everywhere.
    fn owned(&self, dialog: &Arc<Fake>) -> Vec<Object> {
        let bindings = self.registry.applications.values().flat_map(Bindings::iter);
        let own = bindings.filter(|(_, binding)| Arc::ptr_eq(&binding.dialog, dialog));
        by_id(own.map(|(object, _)| object.clone()))
    }

    fn channels(&self, dialog: usize) -> usize {
        *self.dialogs[dialog].channels.borrow()
    }
}

fn by_id(objects: impl Iterator<Item = Object>) -> Vec<Object> {
    let mut objects: Vec<Object> = objects.collect();
    objects.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    objects
}

#[test]
fn a_call_from_start_to_end() {
    let mut world = World::default();
    assert_eq!(world.on_channel("StasisStart", "a", "1"), [0]);
    assert_eq!(world.on_channel("ChannelDtmfReceived", "a", "1"), [0]);
    assert_eq!(world.on_channel("ChannelDtmfReceived", "a", "2"), NOBODY, "a channel of nobody");
    assert_eq!(world.channels(0), 1);
    assert_eq!(world.on_channel("StasisEnd", "a", "1"), [0]);
    assert_eq!(world.channels(0), 0);
    assert_eq!(world.on_channel("ChannelDestroyed", "a", "1"), [0], "late events still flow");
    assert_eq!(world.on_channel("ChannelVarset", "a", "1"), NOBODY, "the channel is no more");
}

#[test]
fn an_event_goes_to_each_dialog_once() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    world.on_channel("StasisStart", "a", "2");
    let both = r#""peer":{"id":"2"},"caller":{"id":"1"},"forwarded":{"id":"2"}"#;
    assert_eq!(world.event("Dial", "a", both), [1, 0]);
}

#[test]
fn the_first_start_of_a_channel_that_a_dialog_made_belongs_to_it() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    let bound = world.bind(0, ObjectKind::Channel, "callee");
    assert_eq!(bound.len(), 1);
    // The caller leaves while the callee still rings: the dialog lives on.
    world.on_channel("StasisEnd", "a", "1");
    assert_eq!(world.channels(0), 1);
    assert_eq!(world.on_channel("StasisStart", "a", "callee"), [0], "before its HTTP answer");
    world.registry.undo(&world.dialogs[0].clone(), &bound);
    assert_eq!(world.channels(0), 1, "what an event showed is not undone");
    world.on_channel("StasisEnd", "a", "callee");
    assert_eq!(world.channels(0), 0);
    assert_eq!(world.on_channel("StasisStart", "a", "callee"), [1], "entering again opens a dialog");
}

#[test]
fn a_failed_command_leaves_nothing() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    let bound = world.bind(0, ObjectKind::Channel, "callee");
    assert_eq!(world.channels(0), 2);
    world.registry.undo(&world.dialogs[0].clone(), &bound);
    assert_eq!(world.channels(0), 1);
    assert_eq!(world.on_channel("StasisStart", "a", "callee"), [1]);
}

#[test]
fn asterisk_has_the_last_word_on_ids() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    world.bind(0, ObjectKind::Channel, "chosen");
    let object = Object { kind: ObjectKind::Channel, id: "chosen".to_owned() };
    let made = Chosen { object, will_enter: true };
    world.registry.rename(&world.dialogs[0].clone(), made, "given".to_owned());
    assert_eq!(world.channels(0), 2, "the caller and the one channel that was made");
    assert_eq!(world.on_channel("StasisStart", "a", "given"), [0]);
    assert_eq!(world.on_channel("StasisStart", "a", "chosen"), [1]);
}

#[test]
fn no_dialog_takes_what_another_has() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    world.on_channel("StasisStart", "a", "2");
    assert_eq!(world.bind(0, ObjectKind::Bridge, "b").len(), 1);
    assert!(world.bind(1, ObjectKind::Bridge, "b").is_empty());
    assert_eq!(world.event("BridgeCreated", "a", r#""bridge":{"id":"b"}"#), [0]);
    assert_eq!(world.event("BridgeDestroyed", "a", r#""bridge":{"id":"b"}"#), [0]);
    assert_eq!(world.bind(1, ObjectKind::Bridge, "b").len(), 1, "its id is free again");
}

#[test]
fn a_move_in_either_order() {
    for start_first in [true, false] {
        let mut world = World::default();
        world.on_channel("StasisStart", "a", "1");
        if start_first {
            assert_eq!(world.on_channel("StasisStart", "b", "1"), [1]);
            assert_eq!(world.channels(0), 0, "the start in b is the end in a");
            assert_eq!(world.on_channel("ChannelVarset", "a", "1"), NOBODY, "no longer a's");
            assert_eq!(world.on_channel("StasisEnd", "a", "1"), [0]);
        } else {
            assert_eq!(world.on_channel("StasisEnd", "a", "1"), [0]);
            assert_eq!(world.on_channel("StasisStart", "b", "1"), [1]);
        }
        for late in ["ChannelVarset", "ChannelDestroyed"] {
            assert_eq!(world.on_channel(late, "a", "1"), NOBODY, "nothing after the StasisEnd");
        }
        assert_eq!(world.on_channel("ChannelDtmfReceived", "b", "1"), [1]);
        assert_eq!((world.channels(0), world.channels(1)), (0, 1));
    }
}

#[test]
fn a_move_within_one_application_in_either_order() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    assert_eq!(world.on_channel("StasisStart", "a", "1"), [1]);
    assert_eq!(world.on_channel("StasisEnd", "a", "1"), [0], "the end that the old dialog still awaits");
    assert_eq!((world.channels(0), world.channels(1)), (0, 1));
    assert_eq!(world.on_channel("StasisEnd", "a", "1"), [1]);
}

#[test]
fn a_replacing_channel_continues_the_dialog() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    let start = r#""channel":{"id":"2"},"replace_channel":{"id":"1"}"#;
    assert_eq!(world.event("StasisStart", "a", start), [0]);
    assert_eq!(world.channels(0), 2);
    world.on_channel("StasisEnd", "a", "1");
    assert_eq!(world.channels(0), 1);
    assert_eq!(world.on_channel("ChannelDtmfReceived", "a", "2"), [0]);
}

#[test]
fn a_closed_dialog_leaves_the_channels_that_are_in_its_application() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    let start = r#""channel":{"id":"2"},"replace_channel":{"id":"1"}"#;
    world.event("StasisStart", "a", start);
    world.on_channel("StasisEnd", "a", "1");
    world.bind(0, ObjectKind::Channel, "expected");
    world.bind(0, ObjectKind::Bridge, "b");
    let remains = Remains { entered: vec!["2".to_owned()], called: vec!["expected".to_owned()] };
    assert_eq!(world.registry.close(&world.dialogs[0].clone()), remains);
    assert_eq!(world.registry.close(&world.dialogs[0].clone()), Remains::default());
}

#[test]
fn a_leg_that_is_answered_while_it_is_hung_up_opens_no_dialog() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    world.bind(0, ObjectKind::Channel, "leg");
    world.registry.close(&world.dialogs[0].clone());
    assert!(world.registry.is_giving_back() && !world.registry.is_orphan("a", "leg"));
    assert_eq!(world.on_channel("StasisStart", "a", "leg"), NOBODY);
    assert_eq!(world.on_channel("StasisStart", "a", "1"), [1], "a caller who comes again is a new call");
    world.registry.given_back("a", "leg");
    assert_eq!(world.on_channel("StasisStart", "a", "leg"), [2], "its id is free again");
}

#[test]
fn playbacks_come_by_their_id_and_by_their_target() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    let playback = r#""playback":{"id":"p","target_uri":"channel:1"}"#;
    assert_eq!(world.event("PlaybackStarted", "a", playback), [0], "by its target");
    world.bind(0, ObjectKind::Playback, "q");
    assert_eq!(world.event("PlaybackFinished", "a", r#""playback":{"id":"q"}"#), [0], "by its id");
    assert_eq!(world.event("PlaybackStarted", "a", r#""playback":{"id":"q"}"#), NOBODY, "finished");
}

#[test]
fn a_closed_dialog_gets_nothing() {
    let mut world = World::default();
    world.on_channel("StasisStart", "a", "1");
    world.on_channel("StasisStart", "a", "1");
    world.registry.close(&world.dialogs[0].clone());
    world.registry.close(&world.dialogs[1].clone());
    assert_eq!(world.on_channel("StasisEnd", "a", "1"), NOBODY);
}

proptest! {
    /// Whatever comes, in whatever order: no event goes to a dialog twice, a dialog's count of channels is never more
    /// than the channels there are, every StasisStart reaches at least one dialog, a dialog finds what it has, and when all
    /// are closed nothing is left.
    #[test]
    fn any_sequence_of_events(steps in proptest::collection::vec((0usize..7, 0usize..3, 0usize..2), 1..60)) {
        let mut world = World::default();
        for (what, channel, application) in steps {
            let (channel, application) = (["1", "2", "3"][channel], ["a", "b"][application]);
            let reached = match what {
                0 | 1 => {
                    let reached = world.on_channel("StasisStart", application, channel);
                    prop_assert!(!reached.is_empty());
                    reached
                }
                2 => world.on_channel("StasisEnd", application, channel),
                3 => world.on_channel("ChannelDestroyed", application, channel),
                4 if !world.dialogs.is_empty() => {
                    world.bind(world.dialogs.len() - 1, ObjectKind::Channel, channel);
                    Vec::new()
                }
                5 if !world.dialogs.is_empty() => {
                    let dialog = Arc::clone(&world.dialogs[0]);
                    // Until Asterisk has them back, what is called opens none.
                    for channel in world.registry.close(&dialog).channels() {
                        world.registry.given_back(&dialog.application, channel);
                    }
                    Vec::new()
                }
                _ => world.event("Dial", application, r#""peer":{"id":"1"},"caller":{"id":"2"}"#),
            };
            let mut once = reached.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), reached.len());
            for dialog in &world.dialogs {
                prop_assert!(*dialog.channels.borrow() <= 3, "dialog {} holds more than there is", dialog.name);
                let found = by_id(world.registry.hand_over(dialog).into_iter().map(|handed| handed.object));
                prop_assert_eq!(found, world.owned(dialog));
            }
        }
        for dialog in &world.dialogs {
            world.registry.close(dialog);
        }
        prop_assert!(world.registry.applications.values().all(Bindings::is_empty));
    }
}
