//! The configuration: defaults, then `config.json`, then the environment, then checks.

mod ami;
mod check;
#[cfg(test)]
mod documented;
mod http;
mod listen;
mod load;
mod policy;
mod secret;
mod security;
mod shown;
mod stream;
mod unanswered;
mod values;

use std::{path::PathBuf, time::Duration};

use ari_bus::{
    protocol::Names,
    security::{Security, TlsFiles},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use crate::policy::{BadPattern, CommandPattern, TextPattern};
pub use ami::{Ami, AmiAddress};
pub(crate) use check::log_directives;
pub use http::HttpConfig;
pub use listen::{DialsIn, ListenTls, WebsocketListen};
pub use load::{ConfigError, load, refused_by_bus};
pub use policy::{PolicyConfig, Rules, Scope};
pub use security::{LoginKeys, Tls};
pub(crate) use shown::without_credentials;
pub use shown::{Setting, Source, settings};
pub use stream::{ExchangeType, JetStream, Preset, StreamConfig, StreamKeys};
pub use unanswered::{Cause, Place, Reason, Step, Unanswered};

/// Everything that can be configured. The first ten keys are those of go-ari-proxy's `config.json`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sent as the `Origin` header to Asterisk; may be empty.
    #[serde(default)]
    pub origin: String,
    /// The name of this proxy, unique among those on the same bus. With `websocket_listen` each Asterisk has one of its own.
    #[serde(default)]
    pub server_id: String,
    /// The Stasis applications whose calls are put on the bus.
    #[serde(deserialize_with = "values::list")]
    pub applications: Vec<String>,
    /// Asterisk's websocket of events, `ws://HOST:8088/ari/events`.
    #[serde(default)]
    pub websocket_url: String,
    /// The root of Asterisk's REST interface, `http://HOST:8088/ari`.
    #[serde(default)]
    pub stasis_url: String,
    /// The ARI user, as in Asterisk's `ari.conf`.
    #[serde(default)]
    pub ws_user: String,
    /// That user's password.
    #[serde(default, serialize_with = "shown::secret")]
    pub ws_password: SecretString,
    /// Where Asterisk dials in, instead of us dialling it. It takes the place of the four keys above and of `server_id`.
    #[serde(default)]
    pub websocket_listen: Option<WebsocketListen>,
    /// Which bus: `NATS` or `RABBITMQ`.
    pub message_bus: MessageBus,
    /// How to reach the bus.
    #[serde(default)]
    pub bus_config: BusConfig,
    /// How calls are offered to workers and ended.
    #[serde(default)]
    pub dialog: DialogConfig,
    /// How Asterisk is spoken to.
    #[serde(default)]
    pub asterisk: AsteriskConfig,
    /// Events for everybody, under routing keys; absent is none.
    #[serde(default)]
    pub stream: Option<StreamConfig>,
    /// The proxy's own HTTP listener; absent is none.
    #[serde(default)]
    pub http: Option<HttpConfig>,
    /// What workers may do.
    #[serde(default)]
    pub policy: PolicyConfig,
    /// A folder in which what was changed while the proxy ran outlives it; absent, that is forgotten.
    #[serde(default)]
    pub state_dir: Option<PathBuf>,
    /// How long a stop may take before what is left is abandoned.
    #[serde(
        default = "stop_timeout",
        deserialize_with = "values::duration",
        serialize_with = "shown::duration"
    )]
    pub stop_timeout: Duration,
    /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`) or tracing directives.
    #[serde(default = "log")]
    pub log: String,
    /// How each line of the log is written.
    #[serde(default)]
    pub log_format: LogFormat,
    /// What is wrong with the configuration and does not keep it from being used, to be said when there is a log.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// The kinds of message bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessageBus {
    /// NATS.
    Nats,
    /// RabbitMQ.
    Rabbitmq,
}

/// How each line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What RabbitMQ holds for each dialog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topology {
    /// Each offer also gets version 1's queues.
    #[default]
    Dedicated,
    /// Version 2 only: nothing is declared, bound or deleted for a dialog.
    Shared,
}

/// What becomes of a call whose version-1 worker is gone: that protocol has no word by which one could tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Orphans {
    /// It is offered to the pool again.
    Offer,
    /// It is handled as a call that nobody takes.
    Continue,
    /// It is left as it is.
    #[default]
    Leave,
}

/// How to reach the bus.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BusConfig {
    /// The bus's URL, with user and password if it needs them. Empty: that bus on this machine.
    #[serde(serialize_with = "shown::url")]
    pub url: SecretString,
    /// NATS: the queue group of the workers. The proxy itself only publishes to it; empty is the application's name.
    pub queue: String,
    /// Put before every topic as it is, so that installations can share a broker.
    pub prefix: String,
    /// RabbitMQ: what is declared for each dialog. NATS declares nothing in either.
    pub topology: Topology,
    /// How the broker is known to be the right one, and our certificate if it wants one.
    pub tls: Tls,
    /// How to log in, where the URL does not say it.
    pub login: LoginKeys,
}

/// How calls are offered to workers and ended.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialogConfig {
    /// How long a worker has to accept before the call is offered again.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub offer_timeout: Duration,
    /// How long a call is offered before it is handled as `unanswered` says.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub offer_deadline: Duration,
    /// How long a dialog without a channel stays quiet before it is over and its topics are deleted.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub linger: Duration,
    /// How long a dialog without a channel is kept at most for a worker that has not read or said everything.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub retention: Duration,
    /// How long a worker that sends heartbeats may be silent before its calls are offered to others.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub lease: Duration,
    /// How long the clock of an offer stands still, at most, while the bus is away: nobody waits in silence for hours.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub outage_patience: Duration,
    /// What becomes of a call whose version-1 worker is gone.
    pub v1_orphans: Orphans,
    /// What becomes of a caller whom no worker takes.
    pub unanswered: Unanswered,
}

impl Default for DialogConfig {
    fn default() -> Self {
        Self {
            offer_timeout: Duration::from_secs(2),
            offer_deadline: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            retention: Duration::from_secs(60),
            lease: Duration::from_secs(2),
            outage_patience: Duration::from_secs(30),
            v1_orphans: Orphans::default(),
            unanswered: Unanswered::default(),
        }
    }
}

/// Which way commands go to Asterisk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RestWay {
    /// Over connections of their own.
    Http,
    /// Over the websocket of events, if Asterisk answers there.
    Websocket,
}

/// How Asterisk is spoken to.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AsteriskConfig {
    /// Which way commands go; absent is over HTTP.
    pub rest: Option<RestWay>,
    /// How long a command waits for Asterisk's answer; afterwards its fate is unknown, and the worker is told so.
    #[serde(deserialize_with = "values::duration", serialize_with = "shown::duration")]
    pub command_timeout: Duration,
    /// How Asterisk is known to be the right one, and our certificate if it, or what stands before it, wants one.
    pub tls: Tls,
    /// Whether each call's channels get the variable `ARI_PROXY`, by which a later process of this proxy knows them.
    #[serde(deserialize_with = "values::truth")]
    pub mark_channels: bool,
}

impl Default for AsteriskConfig {
    fn default() -> Self {
        Self {
            rest: None,
            command_timeout: Duration::from_secs(20),
            tls: Tls::default(),
            mark_channels: true,
        }
    }
}

fn stop_timeout() -> Duration {
    Duration::from_secs(10)
}

fn log() -> String {
    "info".to_owned()
}

impl Config {
    /// The names of the bus's topics.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(self.bus_config.prefix.clone())
    }

    /// How the connection to the bus is secured.
    #[must_use]
    pub fn bus_security(&self) -> Security {
        // Checked when the configuration was read.
        security::security(&self.bus_config.tls, &self.bus_config.login, "bus_config").unwrap_or_default()
    }

    /// The files of TLS with Asterisk.
    pub(crate) fn asterisk_tls(&self) -> TlsFiles {
        self.asterisk.tls.files("asterisk.tls").unwrap_or_default()
    }

    /// Whether TLS is spoken with an Asterisk that we dial.
    pub(crate) fn asterisk_has_tls(&self) -> bool {
        self.websocket_url.starts_with("wss:") || self.stasis_url.starts_with("https:")
    }
}
