//! The channels that a call has now: so that all of them can be hung up when its handler fails, and the call be found by each.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Call;
use crate::{Calls, Event, limits::LEGS_KNOWN};

/// The ids of channels that are in the call's application, or that were called on behalf of the call and may ring.
#[derive(Debug, Default)]
pub(crate) struct Legs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Each, and whether it is known to have entered the application.
    ids: BTreeMap<String, bool>,
    /// The first that was known: the call's own, in most.
    first: Option<String>,
    /// Whether any has entered the application.
    entered: bool,
    /// While the call has a handler: where others find it.
    listed: Option<(Calls, Call)>,
}

impl Legs {
    /// A channel is about to be called: it may ring whatever becomes of the command.
    pub(crate) fn add(&self, id: &str) {
        let mut state = self.lock();
        if state.ids.len() >= LEGS_KNOWN || state.ids.contains_key(id) {
            return;
        }
        state.ids.insert(id.to_owned(), false);
        state.first.get_or_insert_with(|| id.to_owned());
        if let Some((calls, call)) = &state.listed {
            calls.add(id, call);
        }
    }

    /// A channel is in the application.
    fn enter(&self, id: &str) {
        self.add(id);
        self.has_entered(id);
    }

    /// A channel, if it is still there, has entered the application before this worker had the call.
    pub(crate) fn has_entered(&self, id: &str) {
        let mut state = self.lock();
        state.entered = true;
        if let Some(entered) = state.ids.get_mut(id) {
            *entered = true;
        }
    }

    /// A channel is not there any more, or never was.
    pub(crate) fn remove(&self, id: &str) {
        let mut state = self.lock();
        if state.ids.remove(id).is_some()
            && let Some((calls, call)) = &state.listed
        {
            calls.remove(id, call);
        }
    }

    /// Learns from an event which channels came and went. One that left the application is another program's, or the
    /// dialplan's.
    pub(crate) fn see(&self, event: &Event) {
        match event.kind() {
            "StasisStart" => event.channel_id().into_iter().for_each(|id| self.enter(id)),
            "StasisEnd" | "ChannelDestroyed" => event.channel_id().into_iter().for_each(|id| self.remove(id)),
            _ => {}
        }
    }

    /// Whether any channel has ever entered the application.
    pub(crate) fn have_entered(&self) -> bool {
        self.lock().entered
    }

    /// Whether a channel is known to be in the application, and does not only ring.
    pub(crate) fn is_in(&self, id: &str) -> bool {
        self.lock().ids.get(id).copied().unwrap_or_default()
    }

    /// The channels that are left, the call's own first.
    pub(crate) fn left(&self) -> Vec<String> {
        let state = self.lock();
        let mut left: Vec<String> = state.ids.keys().cloned().collect();
        left.sort_by_key(|id| Some(id) != state.first.as_ref());
        left
    }

    /// From now on the call is found by its channels.
    pub(crate) fn list(&self, calls: &Calls, call: &Call) {
        let mut state = self.lock();
        state.ids.keys().for_each(|id| calls.add(id, call));
        state.listed = Some((calls.clone(), call.clone()));
    }

    /// It is found no more.
    pub(crate) fn unlist(&self) {
        let mut state = self.lock();
        if let Some((calls, call)) = state.listed.take() {
            state.ids.keys().for_each(|id| calls.remove(id, &call));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the set as whole as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
