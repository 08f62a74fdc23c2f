//! Why a set could not be applied.

use super::Name;
use crate::CommandError;

/// Why a set could not be applied. What was done before stays, and is known: apply it again when the reason is gone.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be declared like this. Nothing was done.
    #[error("{name}: {problem}")]
    Declaration {
        /// The object.
        name: Name,
        /// What is wrong with it.
        problem: String,
    },
    /// There is such an object, and this set did not make it: it stands in `pjsip.conf`, or is another set's. Nothing was done.
    #[error("{name} is there already, and not of the set {set:?}")]
    Taken {
        /// The object.
        name: Name,
        /// The set that declares it.
        set: String,
    },
    /// A command failed.
    #[error("{name}{}: {source}", of(attributes))]
    Command {
        /// The object.
        name: Name,
        /// The attributes that were to be set. One of them may be what Asterisk refuses: it does not say which, its own log does.
        attributes: Vec<String>,
        /// What Asterisk said.
        source: Box<CommandError>,
    },
}

/// Attributes as they stand behind a name.
pub(super) fn of(attributes: &[String]) -> String {
    if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) }
}
