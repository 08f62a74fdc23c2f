//! `ari-proxy watch`: what happens to calls, as it happens.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::Value;

use super::{
    api::{self, Api},
    check::printable,
    exit_code,
    runtime::runtime,
    say,
};

/// Shows what happens to calls as it happens: events, commands with their answers, who has them
///
/// Each line: time, end of the dialog's id, first channel, what happened. It never slows a call: who cannot keep up is told how much is
/// missing. It ends with ctrl-c, or with status 1 when the proxy goes.
///
/// For example: ari-proxy watch; ari-proxy watch hello; ari-proxy watch 1763750000.17; ari-proxy watch --json | jq .event
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// An application, a dialog (its id, or the last 8 or more characters of it) or a first channel; otherwise all
    #[arg(value_name = "APP|DIALOG")]
    of: Option<String>,

    /// The lines as they come: JSON objects, with Asterisk's own events in `ari`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    api: api::Listener,
}

/// The longest line that is taken: the listener's are shorter than half of it.
const LONGEST: usize = 1 << 20;

/// Shows it until somebody goes.
pub(super) fn run(file: &Path, options: &Options) -> ExitCode {
    exit_code(try_run(file, options))
}

fn try_run(file: &Path, options: &Options) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let api = Api::new(file, &options.api)?;
        let encode = |of: &String| {
            percent_encoding::utf8_percent_encode(of, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let query = options.of.as_ref().map_or_else(String::new, |of| format!("?of={}", encode(of)));
        let mut answer = api.answer(api.request(Method::GET, &format!("/watch{query}"))).await?;
        say(&format!(
            "watching {} at {}; ctrl-c ends it",
            options.of.as_deref().unwrap_or("all calls"),
            api.base()
        ));
        let mut pending = Vec::new();
        while let Some(some) = answer.chunk().await.context("the connection to the proxy was lost")? {
            pending.extend_from_slice(&some);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                let line = line.trim();
                if line.is_empty() {
                    continue;
                }
                match show(line, options.json) {
                    // As `head` leaves us.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    shown => shown.context("cannot print")?,
                }
            }
            if pending.len() > LONGEST {
                bail!("what comes is not the proxy's: a line is longer than {LONGEST} bytes");
            }
        }
        bail!("the proxy has stopped, or another process has taken over")
    })
}

fn show(line: &str, json: bool) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match serde_json::from_str(line) {
        Ok(seen) if !json => writeln!(out, "{}", human(&seen)),
        _ => writeln!(out, "{line}"),
    }?;
    out.flush()
}

/// One line for a person. What comes from outside cannot touch the terminal.
fn human(seen: &Value) -> String {
    if let Some(missed) = seen["missed"].as_u64() {
        let style = style(AnsiColor::Red);
        return format!("{style}… {missed} lines are missing: this terminal is too slow …{style:#}");
    }
    let text = |key: &str| printable(seen[key].as_str().unwrap_or("-"));
    // 2026-11-21T20:15:03.123456Z: the time of day to the millisecond.
    let time: String = text("time").chars().skip(11).take(12).collect();
    let dialog = text("dialog");
    let end = dialog.char_indices().rev().nth(7).map_or(&*dialog, |(at, _)| &dialog[at..]);
    format!("{time} {end} {:<16} {}", text("channel"), what(seen))
}

fn what(seen: &Value) -> String {
    let text = |value: &Value| printable(value.as_str().unwrap_or_default());
    if let Some(state) = seen["state"].as_str() {
        let style = style(AnsiColor::Yellow);
        return format!("{style}{}{style:#}", printable(state));
    }
    if seen["command"].is_object() {
        let status = seen["status"].as_u64().unwrap_or_default();
        let style = style(if status < 400 { AnsiColor::Green } else { AnsiColor::Red });
        let (command, took) = (&seen["command"], seen["took_ms"].as_f64().unwrap_or_default());
        let (method, url, by) = (text(&command["method"]), text(&command["url"]), text(&command["by"]));
        return format!("{style}{method} {url} → {status}{style:#} ({by}, {took:.1} ms)");
    }
    let style = style(AnsiColor::Cyan);
    let details: Vec<_> =
        DETAILS.iter().filter_map(|at| seen["ari"].pointer(at)).filter_map(detail).collect();
    format!("{style}{}{style:#} {}", text(&seen["event"]), details.join(" "))
}

/// What of an event is worth a look, where it is there.
const DETAILS: [&str; 16] = [
    "/args",
    "/digit",
    "/duration_ms",
    "/dialstatus",
    "/peer/name",
    "/bridge/id",
    "/playback/media_uri",
    "/playback/state",
    "/recording/name",
    "/recording/state",
    "/variable",
    "/value",
    "/cause_txt",
    "/reason",
    "/channel/name",
    "/channel/state",
];

fn detail(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(printable(text)),
        Value::Array(list) if list.is_empty() => None,
        Value::Null => None,
        other => Some(printable(&other.to_string())),
    }
}

fn style(colour: AnsiColor) -> Style {
    colour.on_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(seen: &Value) -> String {
        anstream::adapter::strip_str(&human(seen)).to_string()
    }

    #[test]
    fn a_person_reads_one_line() {
        let base = json!({ "time": "2026-11-21T20:15:03.123456Z", "dialog": "pbx.0123456789abcdef", "channel": "17.1" });
        let with = |more: Value| {
            let mut seen = base.clone();
            for (key, value) in more.as_object().unwrap() {
                seen[key] = value.clone();
            }
            shown(&seen)
        };
        let dtmf =
            json!({ "event": "ChannelDtmfReceived", "ari": { "digit": "5", "channel": { "state": "Up" } } });
        assert_eq!(with(dtmf), "20:15:03.123 89abcdef 17.1             ChannelDtmfReceived 5 Up");
        let command = json!({ "command": { "by": "a worker", "method": "POST", "url": "/channels/17.1/answer" }, "status": 204, "took_ms": 1.25 });
        assert!(with(command).ends_with("POST /channels/17.1/answer → 204 (a worker, 1.2 ms)"));
        assert!(with(json!({ "state": "offered" })).ends_with(" offered"));
        let hostile = with(json!({ "event": "X", "ari": { "reason": "\u{1b}[2J\nüb" } }));
        assert!(hostile.ends_with("X \u{fffd}[2J\u{fffd}üb"), "{hostile:?}");
        assert!(shown(&json!({ "missed": 7 })).contains("7 lines are missing"));
    }
}
