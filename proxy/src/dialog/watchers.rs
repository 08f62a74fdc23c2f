//! Those who watch dialogs from outside: they hear what happens as long as they keep up, and nobody waits for them.

use std::{sync::Arc, time::Duration};

use ari_bus::protocol::rfc3339;
use serde_json::{Value, json, value::RawValue};
use time::OffsetDateTime;
use tokio::sync::broadcast;

use super::{Dialog, kept::KeptEvent};
use crate::{
    asterisk::request::Request,
    limits::{WATCHED, WATCHED_BODY},
};

/// The way to those who watch.
#[derive(Debug)]
pub(crate) struct Watchers(broadcast::Sender<Arc<Seen>>);

/// Something that happened to a dialog.
#[derive(Debug)]
pub(crate) struct Seen {
    at: OffsetDateTime,
    dialog: String,
    application: String,
    /// Its first channel, where it has had one.
    channel: Option<String>,
    what: What,
}

/// What happened.
#[derive(Debug)]
enum What {
    Event(KeptEvent),
    Command { by: &'static str, method: String, url: String, status: u16, took: Duration },
    State(&'static str),
}

impl Default for Watchers {
    fn default() -> Self {
        Self(broadcast::Sender::new(WATCHED))
    }
}

impl Watchers {
    /// Hears what happens from now on. Who does not keep up misses the oldest, and is told how many.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Seen>> {
        self.0.subscribe()
    }

    /// Whether anybody would hear: most often nobody, and nothing is made for them.
    fn are_there(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// An event goes to a dialog's worker.
    pub(super) fn event(&self, dialog: &Dialog, event: &KeptEvent) {
        if self.are_there() {
            self.tell(dialog, event.at, What::Event(event.clone()));
        }
    }

    /// A command was answered; `began` is when it went to Asterisk.
    pub(super) fn command(
        &self,
        dialog: &Dialog,
        by: &'static str,
        request: &Request,
        status: u16,
        took: Duration,
    ) {
        if self.are_there() {
            let (method, url) = (request.method.to_string(), request.url.clone());
            let what = What::Command { by, method, url, status, took };
            self.tell(dialog, OffsetDateTime::now_utc(), what);
        }
    }

    /// A dialog is in another state.
    pub(super) fn state(&self, dialog: &Dialog, state: &'static str) {
        if self.are_there() {
            self.tell(dialog, OffsetDateTime::now_utc(), What::State(state));
        }
    }

    fn tell(&self, dialog: &Dialog, at: OffsetDateTime, what: What) {
        let seen = Seen {
            at,
            dialog: dialog.root.clone(),
            application: dialog.application.clone(),
            channel: dialog.channel().map(str::to_owned),
            what,
        };
        // The last one may have gone in this moment.
        let _ = self.0.send(Arc::new(seen));
    }
}

impl Seen {
    /// Whether it is about this application, dialog or first channel.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        self.application == name || is_called(&self.dialog, self.channel.as_deref(), name)
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut line = json!({
            "time": rfc3339(self.at),
            "dialog": self.dialog,
            "application": self.application,
            "channel": self.channel,
        });
        match &self.what {
            What::State(state) => line["state"] = (*state).into(),
            What::Command { by, method, url, status, took } => {
                line["command"] = json!({ "by": by, "method": method, "url": url });
                line["status"] = (*status).into();
                line["took_ms"] = (took.as_secs_f64() * 1e3).into();
            }
            What::Event(event) => {
                line["event"] = (*event.kind).into();
                if event.synthetic {
                    line["synthetic"] = true.into();
                }
                line["bytes"] = event.body.len().into();
                // As Asterisk wrote it, if it can be a part of a line.
                let body = Some(event.body.as_str())
                    .filter(|body| body.len() <= WATCHED_BODY && !body.contains(['\n', '\r']))
                    .filter(|body| serde_json::from_str::<&RawValue>(body).is_ok());
                if let (Some(body), Value::Object(_)) = (body, &line) {
                    let mut text = line.to_string();
                    text.pop();
                    return format!("{text},\"ari\":{body}}}");
                }
            }
        }
        line.to_string()
    }
}

/// Whether a person who says `name` means this dialog: its id, the last characters of it, or its first channel.
pub(super) fn is_called(root: &str, channel: Option<&str>, name: &str) -> bool {
    root == name || channel == Some(name) || (name.len() >= SHORTEST && root.ends_with(name))
}

/// Characters of an id's end that are enough to mean it: as many as `ari-proxy watch` shows.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use ari_bus::memory::MemoryBus;
    use serde_json::Value;

    use super::*;
    use crate::dialog::testing::{context, dialog};

    #[tokio::test]
    async fn who_does_not_keep_up_is_told_how_much_is_missing_and_holds_nobody_up() {
        let context = context(MemoryBus::new());
        let (dialog, _mail) = dialog(&context);
        let mut slow = context.watchers.watch();
        for number in 0..WATCHED + 5 {
            let body = format!(r#"{{"type":"X","n":{number}}}"#);
            context.watchers.event(&dialog, &KeptEvent::new("X", body.into()));
        }
        assert!(matches!(slow.recv().await, Err(broadcast::error::RecvError::Lagged(5))));
        let next: Value = serde_json::from_str(&slow.recv().await.unwrap().to_json()).unwrap();
        assert_eq!((next["event"].as_str(), next["ari"]["n"].as_u64()), (Some("X"), Some(5)));
    }

    #[test]
    fn a_line_is_one_line_whatever_the_body_is() {
        let seen = |body: &str| Seen {
            at: OffsetDateTime::UNIX_EPOCH,
            dialog: "pbx-1.0123456789".to_owned(),
            application: "hello".to_owned(),
            channel: Some("17.1".to_owned()),
            what: What::Event(KeptEvent::new("X", body.into())),
        };
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(WATCHED_BODY));
        for (body, shown) in
            [(r#"{"a":1}"#, true), ("{\n\"a\":1}", false), ("nonsense", false), (&large, false)]
        {
            let line = seen(body).to_json();
            let read: Value = serde_json::from_str(&line).unwrap();
            assert_eq!((line.lines().count(), read.get("ari").is_some()), (1, shown), "{line}");
        }
        for (name, is_of) in [
            ("hello", true),
            ("17.1", true),
            ("pbx-1.0123456789", true),
            ("23456789", true),
            ("9", false),
            ("", false),
        ] {
            assert_eq!(seen("{}").is_of(name), is_of, "{name}");
        }
    }
}
