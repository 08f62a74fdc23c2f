//! The two real brokers behind one handle, so that one test runs on both.

use std::{sync::Arc, time::Duration};

use ari_bus::{Bus, BusOptions, connect};
use ari_proxy::may_be_logged;
use ari_testbed::{Nats, RabbitMq, Server};
use tokio::{sync::OnceCell, time::Instant};
use tracing_subscriber::{filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::fault_proxy::FaultProxy;
use crate::wait::{DEADLINE, eventually, ok, soon};

/// How often a broker is asked what it holds.
const LOOK: Duration = Duration::from_millis(100);

/// Which bus a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// NATS.
    Nats,
    /// RabbitMQ.
    Rabbitmq,
}

/// Which bus a test runs on, and what the proxy declares on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// NATS, where nothing is declared.
    Nats,
    /// RabbitMQ with queues for each dialog.
    Dedicated,
    /// RabbitMQ without.
    Shared,
}

impl Setup {
    /// The bus.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Nats => Kind::Nats,
            Self::Dedicated | Self::Shared => Kind::Rabbitmq,
        }
    }

    /// `bus_config.topology` of the proxy.
    #[must_use]
    pub fn topology(self) -> &'static str {
        match self {
            Self::Nats | Self::Dedicated => "dedicated",
            Self::Shared => "shared",
        }
    }
}

/// A real broker.
#[derive(Debug)]
pub enum Broker {
    /// NATS.
    Nats(Nats),
    /// RabbitMQ.
    Rabbitmq(RabbitMq),
}

