//! A proxy in a process of its own, as the daemon runs it: `test-proxy CONFIG [--take-over]`. SIGTERM stops it, a second one ends it.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use ari_proxy::{Fleet, StartError, config};
use ari_tests::brokers::prepare_process;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    prepare_process();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("test-proxy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, takes_over) = match &arguments[..] {
        [path] => (path, false),
        [path, option] if option == "--take-over" => (path, true),
        _ => bail!("not CONFIG [--take-over]: {arguments:?}"),
    };
    let config = config::load(Path::new(path))?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        stopped.cancel();
        terminate.recv().await;
        std::process::exit(1);
    });
    let mut fleet = Fleet::new(config).map_err(|error| match error {
        StartError::Bus(error) => config::refused_by_bus(Path::new(path), &error).into(),
        error => anyhow::Error::from(error),
    })?;
    if takes_over {
        fleet = fleet.taking_over()?;
    }
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let take_back = fleet.take_back();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            take_back.iter().for_each(|one| one.notify_one());
        }
    });
    fleet.run(stop).await?;
    Ok(())
}
