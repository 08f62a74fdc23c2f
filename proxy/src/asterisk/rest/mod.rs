//! ARI's REST interface, whichever way a request takes: over HTTP, or over the websocket of events.

mod frames;
mod http;
mod line;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_bus::{protocol::Answer, security::BadFile};
use reqwest::Method;
use rustls::ClientConfig;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    limits::{MAX_ANSWER, MAX_IN_FLIGHT, PROBE_TIMEOUT},
    request::{Refused, Request},
};
use crate::{
    config::{Config, RestWay},
    limits::MAX_OFFER_PAUSE,
    pauses::Pauses,
};
pub(super) use frames::{RestResponse, rest_request};
use frames::{swallows_answers, wants_bytes};
use http::Http;
pub(crate) use line::{Asks, Line};

/// A client of one Asterisk's REST interface.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    /// None where Asterisk dials in: there may be no way to its HTTP server.
    http: Option<Http>,
    /// How TLS is done with Asterisk, on whichever connection.
    tls: Option<Arc<ClientConfig>>,
    /// Whether requests may go over the websocket at all.
    may_ride: bool,
    /// The websocket on which they do.
    line: Arc<Mutex<Option<Line>>>,
    /// Whether it was said last that they do: each reconnect is no news.
    said: Arc<Mutex<Option<bool>>>,
    timeout: Duration,
    in_flight: Arc<Semaphore>,
    /// Whether Asterisk could not be reached when that was tried last.
    away: Arc<AtomicBool>,
}

/// A request to which Asterisk gave no answer that can be passed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestError {
    /// There was no connection for it: the request was not sent.
    #[error("Asterisk cannot be reached: {0}")]
    Unreachable(String),
    /// The request may have been sent, the answer did not come: whether it was acted upon is not known.
    #[error("no answer from Asterisk, whether it acted is not known: {0}")]
    FateUnknown(String),
    /// The answer is larger than what is passed on.
    #[error("Asterisk's answer is larger than {MAX_ANSWER} bytes")]
    AnswerTooLarge,
    /// The request cannot be made from its parts, is too large, or cannot go the way that there is.
    #[error("this request cannot be sent: {}", .0.message)]
    Malformed(Refused),
}

impl RestError {
    /// The answer that tells the worker.
    pub(crate) fn to_answer(&self) -> Answer {
        let status = match self {
            Self::Unreachable(_) => 503,
            Self::FateUnknown(_) => 504,
            Self::AnswerTooLarge => 502,
            Self::Malformed(refused) => refused.status,
        };
        Answer::error(status, &self.to_string())
    }

    fn refused(status: u16, message: &str) -> Self {
        Self::Malformed(Refused { status, message: message.to_owned() })
    }
}

/// Why there is no client at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRest {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("asterisk.{0}")]
    Tls(#[from] BadFile),
}

/// The way that a request takes.
enum Way<'a> {
    Http(&'a Http, Box<reqwest::Request>),
    Line(Line, line::Ask),
}

impl Rest {
    /// A client for the Asterisk that the configuration names.
    ///
    /// # Errors
    /// When the HTTP client cannot be made, or the files of TLS cannot be used any more.
    pub(crate) fn new(config: &Config) -> Result<Self, NoRest> {
        let dialled_in = config.stasis_url.is_empty();
        let tls = config.asterisk_has_tls().then(|| config.asterisk_tls().client_config()).transpose()?;
        Ok(Self {
            http: if dialled_in { None } else { Some(Http::new(config, tls.as_ref())?) },
            tls,
            may_ride: dialled_in || config.asterisk.rest == Some(RestWay::Websocket),
            line: Arc::default(),
            said: Arc::default(),
            timeout: config.asterisk.command_timeout,
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            away: Arc::default(),
        })
    }

    /// How many requests are under way.
    pub(crate) fn in_flight(&self) -> usize {
        MAX_IN_FLIGHT.saturating_sub(self.in_flight.available_permits())
    }

