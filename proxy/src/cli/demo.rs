//! `ari-proxy demo`: a call inside one process.

use std::process::ExitCode;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use super::{exit_code, logs, runtime::runtime};
use crate::demo;

/// Runs the demo.
pub(super) fn run(options: demo::Options) -> ExitCode {
    exit_code(try_run(options))
}

fn try_run(options: demo::Options) -> anyhow::Result<()> {
    // Quiet unless asked: the logs would stand between the lines of the demo.
    if std::env::var_os("RUST_LOG").is_some_and(|filter| !filter.is_empty()) {
        logs::begin_with(EnvFilter::try_from_default_env().context("RUST_LOG")?);
    }
    runtime()?.block_on(demo::run(options))
}
