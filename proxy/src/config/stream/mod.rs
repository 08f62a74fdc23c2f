//! The event stream: which events go to the bus for everybody, and under which names.

mod check;

use std::time::Duration;

use ari_bus::stream::ExchangeKind;
use serde::Deserialize;

pub(super) use check::check;

use super::{Ami, values};

/// Which events go to the bus for everybody, and how. Nothing does without this section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StreamConfig {
    /// Whether the events of `applications` are published.
    #[serde(deserialize_with = "values::truth")]
    pub applications: bool,
    /// Whether the events of all channels are, in Stasis or not. Not where Asterisk dials in.
    #[serde(deserialize_with = "values::truth")]
    pub channels: bool,
    /// The application under which the proxy hears of all channels; empty is `ari-proxy-stream-<server_id>`.
    pub channels_application: String,
    /// The manager interface whose events are published; absent is none.
    pub ami: Option<Ami>,
    /// The names of keys, exchange and the rest, where the keys below say nothing.
    pub preset: Preset,
    /// Templates of the keys.
    pub keys: StreamKeys,
    /// RabbitMQ: the exchange; absent is `stasis`.
    pub exchange: Option<String>,
    /// RabbitMQ: its type; absent is `topic`.
    pub exchange_type: Option<ExchangeType>,
    /// RabbitMQ: whether it is declared. Otherwise it has to be there.
    #[serde(deserialize_with = "values::truth")]
    pub declare_exchange: bool,
    /// NATS: the JetStream stream that keeps the events; absent is none.
    pub jetstream: Option<JetStream>,
    /// The only types of events that are published; empty is all.
    #[serde(deserialize_with = "values::list")]
    pub include: Vec<String>,
    /// Types of events that are not published.
    #[serde(deserialize_with = "values::list")]
    pub exclude: Vec<String>,
    /// Whether changes of variables are published (`ChannelVarset`, `VarSet` of the manager interface).
    #[serde(deserialize_with = "values::truth")]
    pub channelvarset: bool,
    /// The memory for events that the broker has not taken yet, in bytes. Past it the newest are dropped.
    #[serde(deserialize_with = "max_buffer")]
    pub max_buffer: usize,
}

/// Templates of routing keys and subjects.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StreamKeys {
    /// Of an application's events; absent is `stasis.app.{application}`.
    pub application: Option<String>,
    /// Of a channel's events; absent is `stasis.channel.{channel}`.
    pub channel: Option<String>,
    /// Of the manager interface's events; absent is `stasis.ami.{event}`.
    pub ami: Option<String>,
}

/// Names for readers that are there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The names of this documentation.
    #[default]
    Plain,
    /// Those of Wazo's modules: keys in lower case, on a headers exchange `wazo-headers`.
    Wazo,
}

/// What an exchange's bindings go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExchangeType {
    /// The routing key.
    Topic,
    /// The headers.
    Headers,
}

impl From<ExchangeType> for ExchangeKind {
    fn from(kind: ExchangeType) -> Self {
        match kind {
            ExchangeType::Topic => Self::Topic,
            ExchangeType::Headers => Self::Headers,
        }
    }
}

/// A stream of JetStream. One that is there already is left as it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JetStream {
    /// Its name.
    pub name: String,
    /// The most that it keeps, in bytes.
    #[serde(deserialize_with = "max_bytes")]
    pub max_bytes: Option<u64>,
    /// How long it keeps an event.
    #[serde(deserialize_with = "values::duration")]
    pub max_age: Duration,
    /// On how many servers of a cluster.
    #[serde(deserialize_with = "replicas")]
    pub replicas: usize,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            applications: true,
            channels: false,
            channels_application: String::new(),
            ami: None,
            preset: Preset::default(),
            keys: StreamKeys::default(),
            exchange: None,
            exchange_type: None,
            declare_exchange: true,
            jetstream: None,
            include: Vec::new(),
            exclude: Vec::new(),
            channelvarset: false,
            max_buffer: 64 << 20,
        }
    }
}

impl Default for JetStream {
    fn default() -> Self {
        Self {
            name: "ARI".to_owned(),
            max_bytes: Some(1 << 30),
            max_age: Duration::from_secs(24 * 60 * 60),
            replicas: 1,
        }
    }
}

impl StreamConfig {
    /// Whether events of this type are published.
    pub(crate) fn takes(&self, name: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|one| one == name);
        (self.channelvarset || !VARIABLES.contains(&name))
            && (self.include.is_empty() || listed(&self.include))
            && !listed(&self.exclude)
    }
}

/// What tells of each change of a variable, of which a call may have hundreds.
const VARIABLES: [&str; 2] = ["ChannelVarset", "VarSet"];

/// The least memory that makes sense: one batch.
const MIN_BUFFER: u64 = 1 << 20;

fn max_buffer<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = values::number(deserializer, MIN_BUFFER..=1 << 40)?;
    Ok(number.and_then(|number| usize::try_from(number).ok()).unwrap_or(64 << 20))
}

fn max_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    values::number(deserializer, 1 << 20..=1 << 50)
}

fn replicas<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = values::number(deserializer, 1..=5)?;
    Ok(number.and_then(|number| usize::try_from(number).ok()).unwrap_or(1))
}
