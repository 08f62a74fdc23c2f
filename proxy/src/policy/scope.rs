//! `scope: dialog`: a worker names no objects but those of its dialog, and makes new ones, which become the dialog's.

use ari_bus::protocol::{Object, ObjectKind};
use reqwest::Method;

use super::{Command, Policy, Refusal, Rule, shown};
use crate::config::Scope;

/// What is done with one channel. Another word may name objects in parameters that nobody here knows.
const WITH_CHANNEL: [&str; 19] = [
    "answer",
    "continue",
    "dial",
    "dtmf",
    "hold",
    "moh",
    "move",
    "mute",
    "play",
    "progress",
    "record",
    "redirect",
    "ring",
    "rtp_statistics",
    "silence",
    "snoop",
    "transfer_progress",
    "variable",
    "variables",
];
/// What is done with one bridge.
const WITH_BRIDGE: [&str; 8] =
    ["addChannel", "removeChannel", "moh", "play", "record", "variable", "variables", "videoSource"];
/// Parameters that name channels, in small letters.
const CHANNELS: [&str; 3] = ["channel", "caller", "originator"];

type Owns<'a> = &'a dyn Fn(&Object) -> bool;

impl Policy {
    /// Whether a command names nothing but what belongs to its dialog.
    pub(super) fn check_scope(&self, command: &Command<'_>, owns: Owns<'_>) -> Result<(), Refusal> {
        let Some(rule) = self.scope() else { return Ok(()) };
        let is = |kind, id: &str| own(&rule, owns, kind, id);
        let makes = command.request.method == Method::POST;
        match *command.segments() {
            ["channels"] | ["channels", "create" | "externalMedia"] | ["bridges"] if makes => {}
            // A new one, of that id.
            ["channels" | "bridges", _] if makes => {}
            ["channels", id, ref rest @ ..] if knows(&WITH_CHANNEL, rest) => is(ObjectKind::Channel, id)?,
            ["bridges", id, "videoSource", channel] => {
                is(ObjectKind::Bridge, id)?;
                is(ObjectKind::Channel, channel)?;
            }
            ["bridges", id, ref rest @ ..] if knows(&WITH_BRIDGE, rest) => is(ObjectKind::Bridge, id)?,
            ["playbacks", id] | ["playbacks", id, "control"] => is(ObjectKind::Playback, id)?,
            ["recordings", "live", id] | ["recordings", "live", id, "stop" | "pause" | "mute"] => {
                is(ObjectKind::Recording, id)?
            }
            ["sounds", ..] => {}
            ["events", "user", _] if makes => self.check_sources(&rule, command, owns)?,
            _ => return Err(rule.forbid("it concerns more than the objects of this dialog")),
        }
        for parameter in CHANNELS {
            for id in command.parameters.listed(parameter).filter(|id| !id.is_empty()) {
                is(ObjectKind::Channel, id)?;
            }
        }
        self.check_made(&rule, command)
    }

    /// An event may be sent about the dialog's own objects.
    fn check_sources(
        &self,
        rule: &Rule<'_, Scope>,
        command: &Command<'_>,
        owns: Owns<'_>,
    ) -> Result<(), Refusal> {
        for source in command.parameters.listed("source").filter(|source| !source.is_empty()) {
            match source.split_once(':') {
                Some(("channel", id)) => own(rule, owns, ObjectKind::Channel, id)?,
                Some(("bridge", id)) => own(rule, owns, ObjectKind::Bridge, id)?,
                _ => return Err(rule.forbid(format!("`source` {} is none of this dialog", shown(source)))),
            }
        }
        Ok(())
    }

    /// What a command makes becomes the dialog's, and takes nothing from others.
    fn check_made(&self, rule: &Rule<'_, Scope>, command: &Command<'_>) -> Result<(), Refusal> {
        let parameters = &command.parameters;
        let moves = command.path.last().is_some_and(|last| last == "move");
        if !moves && let Some(app) = parameters.all("app").find(|app| *app != self.application) {
            return Err(rule.forbid(format!(
                "`app` {} is another application: the channel would not be this dialog's",
                shown(app)
            )));
        }
        if let Some(word) = parameters.all("ifexists").find(|word| !word.is_empty() && *word != "fail") {
            return Err(rule.forbid(format!(
                "`ifExists` {} would change a recording that may be another's",
                shown(word)
            )));
        }
        // By its path a file may be anything, a stored recording too; a rule of its own has looked at it already.
        let by_path = |media: &&str| {
            let file = media.split_once(':').map_or(*media, |(_, file)| file).trim();
            file.starts_with('/') || file.split(['/', '\\']).any(|part| part == "..")
        };
        let is_looked_at = self.rule("media", |rules| rules.media.as_ref()).is_some();
        if let Some(file) = parameters.listed("media").find(|media| !is_looked_at && by_path(media)) {
            return Err(rule.forbid(format!(
                "`media` {} names a file by its path: that takes a rule `media`",
                shown(file)
            )));
        }
        let stored = |media: &&str| media.trim().to_ascii_lowercase().starts_with("recording:");
        if parameters.listed("media").any(|media| stored(&media)) {
            return Err(rule.forbid("stored recordings belong to no dialog"));
        }
        Ok(())
    }
}

/// Whether all that is done with an object is known.
fn knows(words: &[&str], rest: &[&str]) -> bool {
    match *rest {
        [] => true,
        [word] => words.contains(&word),
        ["play" | "snoop", _] => true,
        _ => false,
    }
}

fn own(rule: &Rule<'_, Scope>, owns: Owns<'_>, kind: ObjectKind, id: &str) -> Result<(), Refusal> {
    if owns(&Object { kind, id: id.to_owned() }) {
        return Ok(());
    }
    let what = match kind {
        ObjectKind::Channel => "channel",
        ObjectKind::Bridge => "bridge",
        ObjectKind::Playback => "playback",
        ObjectKind::Recording => "recording",
    };
    Err(rule.forbid(format!("{what} {} is none of this dialog", shown(id))))
}
