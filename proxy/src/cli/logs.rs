//! Logs on stderr: their form, and what is logged.

use std::io::IsTerminal as _;

use ari_proxy::{LogControl, config::LogFormat};
use tracing_subscriber::{EnvFilter, reload};

/// Libraries that tell of each attempt to connect what we tell once, and call planned answers of the broker errors
/// (lapin: a 404 for a queue that we asked about). What the configuration says comes after it and counts more.
const QUIET_LIBRARIES: &str = "async_nats=off,lapin=off";

/// Begins to log as the configuration says; it can be changed later.
///
/// # Errors
/// When `directives` are none.
pub(super) fn begin(directives: &str, format: LogFormat) -> anyhow::Result<LogControl> {
    let filter = filter(directives)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours())
        // A line that cannot be written, on a full disk or after the reader of a pipe has gone, would be told with
        // `eprintln!`, which then panics: whatever task it was that logged.
        .log_internal_errors(false);
    Ok(match format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            control(directives, handle)
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_current_span(false).with_span_list(false);
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            control(directives, handle)
        }
    })
}

/// Begins to log for a person, for good.
#[cfg(feature = "demo")]
pub(super) fn begin_with(filter: EnvFilter) {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours())
        .log_internal_errors(false)
        .init();
}

fn filter(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::builder().parse(format!("{QUIET_LIBRARIES},{directives}"))
}

fn control<S: 'static>(directives: &str, handle: reload::Handle<EnvFilter, S>) -> LogControl {
    LogControl::new(directives, move |directives| {
        let filter = filter(directives).map_err(|error| error.to_string())?;
        handle.reload(filter).map_err(|error| error.to_string())
    })
}

/// Otherwise a log file or journald would be given colours.
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
}
