//! Under which key an event is published: templates, such as `stasis.app.{application}`, and how values stand in them.

use std::fmt;

use ari_bus::protocol::{Names, check_topic, server_token};

use super::{Origin, Words, buffer::Item};
use crate::config::{Config, MessageBus};

/// A routing key or subject with places for what is known of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Value),
}

/// What a template may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Application,
    Channel,
    Event,
    ServerId,
}

/// Why a text is no template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadTemplate(String);

impl fmt::Display for BadTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Template {
    /// Reads a template for the events of an origin.
    ///
    /// # Errors
    /// Says what it may name, or what no key can hold.
    pub(crate) fn read(text: &str, origin: Origin) -> Result<Self, BadTemplate> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) =
                after.split_once('}').ok_or_else(|| BadTemplate("has a { without a }".to_owned()))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Value(value(name, origin)?));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        let template = Self(parts);
        let example = template.example();
        if example.contains('}') {
            return Err(BadTemplate("has a } without a {".to_owned()));
        }
        check_topic(&example).map_err(|error| BadTemplate(format!("makes a key such as {error}")))?;
        Ok(template)
    }

    /// Checks that none of its keys is a topic of the dialogs on NATS, or one that is kept.
    pub(super) fn check_subject(&self, names: &Names) -> Result<(), BadTemplate> {
        let example = self.example();
        names
            .check_application(&example)
            .map_err(|error| BadTemplate(format!("makes a subject such as {error}")))?;
        if !example.contains('.') {
            let text = "is one word, and such are the topics of applications, where workers wait: put another word before it, such as `stasis.`";
            return Err(BadTemplate(text.to_owned()));
        }
        Ok(())
    }

    fn example(&self) -> String {
        self.fill(|_| "x".to_owned())
    }

    /// A subject with wildcards that has every key which it makes: the first word and all below it, where that is a word.
    pub(super) fn pattern(&self) -> String {
        let pattern = self.fill(|_| "\u{0}".to_owned());
        let mut tokens = pattern.split('.');
        match (tokens.next(), tokens.next()) {
            (Some(first), Some(_)) if !first.contains('\u{0}') => format!("{first}.>"),
            _ => {
                let star =
                    |token: &str| if token.contains('\u{0}') { "*".to_owned() } else { token.to_owned() };
                pattern.split('.').map(star).collect::<Vec<_>>().join(".")
            }
        }
    }

    fn fill(&self, value: impl Fn(Value) -> String) -> String {
        self.0.iter().fold(String::new(), |mut key, part| {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Value(of) => key.push_str(&value(*of)),
            }
            key
        })
    }
}

fn value(name: &str, origin: Origin) -> Result<Value, BadTemplate> {
    match (name, origin) {
        ("event", _) => Ok(Value::Event),
        ("server_id", _) => Ok(Value::ServerId),
        ("application", Origin::Application) => Ok(Value::Application),
        ("channel", Origin::Channel) => Ok(Value::Channel),
        _ => {
            let also = match origin {
                Origin::Application => ", {application}",
                Origin::Channel => ", {channel}",
                Origin::Ami => "",
            };
            Err(BadTemplate(format!("names {{{name}}}; known here: {{event}}, {{server_id}}{also}")))
        }
    }
}

/// The keys of one proxy.
#[derive(Debug)]
pub(super) struct Keys {
    words: Words,
    bus: MessageBus,
    /// NATS: what every subject begins with.
    prefix: String,
    server_id: String,
}

impl Keys {
    pub(super) fn new(config: &Config, words: Words) -> Self {
        // An exchange has a name of its own, by which installations are told apart; subjects of NATS have nothing else.
        let prefix = match config.message_bus {
            MessageBus::Nats => config.bus_config.prefix.clone(),
            MessageBus::Rabbitmq => String::new(),
        };
        Self { words, bus: config.message_bus, prefix, server_id: config.server_id.clone() }
    }

    /// The key of an event.
    pub(super) fn of(&self, item: &Item) -> String {
        let template = self.words.template(item.origin);
        let key = template.fill(|value| {
            let text = match value {
                Value::Application | Value::Channel => &*item.of,
                Value::Event => &*item.name,
                Value::ServerId => &*self.server_id,
            };
            match self.bus {
                // A dot would make two tokens of it, a space or a wildcard no subject at all.
                MessageBus::Nats => server_token(text),
                MessageBus::Rabbitmq => text.to_owned(),
            }
        });
        let key = if self.words.lower_case() { lower(&key) } else { key };
        format!("{}{key}", self.prefix)
    }
}

