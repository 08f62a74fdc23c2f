//! The words around the play: who talks to whom, how it went, and what to do next.

use anyhow::bail;

use super::{
    outcome::Outcome,
    stage::{BAD, BOLD, DIM, GOOD, Party, Stage, TOPIC},
};

/// Says what is about to be seen.
pub(super) fn opening(stage: &Stage) {
    let name = |party: Party| format!("{}{}{:#}", party.style(), party.name(), party.style());
    let (phone, asterisk) = (name(Party::Phone), name(Party::Asterisk));
    let (proxy, worker) = (name(Party::Proxy), name(Party::Worker));
    for line in [
        String::new(),
        format!("  {BOLD}ari-proxy: one phone call from end to end, in one process{BOLD:#}"),
        String::new(),
        format!(
            "  {phone} ──▶ {asterisk} ── events ──▶ {proxy} ── {TOPIC}offer, events, responses{TOPIC:#} ──▶ {worker}"
        ),
        format!("                     ◀── REST ────       ◀────────── {TOPIC}commands{TOPIC:#} ──────────"),
        format!(
            "  {DIM}└── simulated ───┘               real    message bus, here in memory     real{DIM:#}"
        ),
        String::new(),
        format!("  {DIM}Left of an arrow is who speaks, right of it to whom: a party, or a topic of{DIM:#}"),
        format!("  {DIM}the bus. Every message is held up for a moment, so that you can read it.{DIM:#}"),
        String::new(),
    ] {
        stage.print(&line);
    }
}

/// Says how it went; fails if anything was not as planned.
pub(super) fn closing(stage: &Stage, outcome: &Outcome) -> anyhow::Result<()> {
    stage.print("");
    let mut failures = Vec::new();
    for check in outcome.checks() {
        let (mark, style) = if check.passed { ("✔", GOOD) } else { ("✘", BAD) };
        stage.print(&format!("  {style}{mark}{style:#} {}", check.text));
        if !check.passed {
            failures.push(check.text);
        }
    }
    stage.print("");
    if !failures.is_empty() {
        bail!("the demo did not go as planned: {}", failures.join("; "));
    }
    for line in [
        format!("  {BOLD}What next{BOLD:#}"),
        format!("    a real Asterisk   README.md, section \"{README_SECTION}\", then"),
        "                      cargo run --release -- --config config.json".to_owned(),
        "    your own worker   begin with client-sdk/examples/hello_world.rs".to_owned(),
        "    every test        tests/run: with a real Asterisk, NATS and RabbitMQ".to_owned(),
        String::new(),
    ] {
        stage.print(&line);
    }
    Ok(())
}

/// Where the README shows the same call on a real Asterisk.
const README_SECTION: &str = "A real Asterisk in ten minutes";

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_has_the_section_that_is_named() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        let heading = format!("## {}", super::README_SECTION);
        assert!(readme.lines().any(|line| line == heading), "README.md has no section {heading:?}");
    }
}
