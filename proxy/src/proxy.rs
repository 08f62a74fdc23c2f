//! One proxy from start to stop.

use std::sync::Arc;

use ari_bus::{Bus, BusError, BusOptions, connect};
use secrecy::ExposeSecret;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::{
    asterisk::{
        dial_in::{self, ListenError, Seat},
        rest::Rest,
        websocket::{self, Surroundings},
    },
    config::{Config, Topology},
    counters::Counters,
    dialog::{Context, Router, control, inbox, pulse, restart},
    limits::{LAST_WORDS, MAX_SUBSCRIBE_PAUSE},
    pauses::Pauses,
    sabotage::Sabotage,
};

/// A proxy that cannot start, and would not later either.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The bus cannot be used as configured.
    #[error("bus_config: {0}")]
    Bus(#[from] BusError),
    /// The HTTP client could not be made.
    #[error("cannot prepare HTTP: {0}")]
    Http(String),
    /// A proxy ended as it never should.
    #[error("a proxy broke off: {0}")]
    Broken(String),
    /// Asterisk cannot dial in.
    #[error("websocket_listen.{0}")]
    Listen(#[from] ListenError),
}

/// A proxy between one Asterisk and one bus.
pub struct Proxy {
    config: Config,
    bus: Arc<dyn Bus>,
    counters: Arc<Counters>,
    sabotage: Sabotage,
    take_back: Arc<Notify>,
    /// Where Asterisk comes, if it dials in.
    seat: Option<Arc<Seat>>,
}

impl Proxy {
    /// A proxy on the bus that the configuration names. It connects in the background: bus, Asterisk and proxy may be
    /// started in any order.
    ///
    /// # Errors
    /// When the bus's URL cannot be used.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let names = config.names();
        let options = BusOptions {
            client_name: format!("ari-proxy {}", config.server_id),
            queue_journal: (config.bus_config.topology == Topology::Dedicated)
                .then(|| config.server_id.clone()),
            names,
            ..BusOptions::default()
        };
        let bus = connect(config.bus_config.url.expose_secret(), options)?;
        Ok(Self::with_bus(config, bus))
    }

    /// A proxy on a bus that is there already.
    #[must_use]
    pub fn with_bus(config: Config, bus: Arc<dyn Bus>) -> Self {
        let (counters, take_back) = Default::default();
        Self { config, bus, counters, sabotage: Sabotage::default(), take_back, seat: None }
    }

    /// A proxy for the Asterisk that comes to this seat.
    pub(crate) fn at(self, seat: Arc<Seat>) -> Self {
        Self { seat: Some(seat), ..self }
    }

    /// A proxy that does not do what it must.
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub fn sabotaged(self, sabotage: Sabotage) -> Self {
        Self { sabotage, ..self }
    }

    /// What this proxy counts.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Notified, it makes the proxy take back the applications that another program has taken from it.
    #[must_use]
    pub fn take_back(&self) -> Arc<Notify> {
        Arc::clone(&self.take_back)
    }

    /// Runs until `stop` is cancelled: then the link to Asterisk is closed and what had come on it is taken, nothing new is
    /// begun, what is in flight is finished, and the topics of all dialogs are deleted, within the configured time.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StartError> {
        let rest = Rest::new(&self.config).map_err(|error| StartError::Http(error.to_string()))?;
        let incarnation = Uuid::now_v7().simple().to_string();
        let stop_timeout = self.config.stop_timeout;
        // Dialogs stop when the link has: until then they take what comes.
        let dialogs_stop = CancellationToken::new();
        let mut context =
            Context::new(self.config, self.bus, rest, self.counters, &incarnation, dialogs_stop);
        context.sabotage = self.sabotage;
        let context = Arc::new(context);
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());

        let subscribed = stop.run_until_cancelled(subscribe(&context)).await;
        if let Some((workers, control)) = subscribed.flatten() {
            tasks.spawn(inbox::serve(Arc::clone(&context), workers));
            tasks.spawn(control::serve(Arc::clone(&context), control));
            let (sender, closing) = (Arc::clone(&context), closing.clone());
            tasks.spawn(async move { closing.run_until_cancelled(pulse::send(&sender)).await });
            let router = Router::new(Arc::clone(&context));
            stop.run_until_cancelled(restart::look(&context)).await;
            // Not before the bus was there once: Asterisk would give us calls that nobody can hear of.
            let surroundings = Surroundings {
                config: &context.config,
                rest: &context.rest,
                told: &self.take_back,
                stop: &stop,
            };
            match &self.seat {
                None => websocket::listen(surroundings, router).await,
                Some(seat) => dial_in::serve(seat, surroundings, router).await,
            }
        }
        context.stop.cancel();
        info!("stopping: finishing what is in flight");
        // One deadline for all that follows, with a part of it for what must be said in any case.
        let deadline = Instant::now() + stop_timeout;
        let last_words = LAST_WORDS.min(stop_timeout / 5);
        context.tasks.close();
        if timeout_at(deadline - 2 * last_words, context.tasks.wait()).await.is_err() {
            warn!(left = context.tasks.len(), "not everything could be finished in {stop_timeout:?}");
            context.abandon.cancel();
            // What is left even then is dropped with the runtime.
            let _ = timeout_at(deadline - last_words, context.tasks.wait()).await;
        }
        closing.cancel();
        tasks.close();
        let closed = async {
            context.bus.close().await;
            tasks.wait().await;
        };
        if timeout_at(deadline.max(Instant::now() + last_words), closed).await.is_err() {
            error!("the bus could not be closed in {stop_timeout:?}");
        }
        info!("stopped: {}", context.counters);
        Ok(())
    }
}

/// Subscribes as soon as the bus is there; `None` if the proxy stops before.
async fn subscribe(context: &Context) -> Option<(inbox::Inbox, ari_bus::Subscription)> {
    let mut pauses = Pauses::new(MAX_SUBSCRIBE_PAUSE);
    let mut said = String::new();
    loop {
        let mut link = context.bus.link();
        tokio::select! {
            up = link.up() => if !up { return None },
            () = context.stop.cancelled() => return None,
        }
        match inbox::subscribe(context).await {
            Ok(subscriptions) => return Some(subscriptions),
            Err(error) => {
                let text = error.to_string();
                let topics = inbox::topics(context);
                // A refusal lasts until a person changes something: it is not said again and again.
                if text == said {
                    debug!(%error, "still cannot subscribe on the bus");
                } else if error.is_retryable() {
                    warn!(%error, "cannot subscribe on the bus, will keep trying");
                } else {
                    warn!(%error, ?topics, "cannot subscribe on the bus, will keep trying: this proxy must be allowed to read every topic that begins so");
                }
                said = text;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pauses.next()) => {}
            () = context.stop.cancelled() => return None,
        }
    }
}
