//! What the person at the terminal sees: one line for each thing that happens, in colour where the terminal has it,
//! slowly enough to follow.

use std::{
    io::Write,
    sync::{Arc, Mutex as Lock, PoisonError},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use asterisk_sim::Simulator;
use tokio::{sync::Mutex, time::sleep};
use tokio_util::sync::CancellationToken;

/// The width of the narrowest usual terminal: lines are cut there, because wrapped ones are hard to follow.
const WIDTH: usize = 80;
/// How wide the columns of the speaker and of whom it speaks to are.
const SPEAKER: usize = 8;
const LISTENER: usize = 11;
/// What is left for a message, with the spaces and the arrow between the columns.
pub(super) const MESSAGE: usize = WIDTH - SPEAKER - LISTENER - 6;
/// A token longer than this (a uuid, that is) is shown by its ends.
const LONG_TOKEN: usize = 20;
const TOKEN_ENDS: usize = 4;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const CONTENT: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// The topics of the bus.
pub(super) const TOPIC: Style = AnsiColor::BrightBlue.on_default();

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    Phone,
    Asterisk,
    Proxy,
    Worker,
}

impl Party {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Asterisk => "Asterisk",
            Self::Proxy => "proxy",
            Self::Worker => "worker",
        }
    }

    pub(super) fn style(self) -> Style {
        let colour = match self {
            Self::Phone => AnsiColor::Magenta,
            Self::Asterisk => AnsiColor::Yellow,
            Self::Proxy => AnsiColor::Cyan,
            Self::Worker => AnsiColor::Green,
        };
        colour.on_default().bold()
    }
}

/// One line of the play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    speaker: Option<Party>,
    listener: Listener,
    text: String,
    style: Style,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Listener {
    Nobody,
    Party(Party),
    Topic(String),
}

impl Line {
    /// Somebody does something.
    pub(super) fn act(speaker: Party, text: impl Into<String>) -> Self {
        Self { speaker: Some(speaker), listener: Listener::Nobody, text: text.into(), style: Style::new() }
    }

    /// Somebody speaks to somebody, past the bus.
    pub(super) fn to(speaker: Party, listener: Party, text: impl Into<String>) -> Self {
        Self { listener: Listener::Party(listener), ..Self::act(speaker, text) }
    }

    /// Somebody puts a message on a topic of the bus.
    pub(super) fn topic(speaker: Party, topic: impl Into<String>, text: impl Into<String>) -> Self {
        Self { listener: Listener::Topic(topic.into()), ..Self::act(speaker, text) }
    }

    /// What goes with the line above; of a topic, if it is about one.
    pub(super) fn note(topic: impl Into<String>, text: impl Into<String>) -> Self {
        let listener = Listener::Topic(topic.into());
        Self { speaker: None, listener, text: text.into(), style: DIM }
    }

    /// An empty line, before something new.
    pub(super) fn blank() -> Self {
        Self { speaker: None, listener: Listener::Nobody, text: String::new(), style: Style::new() }
    }

    /// The same line in another style.
    pub(super) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    fn is_blank(&self) -> bool {
        self.speaker.is_none() && self.text.is_empty()
    }

    fn render(&self) -> String {
        if self.is_blank() {
            return String::new();
        }
        let (name, speaker) = self.speaker.map_or(("", DIM), |party| (party.name(), party.style()));
        let (listener, colour) = match &self.listener {
            Listener::Nobody => return self.render_act(name, speaker),
            Listener::Party(party) => (party.name(), party.style()),
            Listener::Topic(topic) => (topic.as_str(), TOPIC),
        };
        let arrow = if self.speaker.is_some() { "→" } else { " " };
        let text = cut(&self.text, MESSAGE);
        let style = self.style;
        format!(
            "  {speaker}{name:<SPEAKER$}{speaker:#} {arrow} {colour}{listener:<LISTENER$}{colour:#} {style}{text}{style:#}"
        )
    }

    fn render_act(&self, name: &str, speaker: Style) -> String {
        let (text, style) = (cut(&self.text, WIDTH - SPEAKER - "     ".len()), self.style);
        format!("  {speaker}{name:<SPEAKER$}{speaker:#}   {style}{text}{style:#}")
    }
}

/// Where the lines go.
pub(super) struct Stage {
    output: Lock<Box<dyn Write + Send>>,
    simulator: Arc<Simulator>,
    pace: Duration,
    /// How many of Asterisk's requests were shown. Whoever has the lock speaks; it is given in the order of asking.
    shown: Mutex<usize>,
    /// Nobody reads the output any more.
    pub(super) closed: CancellationToken,
}

impl Stage {
    /// A stage on which each line stays alone for `pace`.
    pub(super) fn new(output: Box<dyn Write + Send>, simulator: Arc<Simulator>, pace: Duration) -> Self {
        let (shown, closed) = (Mutex::default(), CancellationToken::new());
        Self { output: Lock::new(output), simulator, pace, shown, closed }
    }

    /// Shows lines, after what reached Asterisk before them.
    ///
    /// Everything that happens waits here for its turn: that is what slows the demo down, and keeps causes before their
    /// effects.
    pub(super) async fn say(&self, lines: impl IntoIterator<Item = Line>) {
        let mut shown = self.shown.lock().await;
        for request in self.simulator.requests().into_iter().skip(*shown) {
            *shown += 1;
            let text = format!("{} /ari{}", request.method, short(&request.path));
            self.print(&Line::to(Party::Proxy, Party::Asterisk, text).render());
            sleep(self.pace).await;
        }
        for line in lines {
            self.print(&line.render());
            if !line.is_blank() {
                sleep(self.pace).await;
            }
        }
    }

    /// Prints a line as it is, at once. It may hold escape codes: the output takes them out where they are not wanted.
    pub(super) fn print(&self, text: &str) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if writeln!(output, "{text}").is_err() {
            self.closed.cancel();
        }
    }
}

/// The text with its long tokens (ids) shown by their ends.
pub(super) fn short(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for token in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let body = token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        // Ends of single-byte characters alone: any other one ends a token.
        if body.len() > LONG_TOKEN {
            shown.extend([&body[..TOKEN_ENDS], "…", &body[body.len() - TOKEN_ENDS..], &token[body.len()..]]);
        } else {
            shown.push_str(token);
        }
    }
    shown
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_by_their_ends() {
        assert_eq!(
            short("ari.worker.0199aaaaaaaaaaaaaaaaaaaaaaaaffff.events.1"),
            "ari.worker.0199…ffff.events.1"
        );
        assert_eq!(short("/channels/1795200000.1/answer"), "/channels/1795200000.1/answer");
        assert_eq!(short("ééééééééééééééééééééééééééé ünd"), "ééééééééééééééééééééééééééé ünd");
    }

    #[test]
    fn no_line_is_wider_than_a_narrow_terminal() {
        for line in [
            Line::act(Party::Phone, "x".repeat(200)),
            Line::topic(Party::Asterisk, "responses", "x".repeat(200)),
            Line::note("é", "é".repeat(200)),
        ] {
            let plain = anstream::adapter::strip_str(&line.render()).to_string();
            assert_eq!(plain.chars().count(), WIDTH, "{plain}");
        }
    }
}
