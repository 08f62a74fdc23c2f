//! `ari-proxy log`: what a running proxy logs, seen and changed.

use std::{io::Write as _, path::Path, process::ExitCode};

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{self, ANSWER, Api},
    exit_code,
    runtime::runtime,
};

/// Shows what a running proxy logs, or changes it until that process ends
///
/// For example: ari-proxy log debug; ari-proxy log info,ari_proxy::dialog=trace; ari-proxy log info
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What is to be logged, as in the key `log`
    level: Option<String>,

    #[command(flatten)]
    api: api::Listener,
}

/// Asks, and shows what is logged now.
pub(super) fn run(file: &Path, options: &Options) -> ExitCode {
    exit_code(try_run(file, options))
}

fn try_run(file: &Path, options: &Options) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let api = Api::new(file, &options.api)?;
        let request = match &options.level {
            Some(level) => api.request(Method::PUT, "/log").body(json!({ "log": level }).to_string()),
            None => api.request(Method::GET, "/log"),
        };
        let answer =
            api.answer(request.timeout(ANSWER)).await?.text().await.context("the answer broke off")?;
        let answer: Value = serde_json::from_str(&answer).context("the answer is not the proxy's")?;
        writeln!(std::io::stdout(), "{}", answer["log"].as_str().unwrap_or_default()).context("cannot print")
    })
}
