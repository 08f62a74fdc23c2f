//! What passed on the bus: read as any reader of the protocol would, kept for the summary, and told in words.

use std::collections::HashMap;

use ari_bus::protocol::{AppStart, Command, CommandResponse, Control, Event, Incoming, parse_incoming};
use reqwest::StatusCode;
use serde_json::Value;

use super::stage::{BAD, CONTENT, DIM, GOOD, Line, MESSAGE, Party, short};

/// What passed on the bus so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// The worker is in the pool.
    pub(super) joined: bool,
    /// Offers of a dialog.
    pub(super) offers: usize,
    /// Messages with which a worker took one.
    pub(super) accepts: usize,
    /// Events of Asterisk for the worker.
    pub(super) events: usize,
    /// The dialog is over: its last event has come.
    pub(super) over: bool,
}

/// The reader of everything that passes on the bus.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) counts: Counts,
    /// The topics of the dialog, by what they are for.
    roles: HashMap<String, &'static str>,
    /// What each `unique_id` was for.
    asked: HashMap<String, String>,
}

impl Record {
    /// A worker has joined the pool that reads a topic.
    pub(super) fn joined(&mut self, topic: &str) -> Vec<Line> {
        self.counts.joined = true;
        vec![Line::act(Party::Worker, format!("joins the pool that shares the topic {topic}"))]
    }

    /// An offer of a dialog to a pool.
    pub(super) fn offer(&mut self, topic: &str, payload: &[u8]) -> Vec<Line> {
        self.counts.offers += 1;
        let Ok(offer) = serde_json::from_slice::<AppStart>(payload) else {
            return vec![Line::topic(Party::Proxy, topic, "an offer that cannot be read").styled(BAD)];
        };
        if let Some(commands) = offer.commands {
            self.roles.insert(commands, COMMANDS);
        }
        let mut lines = Vec::new();
        if let Some(start) = offer.start {
            // Asterisk's own words, which the proxy passes on.
            let start: Value = serde_json::from_str(&start).unwrap_or_default();
            let text = |pointer: &str| start.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
            let (kind, name, number) = (text("/type"), text("/channel/name"), text("/channel/caller/number"));
            let told = format!("{kind}: {name}, caller {number}");
            lines.push(Line::to(Party::Asterisk, Party::Proxy, told));
        }
        let told = format!("AppStart: who takes dialog {}?", short(&offer.dialog_id));
        lines.push(Line::topic(Party::Proxy, topic, told));
        lines
    }

    /// Any other message.
    pub(super) fn message(&mut self, from: Party, topic: &str, payload: &[u8]) -> Vec<Line> {
        match self.roles.get(topic).copied() {
            Some(COMMANDS) => self.read_command(from, payload),
            Some(RESPONSES) => vec![self.answer(from, payload)],
            Some(EVENTS) => vec![self.event(payload)],
            _ => vec![Line::topic(from, short(topic), format!("{} bytes", payload.len()))],
        }
    }

    fn read_command(&mut self, from: Party, payload: &[u8]) -> Vec<Line> {
        let line = |text: String| Line::topic(from, COMMANDS, text);
        match parse_incoming(payload) {
            Incoming::Control(Control::Accept(accept)) => {
                self.counts.accepts += 1;
                self.roles.insert(accept.events.clone(), EVENTS);
                self.roles.insert(accept.responses.clone(), RESPONSES);
                self.asked.extend(accept.unique_id.map(|id| (id, ACCEPT.to_owned())));
                let mut lines = vec![
                    line("accept: I do, and these are the dialog's three topics:".to_owned()).styled(GOOD),
                ];
                let topics = [COMMANDS, RESPONSES, EVENTS]
                    .into_iter()
                    .flat_map(|role| self.roles.iter().filter(move |(_, is)| **is == role));
                lines.extend(topics.map(|(topic, role)| Line::note(*role, short(topic))));
                lines
            }
            Incoming::Control(Control::Ack(ack)) => {
                vec![line(format!("ack: I have the events up to #{}", ack.seq))]
            }
            Incoming::Control(other) => vec![line(format!("{other:?}"))],
            Incoming::Command(command) => self.command(from, &command),
            Incoming::Refused(refusal) => vec![line(refusal.message).styled(BAD)],
            Incoming::Noise(why) => vec![line(why.to_owned()).styled(BAD)],
        }
    }

    fn command(&mut self, from: Party, command: &Command<'_>) -> Vec<Line> {
        let number = command.cmd_seq.map_or_else(String::new, |number| format!("#{number}"));
        self.asked.insert(command.unique_id.clone().into_owned(), number.clone());
        let request = format!("{number} {} {}", command.method, short(&command.url));
        let line = |text: &str| Line::topic(from, COMMANDS, text.trim());
        let Some(body) = &command.body else { return vec![line(&request)] };
        let body = short(body);
        let whole = format!("{request} {body}");
        if whole.chars().count() <= MESSAGE {
            return vec![line(&whole)];
        }
        vec![line(&request), Line::note("", body)]
    }

    /// An answer. That to a command is Asterisk's own.
    fn answer(&self, from: Party, payload: &[u8]) -> Line {
        let Ok(answer) = CommandResponse::parse(payload) else {
            return Line::topic(from, RESPONSES, "an answer that cannot be read").styled(BAD);
        };
        let asked = self.asked.get(&answer.unique_id).map_or("?", String::as_str);
        let from = if asked == ACCEPT { from } else { Party::Asterisk };
        let status = StatusCode::from_u16(answer.status_code).ok();
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let good = status.is_some_and(|status| status.is_success());
        let told = format!("answer to {asked}: {} {reason}", answer.status_code);
        Line::topic(from, RESPONSES, told).styled(if good { CONTENT } else { BAD })
    }

    /// An event. One that is not the proxy's own is Asterisk's.
    fn event(&mut self, payload: &[u8]) -> Line {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(payload) else {
            return Line::topic(Party::Proxy, EVENTS, "an event that cannot be read").styled(BAD);
        };
        let from = if event.kind.starts_with("Proxy") { Party::Proxy } else { Party::Asterisk };
        self.counts.events += usize::from(from == Party::Asterisk);
        self.counts.over |= event.kind == "ProxyEnded";
        let number = event.seq.map_or_else(String::new, |number| format!("#{number} "));
        let body: Value = serde_json::from_str(event.body()).unwrap_or_default();
        let told = format!("{number}{} {}", event.kind, detail(&event.kind, &body));
        let line = Line::topic(from, EVENTS, told.trim_end());
        if MINOR.contains(&&*event.kind) { line.styled(DIM) } else { line }
    }
}

const ACCEPT: &str = "accept";
const COMMANDS: &str = "commands";
const RESPONSES: &str = "responses";
const EVENTS: &str = "events";

/// Events that come in numbers and matter to few.
const MINOR: &[&str] = &["ChannelVarset", "ChannelDialplan"];

/// What is worth telling of an event's body.
fn detail(kind: &str, body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match kind {
        "ChannelVarset" => format!("{}={}", text("/variable"), text("/value")),
        "ChannelDialplan" => text("/dialplan_app").to_owned(),
        "ChannelStateChange" => text("/channel/state").to_owned(),
        "ChannelDtmfReceived" => text("/digit").to_owned(),
        "PlaybackStarted" | "PlaybackFinished" => text("/playback/media_uri").to_owned(),
        "ChannelDestroyed" => text("/cause_txt").to_owned(),
        "ProxyEnded" => "the dialog is over".to_owned(),
        _ => String::new(),
    }
}