/// In lower case; the digits of an escape are no letters.
fn lower(key: &str) -> String {
    let mut lower = String::with_capacity(key.len());
    let mut rest = key;
    while let Some((before, after)) = rest.split_once('%') {
        lower.push_str(&before.to_lowercase());
        let digits = after.get(..2).unwrap_or(after);
        lower.push('%');
        lower.push_str(digits);
        rest = &after[digits.len()..];
    }
    lower.push_str(&rest.to_lowercase());
    lower
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::config;

    fn keys(bus: &str, stream: serde_json::Value) -> Keys {
        let mut config = config("localhost");
        config.message_bus = serde_json::from_value(json!(bus)).unwrap();
        config.bus_config.prefix = "acme.".to_owned();
        let stream = serde_json::from_value(stream).unwrap();
        Keys::new(&config, Words::of(&stream).unwrap())
    }

    fn item(origin: Origin, name: &str, of: &str) -> Item {
        Item::new(origin, name, of, bytes::Bytes::new())
    }

    #[test]
    fn keys_are_as_documented() {
        let start = item(Origin::Application, "StasisStart", "hello world");
        let dial = item(Origin::Channel, "Dial", "1732.17");
        let ami = item(Origin::Ami, "Newchannel", "");
        let rabbitmq = keys("RABBITMQ", json!({}));
        let all = |keys: &Keys| [&start, &dial, &ami].map(|item| keys.of(item));
        assert_eq!(
            all(&rabbitmq),
            ["stasis.app.hello world", "stasis.channel.1732.17", "stasis.ami.Newchannel"]
        );
        let nats = keys("NATS", json!({}));
        assert_eq!(
            all(&nats),
            ["acme.stasis.app.hello%20world", "acme.stasis.channel.1732%2E17", "acme.stasis.ami.Newchannel"]
        );
        let wazo = keys("RABBITMQ", json!({"preset": "wazo"}));
        assert_eq!(all(&wazo), ["stasis.app.hello world", "stasis.channel.dial", "ami.newchannel"]);
        let own = keys("NATS", json!({"keys": {"channel": "{server_id}.calls.{event}.{channel}"}}));
        assert_eq!(own.of(&dial), "acme.pbx.calls.Dial.1732%2E17");
    }

    #[test]
    fn lower_case_leaves_escapes_as_they_are() {
        assert_eq!(lower("A%2EB%2"), "a%2Eb%2");
        assert_eq!(lower("ÄB"), "äb");
    }

    #[test]
    fn a_template_that_cannot_be_used_says_why() {
        for (text, origin, why) in [
            (
                "a.{channel}",
                Origin::Application,
                "names {channel}; known here: {event}, {server_id}, {application}",
            ),
            ("a.{x", Origin::Ami, "has a { without a }"),
            ("a.x}", Origin::Ami, "has a } without a {"),
            ("a b", Origin::Ami, "makes a key such as"),
            ("a..{event}", Origin::Ami, "makes a key such as"),
            ("", Origin::Ami, "makes a key such as"),
        ] {
            let BadTemplate(said) = Template::read(text, origin).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_pattern_has_every_key_of_its_template() {
        for (text, pattern) in [
            ("stasis.channel.{channel}", "stasis.>"),
            ("{server_id}.x{event}.calls", "*.*.calls"),
            ("calls", "calls"),
        ] {
            assert_eq!(Template::read(text, Origin::Channel).unwrap().pattern(), pattern);
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_more_tokens_of_a_subject(of in "\\PC{1,40}", name in "\\PC{1,40}") {
            let keys = keys("NATS", json!({"preset": "wazo", "keys": {"channel": "a.{channel}.{event}"}}));
            let key = keys.of(&item(Origin::Channel, &name, &of));
            prop_assert!(check_topic(&key).is_ok() || key.len() > 255, "{key}");
            prop_assert_eq!(key.split('.').count(), 4);
        }

        #[test]
        fn no_template_panics(text in "[{}a-z. ]{0,20}") {
            let _ = Template::read(&text, Origin::Channel);
        }
    }
}
