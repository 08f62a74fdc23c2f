//! An object that belongs to a dialog, and where it is.

use std::sync::Arc;

use ari_bus::protocol::Object;
use serde::{Deserialize, Serialize};

use super::Member;

/// What is known of an object.
pub(super) struct Binding<D> {
    pub(super) dialog: Arc<D>,
    pub(super) presence: Presence,
    /// Made by a command whose answer is still out: undone if that fails and nothing was heard of the object.
    pub(super) provisional: bool,
    /// Where it was found in the application: what its StasisStart, should that still come, is.
    pub(super) found: Option<Found>,
    /// Whether the channel was about to hang up when it was last heard of: it goes nowhere else.
    pub(super) hangs_up: bool,
    /// The dialog that had the channel before, while its StasisEnd is still to come (Asterisk sends a move's start and
    /// end in either order).
    pub(super) before: Option<Arc<D>>,
}

/// Where a bound object is. Only channels enter and leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    /// A channel that will enter the application.
    Expected,
    /// A channel in the application.
    Entered,
    /// A channel that has left the application; late events of it still belong to the dialog.
    Left,
    /// A channel that entered another application: of what still comes here, only its StasisEnd counts.
    Moved,
    /// Not a channel, or one that only runs in the dialplan.
    Beside,
}

impl Presence {
    /// Whether the dialog lives because of it.
    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Expected | Self::Entered)
    }
}

/// How a channel was found that is in its application already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// Its dialog was told by a stand-in: its own StasisStart is one too many.
    Told,
    /// Whether its worker knows is not known: its own StasisStart is news, and opens no other dialog.
    Silent,
}

/// An object that belongs to a dialog, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) application: String,
    pub(crate) object: Object,
    pub(crate) presence: Presence,
}

impl<D: Member> Binding<D> {
    pub(super) fn new(
        dialog: &Arc<D>,
        presence: Presence,
        provisional: bool,
        before: Option<Arc<D>>,
    ) -> Self {
        if presence.holds() {
            dialog.channels().send_modify(|channels| *channels += 1);
        }
        Self { dialog: Arc::clone(dialog), presence, provisional, found: None, hangs_up: false, before }
    }

    /// Notes where the object is from now on; its dialog counts its channels.
    pub(super) fn become_(&mut self, presence: Presence) {
        match (self.presence.holds(), presence.holds()) {
            (true, false) => {
                self.dialog.channels().send_modify(|channels| *channels = channels.saturating_sub(1))
            }
            (false, true) => self.dialog.channels().send_modify(|channels| *channels += 1),
            _ => {}
        }
        self.presence = presence;
    }

    /// Whether its id is free for another dialog.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.presence, Presence::Left | Presence::Moved)
    }
}
