//! `ari-proxy check`: whether all that the configuration names is there and allows what the proxy needs.

use std::{io::Write as _, path::Path, process::ExitCode};

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use ari_proxy::{
    check::{Finding, Mark, check},
    config::{self, Config},
};
use serde_json::json;

use super::{bad_config, exit_code, runtime::runtime};

/// Checks the configuration, the bus, Asterisk, its user, the applications and certificates
///
/// Nothing is taken from a proxy that runs: what is opened has names of its own. Each thing may take 5 seconds.
///
/// Each line has a mark: ✓ as it should be, ! the proxy works but somebody should know, ✗ it cannot do its part like this; below it
/// what to do. Exit status: 0 without a ✗, 1 with one, 64 for a configuration that cannot be used.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// One JSON object with {"ok", "findings": [{"subject", "mark", "text", "hint"}]}
    #[arg(long)]
    json: bool,
}

/// Checks, and shows what was found.
pub(super) fn run(file: &Path, options: &Options) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(error) => return bad_config(&error),
    };
    match try_run(file, &config, options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => exit_code(Err(error)),
    }
}

fn try_run(file: &Path, config: &Config, options: &Options) -> anyhow::Result<bool> {
    let mut findings = vec![Finding {
        subject: "config".to_owned(),
        mark: Mark::Good,
        text: format!("{} can be used", file.display()),
        hint: None,
    }];
    findings.extend(config.warnings.iter().map(|warning| Finding {
        subject: "config".to_owned(),
        mark: Mark::Warning,
        text: warning.clone(),
        hint: None,
    }));
    findings.extend(runtime()?.block_on(check(config)));
    let ok = findings.iter().all(|finding| finding.mark != Mark::Bad);
    if options.json {
        let json = json!({ "ok": ok, "findings": findings });
        writeln!(std::io::stdout(), "{json:#}").context("cannot print")?;
    } else {
        show(&findings).context("cannot print")?;
    }
    Ok(ok)
}

/// Colours go where there is no terminal.
fn show(findings: &[Finding]) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    let width = findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or(0);
    for Finding { subject, mark, text, hint } in findings {
        let (mark, style) = shown(*mark);
        writeln!(out, "{style}{mark}{style:#} {subject:width$}  {}", printable(text))?;
        if let Some(hint) = hint {
            writeln!(out, "  {:width$}  → {}", "", printable(hint))?;
        }
    }
    Ok(())
}

fn shown(mark: Mark) -> (char, Style) {
    let (mark, colour) = match mark {
        Mark::Good => ('✓', AnsiColor::Green),
        Mark::Warning => ('!', AnsiColor::Yellow),
        Mark::Bad => ('✗', AnsiColor::Red),
    };
    (mark, colour.on_default().bold())
}

/// What others say may hold anything: nothing of it is to move the terminal's cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
