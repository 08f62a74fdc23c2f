//! The calls of a worker, by the ids of their channels.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::Call;

/// The calls that a worker has now, so that one can be found by the id of any of its channels: those that entered the
/// application for it, and those that it called. Clones are handles to the same calls.
///
/// [`Call::calls`] has them for handlers, [`Worker::calls`](crate::Worker::calls) for the rest of the program. A call is
/// there from before its handler runs until that has ended; a channel until it leaves the application or is hung up.
/// Channels past the [1,024th](crate::limits::LEGS_KNOWN) of one call are not found.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<HashMap<String, Vec<Call>>>>);

impl Calls {
    /// The call that has this channel. It may be over at any time: its commands then answer
    /// [`Gone`](crate::CommandErrorKind::Gone).
    ///
    /// Ids are unique in one Asterisk. Where the worker has calls of several, and two of them have a channel of this id, it
    /// is the call that had it last; [`find_on`](Self::find_on) tells them apart.
    #[must_use]
    pub fn find(&self, channel_id: &str) -> Option<Call> {
        self.find_where(channel_id, |_| true)
    }

    /// The call that has this channel of the Asterisk behind this proxy: see [`Call::server_id`].
    #[must_use]
    pub fn find_on(&self, server_id: &str, channel_id: &str) -> Option<Call> {
        self.find_where(channel_id, |call| call.server_id() == server_id)
    }

    /// Whether there is no channel at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn find_where(&self, channel_id: &str, wanted: impl Fn(&Call) -> bool) -> Option<Call> {
        let calls = self.lock();
        calls.get(channel_id)?.iter().rev().find(|call| wanted(call) && !call.is_ended()).cloned()
    }

    /// A channel is the call's from now on.
    pub(crate) fn add(&self, channel_id: &str, call: &Call) {
        self.lock().entry(channel_id.to_owned()).or_default().push(call.clone());
    }

    /// A channel is not the call's any more.
    pub(crate) fn remove(&self, channel_id: &str, call: &Call) {
        if let Entry::Occupied(mut calls) = self.lock().entry(channel_id.to_owned()) {
            calls.get_mut().retain(|other| !Arc::ptr_eq(other.dialog(), call.dialog()));
            if calls.get().is_empty() {
                calls.remove();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Call>>> {
        // A panic elsewhere leaves the map as whole as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("channels", &self.lock().len()).finish_non_exhaustive()
    }
}
