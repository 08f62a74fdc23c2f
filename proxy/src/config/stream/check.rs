//! What the section of the event stream must fulfil beyond its form.

use ari_bus::protocol::{check_application, server_token};

use super::super::{
    Config, MessageBus, StreamConfig,
    check::{Problem, problem},
};
use crate::stream::{Words, options};

/// The longest name of an application that Asterisk takes on a websocket, in bytes; it answers 500 to a longer one.
const MAX_APPLICATION: usize = 73;

/// The longest name of an exchange.
const MAX_EXCHANGE: usize = 255;

/// Checks the section, and fills in what depends on other values.
pub(in super::super) fn check(config: &mut Config) -> Result<(), Problem> {
    let Some(mut stream) = config.stream.take() else { return Ok(()) };
    if !stream.applications && !stream.channels && stream.ami.is_none() {
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
    let words =
        Words::of(&stream).map_err(|(key, bad)| problem(format!("stream.keys.{key}"), bad.to_string()))?;
    for (key, list) in [("include", &stream.include), ("exclude", &stream.exclude)] {
        if list.iter().any(String::is_empty) {
            return Err(problem(format!("stream.{key}"), "names a type of event without a name"));
        }
    }
    check_bus(config, &stream)?;
    let exchange = options(config, &stream, &words).exchange.name;
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
