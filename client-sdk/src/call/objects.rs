//! The bridges, playbacks and recordings that a call has now, so that a proxy that was restarted can be told. Its channels are
//! its [legs](super::legs).

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ari_bus::protocol::{Object, ObjectKind};

use crate::{Event, limits::OBJECTS_KNOWN};

/// Those that were made, or asked for, and have not ended as far as the call's events tell. Past a limit the oldest are
/// forgotten: they are the likeliest to have ended unheard.
#[derive(Debug, Default)]
pub(crate) struct Objects(Mutex<VecDeque<Object>>);

impl Objects {
    /// An object is about to be made: it may be there whatever becomes of the command.
    pub(crate) fn add(&self, kind: ObjectKind, id: &str) {
        let mut objects = self.lock();
        if !objects.iter().any(|object| object.kind == kind && object.id == id) {
            objects.push_back(Object { kind, id: id.to_owned() });
            if objects.len() > OBJECTS_KNOWN {
                objects.pop_front();
            }
        }
    }

    /// An object is not there any more, or never was.
    pub(crate) fn remove(&self, kind: ObjectKind, id: &str) {
        self.lock().retain(|object| object.kind != kind || object.id != id);
    }

    /// Learns from an event what came and went: commands that are built by hand make objects too.
    pub(crate) fn see(&self, event: &Event) {
        let (kind, id, begins) = match event.kind() {
            "BridgeCreated" => (ObjectKind::Bridge, event.bridge_id(), true),
            "BridgeDestroyed" => (ObjectKind::Bridge, event.bridge_id(), false),
            "PlaybackStarted" => (ObjectKind::Playback, event.playback_id(), true),
            "PlaybackFinished" => (ObjectKind::Playback, event.playback_id(), false),
            "RecordingStarted" => (ObjectKind::Recording, event.recording_name(), true),
            "RecordingFinished" | "RecordingFailed" => (ObjectKind::Recording, event.recording_name(), false),
            _ => return,
        };
        match id {
            Some(id) if begins => self.add(kind, id),
            Some(id) => self.remove(kind, id),
            None => {}
        }
    }

    /// What is left, the oldest first.
    pub(crate) fn left(&self) -> Vec<Object> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Object>> {
        // A panic elsewhere leaves the list as whole as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_forgotten_and_never_too_much_is_known() {
        let objects = Objects::default();
        let left = || objects.left().into_iter().map(|object| object.id).collect::<Vec<_>>();
        for id in ["a", "b", "a"] {
            objects.add(ObjectKind::Playback, id);
        }
        let see = |kind: &str, body: &str| objects.see(&Event::numbered(kind, 1, body.to_owned()));
        see("RecordingStarted", r#"{"recording":{"name":"a"}}"#);
        see("PlaybackFinished", r#"{"playback":{"id":"a"}}"#);
        see("PlaybackFinished", r#"{"playback":{"id":"x"}}"#);
        see("BridgeCreated", "{}");
        assert_eq!(left(), ["b", "a"]);
        see("RecordingFailed", r#"{"recording":{"name":"a"}}"#);
        (0..OBJECTS_KNOWN).for_each(|n| objects.add(ObjectKind::Bridge, &n.to_string()));
        assert_eq!((left().len(), left()[0].as_str()), (OBJECTS_KNOWN, "0"));
    }
}
