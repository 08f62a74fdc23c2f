//! `ari-proxy send`: a command in a dialog, in the place of its worker.

use std::{io::Write as _, path::Path, process::ExitCode};

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{self, ANSWER, Api},
    exit_code,
    runtime::runtime,
};

/// Sends a command in a dialog, as its worker would, and shows Asterisk's answer
///
/// It takes its turn among the worker's commands, under the same policy, and what it makes belongs to the dialog.
///
/// For example: ari-proxy send 1763750000.17 POST /channels/1763750000.17/answer
///
/// Exit status: 0 for a 2xx of Asterisk, 4 for a 4xx, 5 for a 5xx, 1 for anything else.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The dialog: its id, the last 8 or more characters of that, or its first channel
    dialog: String,

    /// GET, POST, PUT or DELETE
    method: String,

    /// The path under ARI, with its query, such as /channels/17.1/play?media=sound:hello
    path: String,

    /// A JSON body
    body: Option<String>,

    #[command(flatten)]
    api: api::Listener,
}

/// Sends it; the status is by the class of Asterisk's answer.
pub(super) fn run(file: &Path, options: &Options) -> ExitCode {
    match try_run(file, options) {
        Ok(200..300) => ExitCode::SUCCESS,
        Ok(400..500) => ExitCode::from(4),
        Ok(500..600) => ExitCode::from(5),
        Ok(_) => ExitCode::FAILURE,
        Err(error) => exit_code(Err(error)),
    }
}

fn try_run(file: &Path, options: &Options) -> anyhow::Result<u64> {
    let Options { dialog, method, path, body, .. } = options;
    let mut command = json!({ "method": method, "url": path });
    if let Some(body) = body {
        command["body"] = body.as_str().into();
    }
    runtime()?.block_on(async {
        let api = Api::new(file, &options.api)?;
        let dialog: String =
            percent_encoding::utf8_percent_encode(dialog, percent_encoding::NON_ALPHANUMERIC).collect();
        let request = api.request(Method::POST, &format!("/dialogs/{dialog}/commands"));
        let request = request.body(command.to_string()).timeout(ANSWER);
        let answer = api.answer(request).await?.text().await.context("the answer broke off")?;
        let answer: Value = serde_json::from_str(&answer).context("the answer is not the proxy's")?;
        let status = answer["status_code"].as_u64().context("the answer is not the proxy's")?;
        let body = answer["response_body"].as_str().unwrap_or_default();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{status}")
            .and_then(|()| if body.is_empty() { Ok(()) } else { writeln!(out, "{body}") })
            .context("cannot print")?;
        Ok(status)
    })
}
