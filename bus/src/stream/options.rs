//! What a stream goes to, and what is made there if it is missing.

use std::time::Duration;

use crate::BusOptions;

/// How to open a [`Sink`](super::Sink).
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// How to connect. A stream has a connection of its own, and leaves `names` and `queue_journal` alone: keys and names are
    /// used as they are given.
    pub connection: BusOptions,
    /// RabbitMQ: the exchange.
    pub exchange: Exchange,
    /// NATS: the JetStream stream that keeps what is published. `None` publishes to whoever listens at the moment.
    pub jetstream: Option<StreamOptions>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        let client_name = "ari-proxy (event stream)".to_owned();
        Self {
            connection: BusOptions { client_name, ..BusOptions::default() },
            exchange: Exchange::default(),
            jetstream: None,
        }
    }
}

/// A durable exchange of RabbitMQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name, of 1 to 255 bytes.
    pub name: String,
    /// What its bindings go by.
    pub kind: ExchangeKind,
    /// Whether it is declared, which makes it where it is missing. Otherwise it has to be there, of whatever kind.
    pub declare: bool,
}

impl Default for Exchange {
    /// A declared topic exchange `stasis`.
    fn default() -> Self {
        Self { name: "stasis".to_owned(), kind: ExchangeKind::Topic, declare: true }
    }
}

/// What an exchange's bindings go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExchangeKind {
    /// The routing key, word by word.
    #[default]
    Topic,
    /// The headers.
    Headers,
}

impl ExchangeKind {
    /// Its name in AMQP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Headers => "headers",
        }
    }
}

/// A stream of JetStream. One that is there already is left as it is; it has to carry `subjects`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOptions {
    /// Its name: no spaces, dots, wildcards or slashes.
    pub name: String,
    /// The subjects that it carries, with wildcards. A record under another one is `Invalid`.
    pub subjects: Vec<String>,
    /// The most that it keeps, in bytes; the oldest messages make room. `None` is without a limit.
    pub max_bytes: Option<u64>,
    /// How long it keeps a message. `None` is for ever.
    pub max_age: Option<Duration>,
    /// On how many servers of a cluster each message is kept: 1, 3 or 5.
    pub replicas: usize,
    /// How long the server knows the id of a message: what is sent again later than that is kept twice.
    pub duplicates: Duration,
}

impl Default for StreamOptions {
    /// `ARI`, for `stasis.>`: a gigabyte or a week, on one server, and ids for two minutes.
    fn default() -> Self {
        Self {
            name: "ARI".to_owned(),
            subjects: vec!["stasis.>".to_owned()],
            max_bytes: Some(1 << 30),
            max_age: Some(Duration::from_secs(7 * 24 * 3600)),
            replicas: 1,
            duplicates: Duration::from_secs(120),
        }
    }
}
