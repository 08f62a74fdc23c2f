//! The command line of ari-proxy.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use ari_proxy::{
    Proxy,
    config::{self, Config},
};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// The exit code for a configuration that cannot be used (`EX_USAGE` of sysexits.h).
const BAD_CONFIG: u8 = 64;

/// Puts a message bus between Asterisk and the programs that control its calls.
///
/// Reads config.json, connects to Asterisk's REST Interface (ARI) and to NATS or RabbitMQ, and offers each call that
/// enters one of the configured Stasis applications to the workers on that application's topic.
#[derive(Debug, Parser)]
#[command(name = "ari-proxy", version, after_help = HELP)]
struct Arguments {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "config.json")]
    config: PathBuf,
}

const HELP: &str = "\
Each key of the configuration can come from the environment as well, with two underscores between the levels:
  ARI_PROXY_WS_PASSWORD=secret ARI_PROXY_BUS_CONFIG__URL=nats://bus:4222 ari-proxy

Exit status: 0 after SIGTERM or ctrl-c, 64 for a configuration that cannot be used, 1 for anything else.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("ari-proxy: {error}");
            return ExitCode::from(BAD_CONFIG);
        }
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ari-proxy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&config.log).context("log: not a level or tracing directives")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // One TLS provider for the whole process: with two of them rustls would not know which.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        anyhow::bail!("the TLS provider is installed twice");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = tokio::spawn(stop_on_signal(stop.clone())?);
        Proxy::new(config)?.run(stop).await?;
        signals.abort();
        Ok(())
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