impl Broker {
    /// Starts a broker of a test's own.
    ///
    /// # Panics
    /// When it does not start; the text says why.
    pub async fn start(kind: Kind) -> Self {
        let started = match kind {
            Kind::Nats => Nats::start().await.map(Self::Nats),
            Kind::Rabbitmq => RabbitMq::start().await.map(Self::Rabbitmq),
        };
        match started {
            Ok(broker) => broker,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a NATS of a test's own that has JetStream.
    ///
    /// # Panics
    /// When it does not start; the text says why.
    pub async fn start_jetstream() -> Self {
        Self::Nats(ok(Nats::start_with("jetstream { store_dir: $TESTBED_DATA }").await))
    }

    /// The broker that the tests of one binary share; it is gone with the binary. Whoever stops a broker, looks at all that it
    /// holds, or uses names that are not its own starts another.
    ///
    /// # Panics
    /// When it does not start; the text says why.
    pub async fn shared(kind: Kind) -> &'static Self {
        static NATS: OnceCell<Broker> = OnceCell::const_new();
        static RABBITMQ: OnceCell<Broker> = OnceCell::const_new();
        let cell = match kind {
            Kind::Nats => &NATS,
            Kind::Rabbitmq => &RABBITMQ,
        };
        cell.get_or_init(|| Self::start(kind)).await
    }

    /// Which bus it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Nats(_) => Kind::Nats,
            Self::Rabbitmq(_) => Kind::Rabbitmq,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Nats(nats) => nats.url().to_string(),
            Self::Rabbitmq(rabbitmq) => rabbitmq.url(),
        }
    }

    /// Its port on this machine.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Nats(nats) => nats.port(),
            Self::Rabbitmq(rabbitmq) => rabbitmq.port(),
        }
    }

    /// The process, to be killed, stopped and started again.
    #[must_use]
    pub fn server(&self) -> &Server {
        match self {
            Self::Nats(nats) => nats,
            Self::Rabbitmq(rabbitmq) => rabbitmq,
        }
    }

    /// A network of a test's own before it, and the URL behind that.
    ///
    /// # Panics
    /// When there is no port for it.
    pub async fn behind_a_network(&self) -> (FaultProxy, String) {
        let network = FaultProxy::before(self.port()).await;
        let url = network.url(&self.url(), self.port());
        (network, url)
    }

    /// A connection of its own, which is up.
    ///
    /// # Panics
    /// When there is none under a generous deadline.
    pub async fn connect(&self, client_name: &str) -> Arc<dyn Bus> {
        prepare_process();
        let options = BusOptions { client_name: client_name.to_owned(), ..BusOptions::default() };
        let bus = ok(connect(&self.url(), options));
        soon("a connection to the broker", async { bus.link().up().await }).await;
        bus
    }

    /// What the broker holds, in order, to be compared with what it holds at another time: every subscription, or every
    /// queue with the number of its messages. Those with `part` in their names; with an empty one, all that anybody has.
    ///
    /// # Panics
    /// When the broker cannot be asked.
    pub async fn contents(&self, part: &str) -> Vec<String> {
        let mut contents = match self {
            Self::Nats(nats) => ok(nats.subscriptions().await),
            Self::Rabbitmq(rabbitmq) => {
                let queues = ok(rabbitmq.queues().await).into_iter();
                queues.map(|queue| format!("{}: {} messages", queue.name, queue.messages)).collect()
            }
        };
        contents.retain(|name| name.contains(part));
        contents.sort_unstable();
        contents
    }

    /// Waits until somebody reads a topic: a worker its pool.
    ///
    /// # Panics
    /// When nobody does, or the broker cannot be asked.
    pub async fn until_read(&self, topic: &str) {
        self.until_read_by(topic, 1).await;
    }

    /// Waits until so many read a topic, or more.
    ///
    /// # Panics
    /// When they do not, or the broker cannot be asked.
    pub async fn until_read_by(&self, topic: &str, readers: u64) {
        let read = async || self.readers(topic).await >= readers;
        eventually(&format!("{readers} readers of {topic}"), read).await;
    }

    /// How many read a topic.
    ///
    /// # Panics
    /// When the broker cannot be asked.
    pub async fn readers(&self, topic: &str) -> u64 {
        match self {
            Self::Nats(nats) => {
                let subjects = ok(nats.subscriptions().await);
                subjects.iter().filter(|subject| *subject == topic).count() as u64
            }
            Self::Rabbitmq(rabbitmq) => {
                let queues = ok(rabbitmq.queues().await);
                queues.iter().find(|queue| queue.name == topic).map_or(0, |queue| queue.consumers)
            }
        }
    }

    /// Waits until [`contents`](Self::contents) are these and no others.
    ///
    /// # Panics
    /// When that does not come to be; the text shows both.
    pub async fn until_holds(&self, part: &str, wanted: &[String]) {
        let until = Instant::now() + DEADLINE;
        loop {
            let held = self.contents(part).await;
            if held == wanted {
                return;
            }
            assert!(Instant::now() < until, "the broker should hold {wanted:#?}, and holds {held:#?}");
            // Each look costs RabbitMQ a process.
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Prepares the process, once: the TLS provider, and logs as `RUST_LOG` asks (warnings without it).
pub fn prepare_process() {
    // A second time both are there already, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().finish();
    let _ = log.with(filter_fn(may_be_logged)).try_init();
}

/// Makes two tests of each function named, one a bus: `nats::name` and `rabbitmq::name`. Attributes such as `#[ignore]`
/// may stand before a name.
#[macro_export]
macro_rules! on_both_buses {
    ($($(#[$attribute:meta])* $test:ident),+ $(,)?) => {
        $crate::on_a_bus!(nats, $crate::brokers::Kind::Nats, $($(#[$attribute])* $test),+);
        $crate::on_a_bus!(rabbitmq, $crate::brokers::Kind::Rabbitmq, $($(#[$attribute])* $test),+);
    };
}

/// Makes three tests of each function named: `nats::name`, `rabbitmq::name` with queues for each dialog, and
/// `rabbitmq_shared::name` without. Attributes may stand before a name here too.
#[macro_export]
macro_rules! on_every_bus {
    ($($(#[$attribute:meta])* $test:ident),+ $(,)?) => {
        $crate::on_a_bus!(nats, $crate::brokers::Setup::Nats, $($(#[$attribute])* $test),+);
        $crate::on_a_bus!(rabbitmq, $crate::brokers::Setup::Dedicated, $($(#[$attribute])* $test),+);
        $crate::on_a_bus!(rabbitmq_shared, $crate::brokers::Setup::Shared, $($(#[$attribute])* $test),+);
    };
}

/// The same, for what takes long: `rabbitmq_shared::name` runs with `tests/run --long`.
#[macro_export]
macro_rules! on_every_bus_in_time {
    ($($(#[$attribute:meta])* $test:ident),+ $(,)?) => {
        $crate::on_a_bus!(nats, $crate::brokers::Setup::Nats, $($(#[$attribute])* $test),+);
        $crate::on_a_bus!(rabbitmq, $crate::brokers::Setup::Dedicated, $($(#[$attribute])* $test),+);
        $crate::on_a_bus!(
            rabbitmq_shared, $crate::brokers::Setup::Shared,
            $(#[ignore = "the third of three that take long: tests/run --long"] $(#[$attribute])* $test),+
        );
    };
}

/// Makes a test of each function named, in a module of this name.
#[macro_export]
macro_rules! on_a_bus {
    ($name:ident, $bus:expr, $($(#[$attribute:meta])* $test:ident),+) => {
        mod $name {
            $($(#[$attribute])*
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($bus).await;
            })+
        }
    };
}
