//! One proxy from start to stop.

mod acting;
mod measured;
mod running;
pub(crate) mod state;
mod subscribe;

use std::sync::Arc;

use ari_bus::{Bus, BusError, BusOptions, connect, stream::open};
use secrecy::ExposeSecret;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{error, info};
use uuid::Uuid;

use crate::{
    applications::Applications,
    asterisk::{
        dial_in::{ListenError, Seat},
        rest::Rest,
    },
    claim::Talk,
    config::{Config, Topology},
    http::HttpError,
    limits::LAST_WORDS,
    metrics::{Metrics, follow_bus},
    sabotage::Sabotage,
    stream::{self, Stream, Words},
};
use running::{Running, talk_on};
pub(crate) use state::State;

/// A proxy that cannot start, and would not later either.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The bus cannot be used as configured.
    #[error("bus_config: {0}")]
    Bus(BusError),
    /// The event stream cannot be published as configured.
    #[error("stream: {0}")]
    Stream(String),
    /// It was to take over from a running process, and could not: that one goes on.
    #[error("cannot take over from the running proxy, which goes on: {0}")]
    TakeOver(String),
    /// A proxy ended as it never should.
    #[error("a proxy broke off: {0}")]
    Broken(String),
    /// Asterisk cannot dial in.
    #[error("websocket_listen.{0}")]
    Listen(ListenError),
    /// The proxy's own HTTP listener cannot listen.
    #[error("http.{0}")]
    Operators(HttpError),
    /// The HTTP client could not be made.
    #[error("cannot prepare HTTP: {0}")]
    Http(String),
}

/// A proxy between one Asterisk and one bus.
pub struct Proxy {
    config: Config,
    applications: Arc<Applications>,
    bus: Arc<dyn Bus>,
    metrics: Arc<Metrics>,
    sabotage: Sabotage,
    take_back: Arc<Notify>,
    takes_over: bool,
    /// Where Asterisk comes, if it dials in.
    seat: Option<Arc<Seat>>,
    /// Where events go that are for everybody.
    stream: Option<Stream>,
    state: Arc<State>,
}

impl Proxy {
    /// A proxy on the bus that the configuration names. It connects in the background: bus, Asterisk and proxy may be
    /// started in any order.
    ///
    /// # Errors
    /// When the bus's URL, or what secures the connection to it, cannot be used.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let names = config.names();
        let options = BusOptions {
            client_name: format!("ari-proxy {}", config.server_id),
            queue_journal: (config.bus_config.topology == Topology::Dedicated)
                .then(|| config.server_id.clone()),
            names,
            security: config.bus_security(),
            ..BusOptions::default()
        };
        let url = config.bus_config.url.clone();
        let url = url.expose_secret();
        let bus = connect(url, options).map_err(StartError::Bus)?;
        let proxy = Self::with_bus(config, bus);
        let (config, metrics) = (&proxy.config, &proxy.metrics);
        let stream = config.stream.as_ref().map(|stream| {
            let words =
                Words::of(stream).map_err(|(key, bad)| StartError::Stream(format!("keys.{key}: {bad}")))?;
            let sink = open(url, stream::options(config, stream, &words))
                .map_err(|error| StartError::Stream(error.to_string()))?;
            Ok::<_, StartError>(Stream::new(config, stream, words, sink, Arc::clone(metrics)))
        });
        let stream = stream.transpose()?;
        Ok(Self { stream, ..proxy })
    }

    /// A proxy on a bus that is there already; it publishes no event stream.
    #[must_use]
    pub fn with_bus(config: Config, bus: Arc<dyn Bus>) -> Self {
        let metrics = Arc::new(Metrics::new(&config.server_id, &config.applications));
        let (sabotage, take_back) = Default::default();
        let applications = Arc::new(Applications::new(&config));
        let state = State::new(&config.server_id, &applications, Arc::clone(&metrics));
        Self {
            config,
            applications,
            bus,
            metrics,
            sabotage,
            take_back,
            takes_over: false,
            seat: None,
            stream: None,
            state,
        }
    }

    /// A proxy for the Asterisk that comes to this seat.
    pub(crate) fn at(self, seat: Arc<Seat>) -> Self {
        self.state.dials_in();
        Self { seat: Some(seat), ..self }
    }

    /// A proxy that takes everything over from the running process of its `server_id`, without a gap, if there is one.
    #[must_use]
    pub fn taking_over(self) -> Self {
        Self { takes_over: true, ..self }
    }

    /// A proxy that does not do what it must.
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub fn sabotaged(self, sabotage: Sabotage) -> Self {
        Self { sabotage, ..self }
    }

    /// What it tells of itself while it runs.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }

    /// What is measured of this proxy.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Notified, it makes the proxy take back the applications that another program has taken from it.
    #[must_use]
    pub fn take_back(&self) -> Arc<Notify> {
        Arc::clone(&self.take_back)
    }

    /// Runs until `stop` is cancelled: then the link to Asterisk is closed and what had come on it is taken, nothing new is
    /// begun, what is in flight is finished, and the topics of all dialogs are deleted, within the configured time. Or until
    /// another process takes over.
    ///
    /// Of several processes of one `server_id` one acts, and the others stand by until it is gone.
    ///
    /// # Errors
    /// When it cannot start, or cannot take over.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StartError> {
        let rest = Rest::new(&self.config).map_err(|error| StartError::Http(error.to_string()))?;
        let process = Uuid::now_v7().simple().to_string();
        let names = self.config.names();
        let (talk, words) = Talk::new(Arc::clone(&self.bus), &names, &self.config.server_id, &process);
        let talk = Arc::new(talk);
        let talking = AbortOnDropHandle::new(tokio::spawn(talk_on(Arc::clone(&talk), stop.clone())));
        let publishing = self.stream.as_ref().map(Stream::start);
        let state = self.state();
        let (link, stopped) = (self.bus.link(), stop.clone());
        let _following =
            AbortOnDropHandle::new(tokio::spawn(async move { state.follow_bus(link, stopped).await }));
        let counting = follow_bus(self.bus.link(), Arc::clone(&self.metrics));
        let _counting = AbortOnDropHandle::new(tokio::spawn(counting));
        let running = Running { proxy: &self, rest: &rest, talk: &talk, stop: &stop };
        let ended = running.until_ended(words).await;
        let last_words = LAST_WORDS.min(self.config.stop_timeout / 5);
        let deadline = *ended.as_ref().unwrap_or(&None);
        // A process that has handed everything over has as long for what it has heard until then.
        let drained = deadline.unwrap_or_else(|| Instant::now() + self.config.stop_timeout);
        let deadline = deadline.unwrap_or_else(Instant::now).max(Instant::now() + last_words);
        let closed = async {
            // Who stands by need not wait until the broker has noticed.
            let _ = self.bus.unclaim(talk.holder(), &process).await;
            self.bus.close().await;
            let _ = talking.await;
        };
        let closed = async {
            if timeout_at(deadline, closed).await.is_err() {
                error!("the bus could not be closed in {:?}", self.config.stop_timeout);
            }
        };
        let published = async {
            if let Some(publishing) = publishing {
                publishing.finish(drained).await;
            }
        };
        tokio::join!(closed, published);
        info!("stopped: {}", self.metrics);
        ended.map(|_| ())
    }
}
