//! What a test can switch off in a proxy, to show that its oracle notices. Behind a feature that no package has.

use crate::dialog::Context;

/// What does not work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sabotage {
    /// Events are sent once, come what may.
    pub resending: bool,
    /// A repeated command runs again.
    pub deduplication: bool,
    /// What a worker sends that has lost its dialog is acted upon.
    pub terms: bool,
}

impl Context {
    /// Whether events are sent again.
    pub(crate) fn resends(&self) -> bool {
        !self.sabotage.resending
    }

    /// Whether a repeated command is known.
    pub(crate) fn deduplicates(&self) -> bool {
        !self.sabotage.deduplication
    }

    /// Whether a worker that has lost its dialog is not listened to.
    pub(crate) fn ends_terms(&self) -> bool {
        !self.sabotage.terms
    }
}
