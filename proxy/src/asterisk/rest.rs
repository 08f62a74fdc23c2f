//! ARI's REST interface over a pool of kept-alive connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_bus::protocol::Answer;
use bytes::BytesMut;
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderValue},
    redirect,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;
use url::Position;

use super::{
    headers::headers,
    limits::{CONNECT_TIMEOUT, IDLE_TIMEOUT, MAX_ANSWER, MAX_IN_FLIGHT},
    request::{Refused, Request},
    sizes::{check_body, check_line},
};
use crate::{config::Config, limits::MAX_OFFER_PAUSE, pauses::Pauses};

/// A client of one Asterisk's REST interface.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    client: Client,
    base: String,
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
    /// The request cannot be made from its parts, or is too large.
    #[error("not a request: {}", .0.message)]
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
}

impl Rest {
    /// A client for the Asterisk that the configuration names.
    ///
    /// # Errors
    /// When the TLS roots of the system cannot be read.
    pub(crate) fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .default_headers(headers(config))
            .pool_max_idle_per_host(MAX_IN_FLIGHT)
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
            timeout: config.asterisk.command_timeout,
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            away: Arc::default(),
        })
    }

    /// Says whether there is an Asterisk to send anything to. While there is none, requests fail at once.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// Sends one request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer to pass on; a 4xx or 5xx of Asterisk is an answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, RestError> {
        let request = self.build(request)?;
        if self.away.load(Ordering::Relaxed) {
            return Err(RestError::Unreachable("it has gone, and is waited for".to_owned()));
        }
        let deadline = Instant::now() + self.timeout;
        // Held until the answer is read: it stands for the connection.
        let Ok(Ok(_place)) = timeout_at(deadline, self.in_flight.acquire()).await else {
            let text = format!("{MAX_IN_FLIGHT} other requests were under way for {:?}", self.timeout);
            return Err(RestError::Unreachable(text));
        };
        match timeout_at(deadline, answer(&self.client, request)).await {
            Ok(result) => result,
            Err(_) => Err(RestError::FateUnknown(format!("timed out after {:?}", self.timeout))),
        }
    }

    /// The request as it goes out, if Asterisk reads the whole of it: a chosen id may have made it longer.
    fn build(&self, request: &Request) -> Result<reqwest::Request, RestError> {
        let mut http = self.client.request(request.method.clone(), format!("{}{}", self.base, request.url));
        if let Some(body) = &request.body {
            http = http.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone());
        }
        let http = http.build().map_err(describe)?;
        check_line(http.method(), &http.url()[Position::BeforePath..Position::AfterQuery])
            .and_then(|()| check_body(request.body.as_deref()))
            .map_err(RestError::Malformed)?;
        Ok(http)
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

async fn answer(client: &Client, request: reqwest::Request) -> Result<Answer, RestError> {
    let mut response = client.execute(request).await.map_err(describe)?;
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
        RestError::Malformed(Refused { status: 400, message: text })
    } else {
        RestError::FateUnknown(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::future::join_all;
    use reqwest::Method;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        sync::watch,
        time::timeout,
    };

    use super::*;
    use crate::{
        asterisk::limits::MAX_BODY,
        testing::{self, config},
    };

    /// Longer than anything here takes, on any machine.
    const PATIENCE: Duration = Duration::from_secs(15);
    /// Asterisk's default `sessionlimit`.
    const SESSIONS: usize = 100;

    fn rest(asterisk: &str) -> Rest {
        testing::rest(&config(asterisk))
    }

    fn get(url: &str) -> Request {
        Request { method: Method::GET, url: url.to_owned(), body: None }
    }

    async fn server() -> (TcpListener, String) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        (server, address)
    }

    /// Answers the requests of one connection, but none before so many have come on all of them.
    async fn serve(mut stream: TcpStream, requests: watch::Sender<usize>) {
        let mut request = Vec::new();
        while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
            if request.ends_with(b"\r\n\r\n") {
                request.clear();
                requests.send_modify(|requests| *requests += 1);
                let _ = requests.subscribe().wait_for(|requests| *requests >= MAX_IN_FLIGHT).await;
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn more_requests_at_once_than_asterisk_has_sessions_are_all_answered() {
        let (server, address) = server().await;
        let (open, requests) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(0));
        tokio::spawn(async move {
            while let Ok((stream, _)) = server.accept().await {
                if open.load(Ordering::SeqCst) < SESSIONS {
                    open.fetch_add(1, Ordering::SeqCst);
                    let (open, requests) = (Arc::clone(&open), requests.clone());
                    tokio::spawn(async move {
                        serve(stream, requests).await;
                        open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            }
        });
        let (rest, request) = (rest(&address), get("/channels"));
        let answers = timeout(PATIENCE, join_all((0..2 * SESSIONS).map(|_| rest.send(&request)))).await;
        for answer in answers.expect("none waits for ever") {
            assert_eq!(answer.unwrap().status, 204);
        }
    }

    #[tokio::test]
    async fn a_request_that_never_had_its_turn_is_known_not_to_be_sent() {
        let (_silent, address) = server().await;
        let rest = Rest { timeout: Duration::from_millis(50), ..rest(&address) };
        let places = u32::try_from(MAX_IN_FLIGHT).unwrap();
        let others = rest.in_flight.acquire_many(places).await.unwrap();
        let status = async || rest.send(&get("/channels")).await.unwrap_err().to_answer().status;
        assert_eq!(status().await, 503);
        drop(others);
        assert_eq!(status().await, 504, "now it is sent, and has no answer");
    }

    #[tokio::test]
    async fn a_question_to_a_silent_asterisk_ends_at_its_time_and_at_a_stop() {
        let (server, address) = server().await;
        let (rest, question, stop) = (rest(&address), get("/channels/1"), CancellationToken::new());
        let short = Duration::from_millis(50);
        let asked = timeout(PATIENCE, rest.ask(&question, short, &stop)).await;
        assert_eq!(asked.expect("the command's own time is longer"), None);
        let stopping = async {
            // Both questions were sent.
            let _silent = (server.accept().await.unwrap(), server.accept().await.unwrap());
            stop.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            asked = timeout(PATIENCE, rest.ask(&question, 2 * PATIENCE, &stop)) => {
                assert_eq!(asked.expect("a stop ends it"), None);
            }
            () = stopping => {}
        }
    }

    #[tokio::test]
    async fn what_a_chosen_id_made_too_large_is_not_sent() {
        // Nobody listens there: what is sent is answered 503.
        let rest = rest("127.0.0.1:1");
        let status = async |request: Request| rest.send(&request).await.unwrap_err().to_answer().status;
        // The line is `GET /ari/channels?x=… HTTP/1.1`, with its end.
        let line = |length: usize| get(&format!("/channels?x={}", "x".repeat(length - 31)));
        assert_eq!(status(line(4_095)).await, 503);
        assert_eq!(status(line(4_096)).await, 414);
        let body = |length| Request { body: Some("x".repeat(length)), ..get("/channels") };
        assert_eq!(status(body(MAX_BODY)).await, 503);
        assert_eq!(status(body(MAX_BODY + 1)).await, 413);
    }
}