    /// How TLS is done with Asterisk, if it is.
    pub(crate) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref()
    }

    /// Says whether there is an Asterisk to send anything to. While there is none, requests fail at once.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// There is a new websocket. If requests may take it and Asterisk answers one there, all do from then on; otherwise they
    /// take HTTP, and that is said. Where there is no other way they take it at once.
    pub(crate) fn ride(&self, line: Line) -> impl Future<Output = ()> + Send + '_ {
        if self.http.is_none() {
            self.set_line(Some(line.clone()));
        }
        self.probe(line)
    }

    async fn probe(&self, line: Line) {
        if !self.may_ride {
            return;
        }
        let probe = Request::own(Method::GET, &["asterisk", "ping"]);
        let answer = match line.ask_for(&probe) {
            Ok(ask) => line.answer(ask, Instant::now() + PROBE_TIMEOUT).await,
            Err(refused) => Err(RestError::Malformed(refused)),
        };
        let rides = answer.is_ok();
        if rides {
            self.set_line(Some(line));
        } else if line.is_closed() {
            // The next connection is asked anew.
            return;
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).replace(rides);
        match (rides, &self.http) {
            _ if said == Some(rides) => {}
            (true, _) => info!("commands go to Asterisk over its websocket"),
            (false, Some(_)) => warn!(
                "Asterisk answers no requests on its websocket: commands go over HTTP. It can from 20.14 and 22.4 on, if no event filter keeps RESTResponse back"
            ),
            (false, None) => warn!(
                "Asterisk answers no requests on the websocket with which it dials in, so no command can reach it: does an event filter of its first application keep RESTResponse back?"
            ),
        }
    }

    fn set_line(&self, line: Option<Line>) {
        // A panic while this was held would leave it whole.
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }

    /// The websocket on which requests go, while there is one.
    fn line(&self) -> Option<Line> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner).clone();
        line.filter(|line| !line.is_closed())
    }

    /// Sends one request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer to pass on; a 4xx or 5xx of Asterisk is an answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, RestError> {
        let way = self.way(request)?;
        if self.away.load(Ordering::Relaxed) {
            return Err(RestError::Unreachable("it has gone, and is waited for".to_owned()));
        }
        let deadline = Instant::now() + self.timeout;
        // Held until the answer is read: it stands for the connection.
        let Ok(Ok(_place)) = timeout_at(deadline, self.in_flight.acquire()).await else {
            let text = format!("{MAX_IN_FLIGHT} other requests were under way for {:?}", self.timeout);
            return Err(RestError::Unreachable(text));
        };
        let late = || RestError::FateUnknown(format!("timed out after {:?}", self.timeout));
        match way {
            Way::Http(http, request) => {
                timeout_at(deadline, http.answer(*request)).await.unwrap_or_else(|_| Err(late()))
            }
            Way::Line(line, ask) => {
                let answer = line.answer(ask, deadline).await;
                if matches!(answer, Err(RestError::FateUnknown(_))) && Instant::now() >= deadline {
                    self.mistrust(&line);
                    return Err(late());
                }
                match (&answer, &self.http) {
                    // It was never written there, and there is another way.
                    (Err(RestError::Unreachable(_)), Some(http)) if Instant::now() < deadline => {
                        let again = http.answer(http.build(request)?);
                        timeout_at(deadline, again).await.unwrap_or_else(|_| Err(late()))
                    }
                    _ => answer,
                }
            }
        }
    }

    /// Asterisk did not answer on a websocket that is open. If there is another way, nobody else waits for it there.
    fn mistrust(&self, line: &Line) {
        if self.http.is_some() && !line.is_closed() && self.line().is_some() {
            self.set_line(None);
            warn!(
                "Asterisk has left a command on its websocket without an answer: commands go over HTTP until the next connection"
            );
        }
    }

    /// Chooses the way of a request.
    fn way(&self, request: &Request) -> Result<Way<'_>, RestError> {
        let over = |http: &'_ Http| http.build(request).map(Box::new);
        let line = match (self.line(), &self.http) {
            (Some(line), _) => line,
            (None, Some(pool)) => return Ok(Way::Http(pool, over(pool)?)),
            (None, None) => return Err(RestError::Unreachable("it is not connected".to_owned())),
        };
        if swallows_answers(request) {
            return Err(RestError::refused(
                400,
                "this event filter would keep back RESTResponse, and with it the answers to all commands: allow that type too",
            ));
        }
        let unfit = if wants_bytes(request) {
            Refused {
                status: 501,
                message: "a file does not fit into the websocket of an Asterisk that dials in".into(),
            }
        } else {
            match line.ask_for(request) {
                Ok(ask) => return Ok(Way::Line(line, ask)),
                Err(refused) => refused,
            }
        };
        match &self.http {
            Some(pool) => Ok(Way::Http(pool, over(pool)?)),
            None => Err(RestError::Malformed(unfit)),
        }
    }

    /// Asks again and again until Asterisk answers with a 2xx or a 404, for a time at most and not beyond a stop. What cannot
    /// be asked is answered with the 4xx that says why.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        time: Duration,
        stop: &CancellationToken,
    ) -> Option<Answer> {
        let until = Instant::now() + time;
        let asking = async {
            let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
            loop {
                match self.send(request).await {
                    Ok(answer) if matches!(answer.status, 200..300 | 404) => return answer,
                    // It never will be a question.
                    Err(error @ RestError::Malformed(_)) => return error.to_answer(),
                    Ok(_) | Err(_) => sleep(pauses.next()).await,
                }
            }
        };
        tokio::select! {
            answer = timeout_at(until, asking) => answer.ok(),
            () = stop.cancelled() => None,
        }
    }
}
