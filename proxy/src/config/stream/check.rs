//! What the section of the event stream must fulfil beyond its form.

use ari_bus::protocol::{check_application, server_token};

use super::{
    super::{
        Config, MessageBus, StreamConfig,
        check::{Problem, problem},
    },
    VARIABLES,
};
use crate::stream::{BadTemplate, Words, options};

/// The longest name of an application that Asterisk takes on a websocket, in bytes; it answers 500 to a longer one.
const MAX_APPLICATION: usize = 73;

/// The longest name of an exchange.
const MAX_EXCHANGE: usize = 255;

/// Checks the section, and fills in what depends on other values.
pub(in super::super) fn check(config: &mut Config) -> Result<(), Problem> {
    let Some(mut stream) = config.stream.take() else { return Ok(()) };
    // Without those of the configuration there may be some that are added while it runs.
    let can_add = config.http.is_some() && config.websocket_listen.is_none();
    if !stream.applications && !stream.channels && stream.ami.is_none() && !can_add {
        return Err(problem(
            "stream",
            "publishes nothing: switch on applications, channels or ami, or leave it out",
        ));
    }
    if stream.channels {
        check_channels(config, &mut stream)?;
    }
    if let Some(ami) = &stream.ami {
        ami.check("stream.ami")?;
        if config.websocket_listen.as_ref().is_some_and(|listen| listen.asterisks.len() > 1) {
            let text = "is of one Asterisk, and websocket_listen.asterisks names several";
            return Err(problem("stream.ami", text));
        }
    }
    let bad_key = |(key, bad): (_, BadTemplate)| problem(format!("stream.keys.{key}"), bad.to_string());
    let words = Words::of(&stream).map_err(bad_key)?;
    if config.message_bus == MessageBus::Nats {
        words.check_subjects(&config.names()).map_err(bad_key)?;
    }
    for (key, list) in [("include", &stream.include), ("exclude", &stream.exclude)] {
        if list.iter().any(String::is_empty) {
            return Err(problem(format!("stream.{key}"), "names a type of event without a name"));
        }
    }
    if let Some(name) = stream.include.iter().find(|name| VARIABLES.contains(&name.as_str()))
        && !stream.channelvarset
    {
        let text = format!("names {name}, which is published only with `stream.channelvarset`: true");
        return Err(problem("stream.include", text));
    }
    check_bus(config, &stream)?;
    let sink = options(config, &stream, &words);
    if let Some(jetstream) = &sink.jetstream {
        jetstream.check().map_err(|error| problem("stream.jetstream", error.to_string()))?;
    }
    let exchange = sink.exchange.name;
    if exchange.is_empty() || exchange.len() > MAX_EXCHANGE {
        return Err(problem("stream.exchange", "is empty or longer than 255 bytes"));
    }
    config.stream = Some(stream);
    Ok(())
}

fn check_channels(config: &Config, stream: &mut StreamConfig) -> Result<(), Problem> {
    if config.websocket_listen.is_some() {
        let text = "needs websocket_url: an Asterisk that dials in tells only of its own applications";
        return Err(problem("stream.channels", text));
    }
    let key = "stream.channels_application";
    if stream.channels_application.is_empty() {
        stream.channels_application = format!("ari-proxy-stream-{}", server_token(&config.server_id));
    }
    let name = &stream.channels_application;
    check_application(name).map_err(|error| problem(key, error.to_string()))?;
    if name.len() > MAX_APPLICATION {
        return Err(problem(
            key,
            format!("is longer than the {MAX_APPLICATION} bytes that Asterisk takes: {name}"),
        ));
    }
    if config.applications.contains(name) {
        return Err(problem(key, format!("{name:?} is one of `applications`: it needs a name of its own")));
    }
    Ok(())
}

