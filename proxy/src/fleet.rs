//! All that one process serves: one Asterisk that it dials, or any number that dial in, each with a proxy of its own.

use std::sync::Arc;

use futures_util::future::OptionFuture;
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{error, warn};

use crate::{
    LogControl,
    asterisk::dial_in::{Seat, Server},
    config::{Config, HttpConfig, WebsocketListen},
    http::{self, Site},
    proxy::{Proxy, StartError},
};

/// One proxy for each Asterisk. They share nothing but the process and the port: equal channels and applications of two
/// Asterisks never meet.
pub struct Fleet {
    proxies: Vec<Proxy>,
    /// Where Asterisks dial in, if they do, and their places.
    listen: Option<(WebsocketListen, Vec<Arc<Seat>>)>,
    /// Where operators come.
    http: Option<HttpConfig>,
    /// What is logged, for operators to change.
    log: Option<LogControl>,
    takes_over: bool,
}

impl Fleet {
    /// The proxies that a configuration asks for. They connect in the background.
    ///
    /// # Errors
    /// When the bus's URL cannot be used.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let http = config.http.clone();
        for warning in &config.warnings {
            warn!("{warning}");
        }
        let Some(listen) = &config.websocket_listen else {
            return Ok(Self {
                proxies: vec![Proxy::new(config)?],
                listen: None,
                http,
                log: None,
                takes_over: false,
            });
        };
        let (mut proxies, mut seats) = (Vec::new(), Vec::new());
        for asterisk in &listen.asterisks {
            let seat = Seat::new();
            proxies.push(Proxy::new(config.of_server(&asterisk.server_id))?.at(Arc::clone(&seat)));
            seats.push(seat);
        }
        Ok(Self { proxies, listen: Some((listen.clone(), seats)), http, log: None, takes_over: false })
    }

    /// Takes everything over from the running process, without a gap, if there is one.
    ///
    /// # Errors
    /// Where Asterisk dials in: the other process has the port. There no gap is to be feared: Asterisk keeps its events for
    /// the next one.
    pub fn taking_over(self) -> Result<Self, StartError> {
        if self.listen.is_some() {
            let why = "where Asterisk dials in, stop the one process and start the other: Asterisk keeps its events meanwhile";
            return Err(StartError::TakeOver(why.to_owned()));
        }
        let proxies = self.proxies.into_iter().map(Proxy::taking_over).collect();
        Ok(Self { proxies, takes_over: true, ..self })
    }

    /// Lets operators change what is logged.
    #[must_use]
    pub fn with_log_control(self, log: LogControl) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Its proxies, in the order of the configuration.
    pub fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        self.proxies.iter()
    }

    /// Those who, notified, take back the applications that another program has taken from them.
    #[must_use]
    pub fn take_back(&self) -> Vec<Arc<Notify>> {
        self.proxies.iter().map(Proxy::take_back).collect()
    }

    /// Runs until `stop` is cancelled and each proxy has stopped ([`Proxy::run`]).
    ///
    /// # Errors
    /// When the port cannot be had, or a proxy cannot start.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StartError> {
        let server = match self.listen {
            Some((listen, seats)) => Some(Server::bind(&listen, seats).await.map_err(StartError::Listen)?),
            None => None,
        };
        let ended = CancellationToken::new();
        let http = match &self.http {
            Some(config) => {
                let servers = self.proxies.iter().map(Proxy::state).collect();
                let site = Site { servers, log: self.log };
                let router = http::router(site, config);
                let server = http::Server::bind(config.listen, self.takes_over, router).await;
                let server = server.map_err(StartError::Operators)?;
                Some(AbortOnDropHandle::new(tokio::spawn(server.run(ended.clone()))))
            }
            None => None,
        };
        let mut running = JoinSet::new();
        for proxy in self.proxies {
            running.spawn(proxy.run(stop.clone()));
        }
        let all = async {
            while let Some(ended) = running.join_next().await {
                ended.unwrap_or_else(|error| Err(StartError::Broken(error.to_string())))?;
            }
            Ok(())
        };
        // They let nobody in once they stop.
        let result = tokio::select! {
            result = all => result,
            () = listen(server.as_ref()) => Ok(()),
        };
        // Until then it is told how far the stop has come.
        ended.cancel();
        if let Some(Err(error)) = OptionFuture::from(http).await {
            error!(%error, "the HTTP listener broke off");
        }
        result
    }
}

async fn listen(server: Option<&Server>) {
    match server {
        Some(server) => server.run().await,
        None => std::future::pending().await,
    }
}
