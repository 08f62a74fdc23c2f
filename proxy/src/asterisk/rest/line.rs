//! Requests on one websocket: those who ask on one side, the task that reads and writes the socket on the other.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use ari_bus::protocol::Answer;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::debug;

use super::{
    super::{
        limits::{ASKS, MAX_IN_FLIGHT},
        request::{Refused, Request},
    },
    RestError,
    frames::{RestResponse, rest_request},
};

/// The asking side. It is closed when the websocket is lost.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    asks: mpsc::Sender<Sent>,
    /// The last request's id.
    last: Arc<AtomicU64>,
}

/// A request that fits on a line.
#[derive(Debug)]
pub(super) struct Ask {
    id: u64,
    frame: Utf8Bytes,
}

/// A request on its way to the socket.
#[derive(Debug)]
struct Sent {
    ask: Ask,
    /// Set by whoever comes first: the socket's task that writes it, or the asker who gives up. So it is known for certain
    /// whether it was ever written.
    decided: Arc<AtomicBool>,
    answer: Answered,
}

type Answered = oneshot::Sender<Result<Answer, RestError>>;

/// The side of the task that has the socket.
#[derive(Debug)]
pub(crate) struct Asks {
    sent: mpsc::Receiver<Sent>,
    /// Those that were written, by id.
    written: HashMap<u64, Answered>,
}

impl Line {
    /// Both sides of a new websocket.
    pub(crate) fn new() -> (Self, Asks) {
        let (asks, sent) = mpsc::channel(ASKS);
        (Self { asks, last: Arc::default() }, Asks { sent, written: HashMap::new() })
    }

    /// Whether nothing can be asked here any more.
    pub(super) fn is_closed(&self) -> bool {
        self.asks.is_closed()
    }

    /// Makes a frame of a request.
    ///
    /// # Errors
    /// When it does not fit.
    pub(super) fn ask_for(&self, request: &Request) -> Result<Ask, Refused> {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        Ok(Ask { id, frame: rest_request(id, request)?.into() })
    }

    /// Sends it and waits for the answer.
    ///
    /// # Errors
    /// [`RestError::Unreachable`] if it was never written, [`RestError::FateUnknown`] if it was.
    pub(super) async fn answer(&self, ask: Ask, deadline: Instant) -> Result<Answer, RestError> {
        let (answer, answered) = oneshot::channel();
        let decided = Arc::<AtomicBool>::default();
        let sent = Sent { ask, decided: Arc::clone(&decided), answer };
        // There is room for all that may be under way: what does not fit meets a socket that is written no more.
        let result = match self.asks.try_send(sent) {
            Ok(()) => timeout_at(deadline, answered).await,
            Err(_) => return Err(RestError::Unreachable("the websocket takes nothing".to_owned())),
        };
        let why = match result {
            Ok(Ok(answer)) => return answer,
            Ok(Err(_)) => "the websocket was lost",
            Err(_) => "it did not come in time",
        };
        Err(match decided.swap(true, Ordering::SeqCst) {
            true => RestError::FateUnknown(why.to_owned()),
            false => RestError::Unreachable(why.to_owned()),
        })
    }
}

#[cfg(test)]
impl Line {
    /// The status with which a worker would be answered.
    pub(in super::super) async fn send_one(&self, request: &Request, patience: std::time::Duration) -> u16 {
        let answer = match self.ask_for(request) {
            Ok(ask) => self.answer(ask, Instant::now() + patience).await,
            Err(refused) => Err(RestError::Malformed(refused)),
        };
        answer.unwrap_or_else(|error| error.to_answer()).status
    }
}

impl Asks {
    /// The next frame to be written. Whoever gets it writes it: it counts as sent.
    pub(in super::super) async fn next(&mut self) -> Utf8Bytes {
        loop {
            // Nobody can ask any more, or nobody is heard any more.
            let Some(sent) = self.sent.recv().await else { return std::future::pending().await };
            if sent.decided.swap(true, Ordering::SeqCst) {
                continue;
            }
            if self.written.len() >= 2 * MAX_IN_FLIGHT {
                // Askers who gave up leave theirs behind; those who wait are fewer.
                self.written.retain(|_, answer| !answer.is_closed());
            }
            self.written.insert(sent.ask.id, sent.answer);
            return sent.ask.frame;
        }
    }

