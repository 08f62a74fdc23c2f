//! The event stream: whether there is a place on the bus for it, and whether the manager interface lets us in.

use ari_bus::stream;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::{Finding, PROBE, bus::reached};
use crate::{
    asterisk::ami,
    config::{Ami, Config, MessageBus, StreamConfig, without_credentials},
    stream::{Words, options},
};

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let Some(stream) = &config.stream else { return Vec::new() };
    let manager = async {
        match &stream.ami {
            Some(ami) => Some(look_at_manager(ami).await),
            None => None,
        }
    };
    let (place, manager) = tokio::join!(look_at_place(config, stream), manager);
    [place].into_iter().chain(manager).collect()
}

/// The exchange or the stream of JetStream: made where it is missing and may be made, as the proxy would.
async fn look_at_place(config: &Config, stream: &StreamConfig) -> Finding {
    let subject = "stream";
    let words = match Words::of(stream) {
        Ok(words) => words,
        Err((key, bad)) => return Finding::bad(subject, format!("stream.keys.{key}: {bad}")),
    };
    let mut options = options(config, stream, &words);
    options.connection.client_name = format!("ari-proxy check {} (event stream)", config.server_id);
    options.connection.deadline = PROBE;
    let target = match (config.message_bus, &options.jetstream) {
        (MessageBus::Rabbitmq, _) => format!("the exchange {}", options.exchange.name),
        (MessageBus::Nats, Some(jetstream)) => format!("the JetStream stream {}", jetstream.name),
        (MessageBus::Nats, None) => "NATS".to_owned(),
    };
    let url = config.bus_config.url.expose_secret();
    let place = without_credentials(url);
    let bad = |why: &dyn std::fmt::Display| {
        Finding::bad(subject, format!("{target} at {place}: {why}"))
            .hint("see docs/stream.md; calls go on without it, and no event is published")
    };
    let sink = match stream::open(url, options) {
        Ok(sink) => sink,
        Err(error) => return bad(&error),
    };
    let finding = match reached(sink.link()).await {
        Ok(()) => match timeout(PROBE, sink.may_publish()).await {
            Ok(Ok(())) => Finding::good(subject, format!("{target} takes events")),
            Ok(Err(error)) => {
                bad(&error).hint(format!("the user of bus_config.url must be allowed to write to {target}"))
            }
            Err(_) => bad(&format!("no answer within {PROBE:?}")),
        },
        Err(why) => bad(&why),
    };
    let _ = timeout(PROBE, sink.close()).await;
    finding
}

/// The manager interface: its address, certificate, user and secret, and that user's `read`.
async fn look_at_manager(ami: &Ami) -> Finding {
    let subject = "stream.ami";
    let (host, port, user) = (&ami.address.host, ami.port(), &ami.user);
    let hint = format!("compare stream.ami with [general] and [{user}] in manager.conf");
    match timeout(PROBE, ami::probe(ami)).await {
        Ok(Ok(true)) => Finding::good(subject, format!("{user:?} hears the events of {host}:{port}")),
        Ok(Ok(false)) => {
            Finding::warning(subject, format!("{user:?} may log in at {host}:{port}, and is told no event"))
                .hint(format!(
                    "its `read` in [{user}] of manager.conf decides which come, such as `read = all`"
                ))
        }
        Ok(Err(why)) => Finding::bad(subject, format!("{host}:{port}: {why}")).hint(hint),
        Err(_) => Finding::bad(subject, format!("{host}:{port}: no answer within {PROBE:?}")).hint(hint),
    }
}
