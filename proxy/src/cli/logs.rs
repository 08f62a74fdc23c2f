//! Logs on stderr: their form, and their filter.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
}

/// Begins to log.
pub(super) fn begin(filter: EnvFilter, _form: Form) {
    // Otherwise a log file or journald would be given colours.
    let colours =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        // A line that cannot be written, on a full disk or after the reader of a pipe has gone, would be told with
        // `eprintln!`, which then panics: whatever task it was that logged.
        .log_internal_errors(false)
        .init();
}
