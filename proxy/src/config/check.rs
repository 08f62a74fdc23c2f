//! What a configuration must fulfil beyond its form. Each problem names its key.

use ari_bus::protocol::{check_application, check_server_id, check_topic};
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{Config, MessageBus};

/// A value that cannot be used.
pub(super) struct Problem {
    pub(super) key: String,
    pub(super) problem: String,
}

fn problem(key: impl Into<String>, problem: impl Into<String>) -> Problem {
    Problem { key: key.into(), problem: problem.into() }
}

/// The port, user and password of each bus where its own documentation has them.
fn local_url(bus: MessageBus) -> &'static str {
    match bus {
        MessageBus::Nats => "nats://127.0.0.1:4222",
        MessageBus::Rabbitmq => "amqp://guest:guest@127.0.0.1:5672/%2f",
    }
}

/// Checks a configuration and fills in what depends on other values.
pub(super) fn check(mut config: Config) -> Result<Config, Problem> {
    check_server_id(&config.server_id).map_err(|error| problem("server_id", error.to_string()))?;
    if config.applications.is_empty() {
        return Err(problem("applications", "names no application"));
    }
    for (index, name) in config.applications.iter().enumerate() {
        let key = || format!("applications[{index}]");
        check_application(name).map_err(|error| problem(key(), error.to_string()))?;
        if config.applications[..index].contains(name) {
            return Err(problem(key(), format!("{name:?} stands there twice")));
        }
    }
    check_url("websocket_url", &config.websocket_url, &["ws", "wss"])?;
    check_url("stasis_url", &config.stasis_url, &["http", "https"])?;
    if Url::parse(&config.stasis_url).is_ok_and(|url| url.query().is_some() || url.fragment().is_some()) {
        return Err(problem("stasis_url", "must end with the path, such as http://localhost:8088/ari"));
    }
    if config.ws_user.is_empty() || config.ws_user.contains(':') {
        return Err(problem("ws_user", "is empty or holds a colon"));
    }
    HeaderValue::from_str(&config.origin).map_err(|_| problem("origin", "is not a header's value"))?;
    EnvFilter::builder()
        .parse(&config.log)
        .map_err(|_| problem("log", format!("{:?} is neither a level nor tracing directives", config.log)))?;
    let prefix = &config.bus_config.prefix;
    if prefix.len() > MAX_PREFIX || check_topic(&format!("{prefix}x")).is_err() {
        return Err(problem(
            "bus_config.prefix",
            "is longer than 40 bytes or not a topic's beginning, such as acme.",
        ));
    }
    if config.bus_config.url.expose_secret().trim().is_empty() {
        config.bus_config.url = local_url(config.message_bus).into();
    }
    check_bus_url(&config)?;
    Ok(config)
}

/// The longest prefix, in bytes: with it a topic stays below RabbitMQ's 255.
const MAX_PREFIX: usize = 40;

fn check_url(key: &str, text: &str, schemes: &[&str]) -> Result<(), Problem> {
    let url = Url::parse(text).map_err(|error| problem(key, format!("is not a URL: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(problem(key, format!("must begin with {}://", schemes.join(":// or "))));
    }
    let secret = !url.username().is_empty() || url.password().is_some();
    if secret || url.query_pairs().any(|(name, _)| name == "api_key") {
        return Err(problem(key, "must hold no credentials: they belong into ws_user and ws_password"));
    }
    Ok(())
}

fn check_bus_url(config: &Config) -> Result<(), Problem> {
    let (name, schemes): (_, &[&str]) = match config.message_bus {
        MessageBus::Nats => ("NATS", &["nats", "tls"]),
        MessageBus::Rabbitmq => ("RABBITMQ", &["amqp", "amqps"]),
    };
    for one in config.bus_config.url.expose_secret().split(',') {
        // The URL itself may hold a password: it is not shown.
        let url = Url::parse(one.trim())
            .map_err(|error| problem("bus_config.url", format!("is not a URL: {error}")))?;
        if !schemes.contains(&url.scheme()) {
            let text = format!("must begin with {}:// as message_bus is {name}", schemes.join(":// or "));
            return Err(problem("bus_config.url", text));
        }
    }
    Ok(())
}
