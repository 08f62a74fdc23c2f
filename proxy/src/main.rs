//! The command line of ari-proxy.

#[cfg(feature = "demo")]
mod demo;

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use ari_proxy::{
    Fleet, StartError,
    config::{self, Config},
    may_be_logged,
};
use clap::Parser;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// The exit code for a configuration that cannot be used (`EX_USAGE` of sysexits.h).
const BAD_CONFIG: u8 = 64;

/// Puts a message bus between Asterisk and the programs that control its calls.
///
/// Reads config.json, connects to Asterisk's REST Interface (ARI) and to NATS or RabbitMQ, and offers each call that
/// enters one of the configured Stasis applications to the workers on that application's topic.
#[derive(Debug, Parser)]
#[command(name = "ari-proxy", version, after_help = HELP, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "config.json")]
    config: PathBuf,

    /// Take everything over from the running proxy of the same `server_id`, which then ends: an upgrade without a gap
    ///
    /// Asterisk changes over to this process at once. The other one hands over its calls, with all that their workers have
    /// not acknowledged, and exits 0; the workers notice nothing. If that fails, this process exits 1 and the other goes on.
    /// Where none is running, this one starts as usual.
    #[arg(long)]
    take_over: bool,

    #[cfg(feature = "demo")]
    #[command(subcommand)]
    command: Option<Command>,
}

#[cfg(feature = "demo")]
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Shows one phone call from end to end: needs no Asterisk, no bus and no configuration
    ///
    /// A phone calls a simulated Asterisk; the proxy offers the call on a bus in memory; a sample worker takes it,
    /// answers, plays a greeting to its end, sends DTMF, holds, takes off hold and hangs up. Every message is shown as
    /// it passes. Exit status: 0 if the call went as planned, 1 if not.
    ///
    /// RUST_LOG=debug shows the logs of proxy and worker as well, NO_COLOR=1 takes the colours away.
    Demo(demo::Options),
}

/// Libraries that tell of each attempt to connect what we tell once, and call planned answers of the broker errors
/// (lapin: a 404 for a queue that we asked about). What the configuration says comes after it and counts more.
const QUIET_LIBRARIES: &str = "async_nats=off,lapin=off";

const HELP: &str = "\
Try it without anything installed: ari-proxy demo

Each key of the configuration can come from the environment as well, with two underscores between the levels:

  ARI_PROXY_WS_PASSWORD=secret ARI_PROXY_BUS_CONFIG__URL=nats://bus:4222 ari-proxy

Of several processes with one server_id one acts; the others stand by and take its place when it is gone. \
With --take-over a new one takes its place at once, without a gap.

SIGTERM or ctrl-c stops it; SIGHUP makes it take back applications that another program has taken over in Asterisk.

Exit status: 0 after SIGTERM or ctrl-c, or after another process took over; 2 for a command line that cannot be used, \
64 for such a configuration, 1 for anything else.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "demo")]
    if let Some(Command::Demo(options)) = arguments.command {
        return exit_code(run_demo(options));
    }
    let config = match config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            say(&error.to_string());
            return ExitCode::from(BAD_CONFIG);
        }
    };
    let result = run(config, arguments.take_over);
    if let Err(Some(StartError::Bus(error))) = result.as_ref().map_err(|error| error.downcast_ref()) {
        say(&config::refused_by_bus(&arguments.config, error).to_string());
        return ExitCode::from(BAD_CONFIG);
    }
    exit_code(result)
}

fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says why we end. Unlike `eprintln!` it does not panic where stderr cannot be written to.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "ari-proxy: {text}");
}

fn run(config: Config, take_over: bool) -> anyhow::Result<()> {
    let directives = format!("{QUIET_LIBRARIES},{}", config.log);
    let filter = EnvFilter::builder().parse(directives).context("log")?;
    log_to_stderr(filter);
    runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let stopping = tokio::spawn(stop_on_signal(stop.clone())?);
        let mut fleet = Fleet::new(config)?;
        if take_over {
            fleet = fleet.taking_over()?;
        }
        let taking_back = tokio::spawn(take_back_on_signal(fleet.take_back())?);
        fleet.run(stop).await?;
        stopping.abort();
        taking_back.abort();
        Ok(())
    })
}

#[cfg(feature = "demo")]
fn run_demo(options: demo::Options) -> anyhow::Result<()> {
    // Quiet unless asked: the logs would stand between the lines of the demo.
    if std::env::var_os("RUST_LOG").is_some_and(|filter| !filter.is_empty()) {
        log_to_stderr(EnvFilter::try_from_default_env().context("RUST_LOG")?);
    }
    runtime()?.block_on(demo::run(options))
}

fn log_to_stderr(filter: EnvFilter) {
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
        .finish()
        .with(filter_fn(may_be_logged))
        .init();
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // One TLS provider for the whole process: with two of them rustls would not know which.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        anyhow::bail!("the TLS provider is installed twice");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")
}

/// Notifies at each SIGHUP.
fn take_back_on_signal(take_back: Vec<Arc<Notify>>) -> anyhow::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            take_back.iter().for_each(|one| one.notify_one());
        }
    })
}

/// Cancels `stop` at the first SIGTERM or ctrl-c, and exits at the second.
fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        for times in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if times > 0 {
                std::process::exit(1);
            }
            stop.cancel();
        }
    })
}
