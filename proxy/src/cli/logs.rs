//! Logs on stderr: their form, and what is logged.

use std::io::IsTerminal as _;

use ari_proxy::{LogControl, config::LogFormat, may_be_logged};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

/// Libraries that tell of each attempt to connect what we tell once, and call planned answers of the broker errors
/// (lapin: a 404 for a queue that we asked about). What the configuration says comes after it and counts more.
const QUIET_LIBRARIES: &str = "async_nats=off,lapin=off";

/// Begins to log as the configuration says; it can be changed later.
///
/// # Errors
/// When `directives` are none.
pub(super) fn begin(directives: &str, format: LogFormat) -> anyhow::Result<LogControl> {
    let builder = builder(filter(directives)?);
    Ok(match format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            install(builder.finish());
            control(directives, handle)
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_current_span(false).with_span_list(false);
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            install(builder.finish());
            control(directives, handle)
        }
    })
}

/// Begins to log for a person, for good.
#[cfg(feature = "demo")]
pub(super) fn begin_with(filter: EnvFilter) {
    install(builder(filter).finish());
}

type Builder = tracing_subscriber::fmt::SubscriberBuilder<
    tracing_subscriber::fmt::format::DefaultFields,
    tracing_subscriber::fmt::format::Format,
    EnvFilter,
    fn() -> std::io::Stderr,
>;

fn builder(filter: EnvFilter) -> Builder {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr as fn() -> std::io::Stderr)
        .with_ansi(colours())
        // A line that cannot be written, on a full disk or after the reader of a pipe has gone, would be told with
        // `eprintln!`, which then panics: whatever task it was that logged.
        .log_internal_errors(false)
}

/// Whatever the level is, now or later, no secret is logged.
fn install(log: impl Subscriber + Send + Sync + for<'a> tracing_subscriber::registry::LookupSpan<'a>) {
    log.with(filter_fn(may_be_logged)).init();
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