/// What one bus has and the other has not.
fn check_bus(config: &Config, stream: &StreamConfig) -> Result<(), Problem> {
    match config.message_bus {
        MessageBus::Rabbitmq if stream.jetstream.is_some() => {
            Err(problem("stream.jetstream", "is for NATS, and message_bus is RABBITMQ"))
        }
        MessageBus::Nats if stream.exchange.is_some() || stream.exchange_type.is_some() => {
            Err(problem("stream.exchange", "is for RabbitMQ, and message_bus is NATS"))
        }
        MessageBus::Nats | MessageBus::Rabbitmq => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::config;

    fn checked(bus: &str, stream: Value) -> Result<StreamConfig, String> {
        let mut config = config("localhost");
        config.message_bus = serde_json::from_value(json!(bus)).unwrap();
        config.stream = Some(serde_json::from_value(stream).map_err(|error| error.to_string())?);
        check(&mut config).map_err(|Problem { key, problem }| format!("{key}: {problem}"))?;
        Ok(config.stream.unwrap())
    }

    #[test]
    fn an_empty_section_publishes_the_applications() {
        let stream = checked("NATS", json!({})).unwrap();
        assert_eq!((stream.applications, stream.channels, stream.channelvarset), (true, false, false));
        let stream = checked("RABBITMQ", json!({"channels": "true", "exclude": "A, B"})).unwrap();
        assert_eq!(stream.channels_application, "ari-proxy-stream-pbx");
        assert_eq!(stream.exclude, ["A", "B"], "as from the environment");
    }

    #[test]
    fn what_is_added_at_run_time_may_be_all_that_is_published() {
        let mut config = config("localhost");
        config.stream = Some(serde_json::from_value(json!({"applications": false})).unwrap());
        config.http = Some(serde_json::from_value(json!({})).unwrap());
        assert!(check(&mut config).is_ok());
        let listen = json!({"address": "127.0.0.1:8089", "asterisks": [{"server_id": "a", "password": "p"}]});
        config.websocket_listen = Some(serde_json::from_value(listen).unwrap());
        assert!(check(&mut config).is_err(), "nothing can be added where Asterisk dials in");
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_key() {
        let ami = json!({"user": "u", "secret": ""});
        for (bus, stream, problem) in [
            ("NATS", json!({"applications": false}), "stream: publishes nothing"),
            ("NATS", json!({"applications": "maybe"}), "is neither true nor false"),
            ("NATS", json!({"aplications": true}), "unknown field"),
            ("NATS", json!({"ami": ami}), "stream.ami.secret: is missing"),
            ("NATS", json!({"keys": {"channel": "a b"}}), "stream.keys.channel: makes a key such as"),
            ("NATS", json!({"keys": {"ami": "{channel}"}}), "stream.keys.ami: names {channel}; known here: "),
            (
                "NATS",
                json!({"keys": {"channel": "$SYS.{event}"}}),
                "stream.keys.channel: makes a subject such as",
            ),
            ("NATS", json!({"keys": {"ami": "ari.{event}"}}), "stream.keys.ami: makes a subject such as"),
            (
                "NATS",
                json!({"keys": {"application": "{application}"}}),
                "stream.keys.application: is one word",
            ),
            ("NATS", json!({"exchange": "x"}), "stream.exchange: is for RabbitMQ"),
            ("RABBITMQ", json!({"exchange": ""}), "stream.exchange: is empty"),
            (
                "RABBITMQ",
                json!({"exchange": "x".repeat(256)}),
                "stream.exchange: is empty or longer than 255",
            ),
            ("RABBITMQ", json!({"exchange_type": "fanout"}), "unknown variant `fanout`"),
            ("RABBITMQ", json!({"jetstream": {}}), "stream.jetstream: is for NATS"),
            ("NATS", json!({"jetstream": {"replicas": 7}}), "is no whole number between 1 and 5"),
            ("NATS", json!({"jetstream": {"name": "a.b"}}), "stream.jetstream: \"a.b\" is no name for"),
            ("NATS", json!({"max_buffer": 5}), "is no whole number between 1048576 and"),
            ("NATS", json!({"include": [""]}), "stream.include: names a type of event without a name"),
            ("NATS", json!({"include": ["Dial", "VarSet"]}), "stream.include: names VarSet, which is"),
            (
                "NATS",
                json!({"channels": true, "channels_application": "hello"}),
                "stream.channels_application: \"hello\" is one of `applications`",
            ),
            (
                "NATS",
                json!({"channels": true, "channels_application": "x".repeat(74)}),
                "stream.channels_application: is longer than the 73 bytes",
            ),
            (
                "NATS",
                json!({"channels": true, "channels_application": "a b"}),
                "stream.channels_application: \"a b\" holds a space",
            ),
        ] {
            let said = checked(bus, stream.clone()).unwrap_err();
            assert!(said.contains(problem), "{stream}: {said}");
        }
    }

    #[test]
    fn where_asterisk_dials_in_only_it_knows_its_channels() {
        let listen = |asterisks: &[&str]| {
            let asterisks: Vec<_> =
                asterisks.iter().map(|name| json!({"server_id": name, "password": "p"})).collect();
            json!({"address": "127.0.0.1:8089", "asterisks": asterisks})
        };
        for (stream, asterisks, problem) in [
            (json!({"channels": true}), &["a"][..], Some("stream.channels: needs websocket_url")),
            (
                json!({"ami": {"user": "u", "secret": "s"}}),
                &["a", "b"],
                Some("stream.ami: is of one Asterisk"),
            ),
            (json!({"ami": {"user": "u", "secret": "s"}}), &["a"], None),
            (json!({}), &["a", "b"], None),
        ] {
            let mut config = config("localhost");
            config.websocket_listen = Some(serde_json::from_value(listen(asterisks)).unwrap());
            config.stream = Some(serde_json::from_value(stream).unwrap());
            let said = check(&mut config).err().map(|Problem { key, problem }| format!("{key}: {problem}"));
            match (problem, said) {
                (None, None) => {}
                (Some(problem), Some(said)) => assert!(said.contains(problem), "{said}"),
                (wanted, said) => panic!("{wanted:?}, {said:?}"),
            }
        }
    }
}
