//! What no log may show, whatever is asked for.

use tracing::{Level, Metadata};

/// Whether this may be logged: lapin writes the frame with which it logs in to its log, password and all, a number for each byte. Of that library
/// only warnings and errors pass. Put it before everything that logs, as a filter for the whole process.
#[must_use]
pub fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("lapin") || *metadata.level() <= Level::WARN
}
