//! The channels that a call has now, so that all of them can be hung up when its handler fails.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Event, limits::LEGS_KNOWN};

/// The ids of channels that are in the call's application, or that were called on behalf of the call and may ring.
#[derive(Debug, Default)]
pub(crate) struct Legs(Mutex<BTreeSet<String>>);

impl Legs {
    /// A channel is about to be called: it may ring whatever becomes of the command.
    pub(crate) fn add(&self, id: &str) {
        let mut ids = self.lock();
        if ids.len() < LEGS_KNOWN {
            ids.insert(id.to_owned());
        }
    }

    /// A channel is not there any more, or never was.
    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Learns from an event which channels came and went. One that left the application is another program's, or the
    /// dialplan's.
    pub(crate) fn see(&self, event: &Event) {
        match event.kind() {
            "StasisStart" => event.channel_id().into_iter().for_each(|id| self.add(id)),
            "StasisEnd" | "ChannelDestroyed" => event.channel_id().into_iter().for_each(|id| self.remove(id)),
            _ => {}
        }
    }

    /// The channels that are left.
    pub(crate) fn left(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A panic elsewhere leaves the set as whole as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
