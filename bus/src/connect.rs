//! From a URL to a bus.

use std::{sync::Arc, time::Duration};

use crate::{
    Bus, BusError, BusErrorKind, link::report, nats::NatsBus, protocol::Names, rabbitmq::RabbitmqBus,
    security::Security,
};

/// How to connect to a bus.
#[derive(Debug, Clone)]
pub struct BusOptions {
    /// What this process calls itself to the broker, for whoever looks at its connections.
    pub client_name: String,
    /// The installation's topic names, for the prefix.
    pub names: Names,
    /// RabbitMQ: the `server_id` of a proxy. The names of the queues that it declares for its dialogs are then remembered in
    /// a durable queue (see [`Names::queue_journal`]), so that those which a crash left behind are found and deleted at the
    /// next start. `None` remembers nothing.
    pub queue_journal: Option<String>,
    /// How the server is known and how we log in, beyond what the URL says.
    pub security: Security,
    /// How long an operation waits for the broker.
    pub deadline: Duration,
}

impl Default for BusOptions {
    fn default() -> Self {
        Self {
            client_name: "ari-proxy".to_owned(),
            names: Names::default(),
            queue_journal: None,
            security: Security::default(),
            deadline: DEADLINE,
        }
    }
}

/// How long an operation waits for the broker, unless told otherwise.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// Begins to connect to the bus that `url` names by its scheme: `nats://`, `tls://` (NATS), `amqp://` or `amqps://`.
/// NATS takes several servers, separated by commas.
///
/// Returns at once: whether the broker is there yet is for [`Bus::link`] to tell.
///
/// # Errors
/// `Invalid` for a URL that names no known bus, and for a login or a file of TLS that cannot be used: the text names the key (`login.nkey`,
/// `tls.ca`).
pub fn connect(url: &str, options: BusOptions) -> Result<Arc<dyn Bus>, BusError> {
    let (name, bus): (_, Arc<dyn Bus>) = match Scheme::of(url)? {
        Scheme::Nats => ("NATS", Arc::new(NatsBus::connect(url, options)?)),
        Scheme::Rabbitmq => ("RabbitMQ", Arc::new(RabbitmqBus::connect(url, options)?)),
    };
    // Ends when the bus is closed or dropped.
    tokio::spawn(report(name, bus.link()));
    Ok(bus)
}

/// Which bus a URL names.
pub(crate) enum Scheme {
    Nats,
    Rabbitmq,
}

impl Scheme {
    pub(crate) fn of(url: &str) -> Result<Self, BusError> {
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("nats" | "tls") => Ok(Self::Nats),
            Some("amqp" | "amqps") => Ok(Self::Rabbitmq),
            _ => {
                let text =
                    "a bus URL begins with nats://, tls:// (both NATS), amqp:// or amqps:// (both RabbitMQ)";
                Err(BusError::new(BusErrorKind::Invalid, text))
            }
        }
    }
}
