//! The channels that a call has now: so that all of them can be hung up when its handler fails, and the call be found by each.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Call;
use crate::{Calls, Event, limits::LEGS_KNOWN};

/// The ids of channels that are in the call's application, or that were called on behalf of the call and may ring.
#[derive(Debug, Default)]
pub(crate) struct Legs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ids: BTreeSet<String>,
    /// Whether any has entered the application.
    entered: bool,
    /// While the call has a handler: where others find it.
    listed: Option<(Calls, Call)>,
}

impl Legs {
    /// A channel is about to be called: it may ring whatever becomes of the command.
    pub(crate) fn add(&self, id: &str) {
        let mut state = self.lock();
        if state.ids.len() < LEGS_KNOWN
            && state.ids.insert(id.to_owned())
            && let Some((calls, call)) = &state.listed
        {
            calls.add(id, call);
        }
    }

    /// A channel is not there any more, or never was.
    pub(crate) fn remove(&self, id: &str) {
        let mut state = self.lock();
        if state.ids.remove(id)
            && let Some((calls, call)) = &state.listed
        {
            calls.remove(id, call);
        }
    }

    /// Learns from an event which channels came and went. One that left the application is another program's, or the
    /// dialplan's.
    pub(crate) fn see(&self, event: &Event) {
        match event.kind() {
            "StasisStart" => {
                self.lock().entered = true;
                event.channel_id().into_iter().for_each(|id| self.add(id));
            }
            "StasisEnd" | "ChannelDestroyed" => event.channel_id().into_iter().for_each(|id| self.remove(id)),
            _ => {}
        }
    }

    /// Whether any channel has ever entered the application.
    pub(crate) fn have_entered(&self) -> bool {
        self.lock().entered
    }

    /// The channels that are left.
    pub(crate) fn left(&self) -> Vec<String> {
        self.lock().ids.iter().cloned().collect()
    }

    /// From now on the call is found by its channels.
    pub(crate) fn list(&self, calls: &Calls, call: &Call) {
        let mut state = self.lock();
        state.ids.iter().for_each(|id| calls.add(id, call));
        state.listed = Some((calls.clone(), call.clone()));
    }

    /// It is found no more.
    pub(crate) fn unlist(&self) {
        let mut state = self.lock();
        if let Some((calls, call)) = state.listed.take() {
            state.ids.iter().for_each(|id| calls.remove(id, &call));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the set as whole as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
