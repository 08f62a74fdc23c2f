//! No command: the proxy itself.

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use ari_proxy::{
    Fleet, StartError,
    config::{self, Config},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

use super::{bad_config, exit_code, logs, runtime::runtime};

/// What can be said of the proxy itself.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Take everything over from the running proxy of the same `server_id`, which then ends: an upgrade without a gap
    ///
    /// Asterisk changes over to this process at once. The other one hands over its calls, with all that their workers have
    /// not acknowledged, and exits 0; the workers notice nothing. If that fails, this process exits 1 and the other goes on.
    /// Where none is running, this one starts as usual.
    #[arg(long)]
    pub(super) take_over: bool,
}

/// Runs the proxy until it is told to stop.
pub(super) fn run(file: &Path, options: &Options) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(error) => return bad_config(&error),
    };
    let result = serve(config, options.take_over);
    if let Err(Some(StartError::Bus(error))) = result.as_ref().map_err(|error| error.downcast_ref()) {
        return bad_config(&config::refused_by_bus(file, error));
    }
    exit_code(result)
}

fn serve(config: Config, take_over: bool) -> anyhow::Result<()> {
    let control = logs::begin(&config.log, config.log_format).context("log")?;
    runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let stopping = tokio::spawn(stop_on_signal(stop.clone())?);
        let mut fleet = Fleet::new(config)?.with_log_control(control);
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
