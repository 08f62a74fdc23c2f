//! `ari-proxy config`: the effective configuration, and where each value comes from.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use ari_proxy::config::{Setting, settings};
use serde_json::json;

use super::{bad_config, exit_code};

/// Shows the configuration as it is used: each key, its value, and where that comes from
///
/// Defaults, then the file, then the environment; what comes later counts. Secrets are shown as ***, and URLs of the bus without
/// user, password and query. Exit status: 0, or 64 where the proxy would not start with it.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// One JSON object with {"value", "from"} for each key
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub(super) fn run(file: &Path, options: &Options) -> ExitCode {
    let settings = match settings(file) {
        Ok((_, settings)) => settings,
        Err(error) => return bad_config(&error),
    };
    let out = &mut io::stdout().lock();
    let printed = if options.json { print_json(out, &settings) } else { print_table(out, &settings) };
    exit_code(printed.context("cannot print"))
}

fn print_json(out: &mut impl Write, settings: &[Setting]) -> io::Result<()> {
    let line = |one: &Setting| {
        let (key, from) = (json!(one.key), json!(one.source.to_string()));
        format!("  {key}: {{\"value\": {}, \"from\": {from}}}", one.value.get())
    };
    let lines: Vec<_> = settings.iter().map(line).collect();
    writeln!(out, "{{\n{}\n}}", lines.join(",\n"))
}

/// A longer value pushes what is behind it to the right.
const WIDEST_VALUE: usize = 40;

fn print_table(out: &mut impl Write, settings: &[Setting]) -> io::Result<()> {
    let keys = settings.iter().map(|one| one.key.len()).max().unwrap_or(0);
    let lengths = settings.iter().map(|one| one.value.get().chars().count());
    let values = lengths.filter(|length| *length <= WIDEST_VALUE).max().unwrap_or(0);
    for Setting { key, value, source } in settings {
        writeln!(out, "{key:keys$}  {:values$}  {source}", value.get())?;
    }
    Ok(())
}