    /// Takes no more: what was not written never will be.
    pub(in super::super) fn close(&mut self) {
        self.sent.close();
        while self.sent.try_recv().is_ok() {}
    }

    /// An answer has come.
    pub(in super::super) fn answered(&mut self, response: RestResponse) {
        let Some(answer) = response.id.and_then(|id| self.written.remove(&id)) else {
            return debug!("an answer of Asterisk's is for no request of ours, or came too late");
        };
        let unread = || RestError::FateUnknown("the answer cannot be read".to_owned());
        // Who asked may have given up.
        let _ = answer.send(response.answer.ok_or_else(unread));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::Method;

    use super::*;

    fn get() -> Request {
        Request { method: Method::GET, url: "/channels".to_owned(), body: None }
    }

    fn response(id: u64, status: u16) -> RestResponse {
        RestResponse { id: Some(id), answer: Some(Answer { status, body: "".into() }) }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    #[tokio::test]
    async fn answers_find_their_requests_in_any_order_and_strange_ones_nobody() {
        let (line, mut asks) = Line::new();
        let later = Instant::now() + Duration::from_secs(20);
        let ask = async || line.answer(line.ask_for(&get()).unwrap(), later).await.unwrap().status;
        let serve = async {
            for _ in 0..3 {
                asks.next().await;
            }
            asks.answered(response(99, 500));
            asks.answered(RestResponse { id: None, answer: None });
            for id in [2, 0, 0, 1, 2] {
                asks.answered(response(id, 200 + u16::try_from(id).unwrap()));
            }
        };
        let (first, second, third, ()) = tokio::join!(ask(), ask(), ask(), serve);
        assert_eq!([first, second, third], [200, 201, 202]);
    }

    #[tokio::test]
    async fn what_was_written_has_an_unknown_fate_and_what_was_not_has_not() {
        let (line, mut asks) = Line::new();
        let ask =
            async || line.answer(line.ask_for(&get()).unwrap(), soon()).await.unwrap_err().to_answer().status;
        // Its time is up before it is written; then it never is.
        assert_eq!(ask().await, 503);
        let later = tokio::time::timeout(Duration::from_millis(50), asks.next()).await;
        assert!(later.is_err(), "{later:?}");
        let (status, _) = tokio::join!(ask(), asks.next());
        assert_eq!(status, 504, "written, and never answered");
        // One is written, the other waits when the socket is lost.
        let lost = async {
            asks.next().await;
            drop(asks);
        };
        let (written, waiting, ()) = tokio::join!(ask(), ask(), lost);
        assert_eq!((written, waiting), (504, 503));
        assert_eq!(ask().await, 503, "and nothing is after that");
        assert!(line.is_closed());
    }

    #[tokio::test]
    async fn an_unreadable_answer_is_an_unknown_fate() {
        let (line, mut asks) = Line::new();
        let serve = async {
            asks.next().await;
            asks.answered(RestResponse { id: Some(0), answer: None });
        };
        let (error, ()) = tokio::join!(line.answer(line.ask_for(&get()).unwrap(), soon()), serve);
        assert!(matches!(error, Err(RestError::FateUnknown(_))), "{error:?}");
    }

    #[tokio::test]
    async fn those_who_gave_up_leave_nothing_behind_for_ever() {
        let (line, mut asks) = Line::new();
        for _ in 0..10 * MAX_IN_FLIGHT {
            let given_up = line.answer(line.ask_for(&get()).unwrap(), Instant::now());
            let (error, _) = tokio::join!(given_up, tokio::time::timeout(Duration::ZERO, asks.next()));
            assert!(error.is_err());
        }
        assert!(asks.written.len() <= 2 * MAX_IN_FLIGHT, "{}", asks.written.len());
    }
}
