//! ARI's REST interface over a pool of kept-alive connections.

use std::time::Duration;

use ari_bus::protocol::Answer;
use bytes::BytesMut;
use reqwest::{
    Client,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, ORIGIN},
    redirect,
};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::request::Request;
use crate::{config::Config, limits::MAX_OFFER_PAUSE, pauses::Pauses, secret::basic_authorization};

/// Asterisk closes an idle connection after 15 s. Ours is closed before, so that no POST races that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to Asterisk may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is passed on, in bytes: a stored recording of two hours in 16-bit, 8 kHz has 115 MB.
const MAX_ANSWER: usize = 256 << 20;

/// A client of one Asterisk's REST interface.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    client: Client,
    base: String,
    authorization: HeaderValue,
    origin: Option<HeaderValue>,
    timeout: Duration,
}

/// A request to which Asterisk gave no answer that can be passed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestError {
    /// No connection could be made: the request was not sent.
    #[error("Asterisk cannot be reached: {0}")]
    Unreachable(String),
    /// The request may have been sent, the answer did not come: whether it was acted upon is not known.
    #[error("no answer from Asterisk, whether it acted is not known: {0}")]
    FateUnknown(String),
    /// The answer is larger than what is passed on.
    #[error("Asterisk's answer is larger than {MAX_ANSWER} bytes")]
    AnswerTooLarge,
    /// The request could not be made from its parts.
    #[error("not a request: {0}")]
    Malformed(String),
}

impl RestError {
    /// The answer that tells the worker.
    pub(crate) fn to_answer(&self) -> Answer {
        let status = match self {
            Self::Unreachable(_) => 503,
            Self::FateUnknown(_) => 504,
            Self::AnswerTooLarge => 502,
            Self::Malformed(_) => 400,
        };
        Answer::error(status, &self.to_string())
    }
}

impl Rest {
    /// A client for the Asterisk that the configuration names.
    ///
    /// # Errors
    /// When the TLS roots of the system cannot be read.
    pub(crate) fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            client,
            base: config.stasis_url.trim_end_matches('/').to_owned(),
            authorization: basic_authorization(&config.ws_user, &config.ws_password),
            origin: HeaderValue::from_str(&config.origin).ok().filter(|origin| !origin.is_empty()),
            timeout: config.asterisk.command_timeout,
        })
    }

    /// Sends one request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer to pass on; a 4xx or 5xx of Asterisk is an answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, RestError> {
        let url = format!("{}{}", self.base, request.url);
        let mut http = self.client.request(request.method.clone(), url);
        http = http.header(AUTHORIZATION, self.authorization.clone());
        if let Some(origin) = &self.origin {
            http = http.header(ORIGIN, origin.clone());
        }
        if let Some(body) = &request.body {
            http = http.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone());
        }
        match tokio::time::timeout(self.timeout, answer(http)).await {
            Ok(result) => result,
            Err(_) => Err(RestError::FateUnknown(format!("timed out after {:?}", self.timeout))),
        }
    }

    /// Asks again and again until Asterisk answers with a 2xx or a 404, for a time at most.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        time: Duration,
        stop: &CancellationToken,
    ) -> Option<Answer> {
        let until = Instant::now() + time;
        let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
        loop {
            match self.send(request).await {
                Ok(answer) if matches!(answer.status, 200..300 | 404) => return Some(answer),
                Ok(_) | Err(_) => {}
            }
            let pause = Instant::now() + pauses.next();
            if pause > until {
                return None;
            }
            tokio::select! {
                () = sleep_until(pause) => {}
                () = stop.cancelled() => return None,
            }
        }
    }
}

async fn answer(http: reqwest::RequestBuilder) -> Result<Answer, RestError> {
    let mut response = http.send().await.map_err(describe)?;
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(RestError::AnswerTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body: body.freeze() })
}

/// An error without the URL: a path can hold what nobody should read in an answer or a log.
fn describe(error: reqwest::Error) -> RestError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    if error.is_connect() {
        RestError::Unreachable(text)
    } else if error.is_builder() {
        RestError::Malformed(text)
    } else {
        RestError::FateUnknown(text)
    }
}
