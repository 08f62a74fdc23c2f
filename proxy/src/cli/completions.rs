//! `ari-proxy completions`: what a shell needs to complete our command line.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap_complete::Shell;

use super::exit_code;

/// Prints what a shell needs to complete this program's commands and options
///
/// For bash: ari-proxy completions bash > /etc/bash_completion.d/ari-proxy
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(super) fn run(options: &Options, mut command: clap::Command) -> ExitCode {
    // The generator panics where it cannot write: so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "ari-proxy", &mut script);
    exit_code(io::stdout().lock().write_all(&script).context("cannot print"))
}
