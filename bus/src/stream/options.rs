//! What a stream goes to, and what is made there if it is missing.

use std::time::Duration;

use super::shown;
use crate::{BusError, BusErrorKind, BusOptions};

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

impl StreamOptions {
    /// Looks whether a server can take them.
    ///
    /// # Errors
    /// `Invalid`, with the name or subject that none takes.
    pub fn check(&self) -> Result<(), BusError> {
        let invalid = |text: String| Err(BusError::new(BusErrorKind::Invalid, text));
        let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>' | '/' | '\\');
        let name = &self.name;
        if name.is_empty() || name.len() > 255 || name.contains(bad) {
            let name = shown(name);
            return invalid(format!(
                "{name} is no name for a JetStream stream: 1 to 255 bytes without spaces, . * > / \\"
            ));
        }
        if self.subjects.is_empty() {
            return invalid(format!("the JetStream stream {name} has no subjects"));
        }
        for subject in &self.subjects {
            let mut tokens = subject.split('.').rev();
            let last = tokens.next().unwrap_or_default();
            let good = |token: &str| {
                !token.is_empty()
                    && (token == "*"
                        || !token
                            .contains(|c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '>'))
            };
            if !(last == ">" || good(last)) || !tokens.all(good) {
                return invalid(format!("{} is no subject for the JetStream stream {name}", shown(subject)));
            }
        }
        if self.max_bytes.is_some_and(|bytes| i64::try_from(bytes).is_err() || bytes == 0) {
            return invalid(format!("max_bytes of the JetStream stream {name} is out of range"));
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_no_server_takes_are_refused_at_once() {
        let kind = |options: StreamOptions| options.check().err().map(|error| error.kind());
        assert_eq!(kind(StreamOptions::default()), None);
        for name in ["", "a.b", "a b", "a*", "a/b", &"n".repeat(256)] {
            let options = StreamOptions { name: name.to_owned(), ..StreamOptions::default() };
            assert_eq!(kind(options), Some(BusErrorKind::Invalid), "{name:?}");
        }
        for subject in ["", "a..b", "a.>.b", "a.b*", "a b"] {
            let options = StreamOptions { subjects: vec![subject.to_owned()], ..StreamOptions::default() };
            assert_eq!(kind(options), Some(BusErrorKind::Invalid), "{subject:?}");
        }
        assert_eq!(
            kind(StreamOptions { subjects: vec![], ..StreamOptions::default() }),
            Some(BusErrorKind::Invalid)
        );
    }
}
