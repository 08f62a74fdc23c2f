//! Every request that came in, for a test to judge by.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use tokio::sync::watch;

use crate::{limits, options::fits, server::http::Request};

/// One request, or one websocket handshake.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Its place in the order of arrival, from 0.
    pub number: u64,
    /// When it arrived.
    pub at: Instant,
    /// When it arrived, by the clock on the wall.
    pub time: SystemTime,
    /// The method.
    pub method: String,
    /// The path below `/ari`, as it was sent: still percent-encoded.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// All headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// What was answered; `None` while nothing was, or for good when a fault saw to it.
    pub status: Option<u16>,
    /// It came over a websocket, or was a handshake for one.
    pub websocket: bool,
}

impl RecordedRequest {
    /// A header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it asked for a websocket.
    pub(crate) fn is_handshake(&self) -> bool {
        self.websocket && self.path == "/events"
    }

    /// Whether method and path fit these patterns, in which `*` stands for any text.
    pub fn is(&self, method: &str, path: &str) -> bool {
        fits(method, &self.method) && fits(path, &self.path)
    }
}

/// The record itself.
pub(crate) struct Recorder {
    on: bool,
    inner: Mutex<Inner>,
    count: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    requests: VecDeque<RecordedRequest>,
    next: u64,
    forgotten: u64,
}

impl Recorder {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, inner: Mutex::default(), count: watch::Sender::new(0) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; returns the number under which its answer is to be noted.
    pub(crate) fn arrived(&self, request: &Request, websocket: bool) -> u64 {
        if !self.on {
            return 0;
        }
        let mut inner = self.inner();
        let number = inner.next;
        inner.next += 1;
        if inner.requests.len() == limits::RECORDED_REQUESTS {
            inner.requests.pop_front();
            inner.forgotten += 1;
        }
        inner.requests.push_back(RecordedRequest {
            number,
            at: Instant::now(),
            time: SystemTime::now(),
            method: request.method.clone(),
            path: request.path.strip_prefix("/ari").unwrap_or(&request.path).to_owned(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            status: None,
            websocket,
        });
        drop(inner);
        self.count.send_modify(|count| *count += 1);
        number
    }

    pub(crate) fn answered(&self, number: u64, status: u16) {
        let mut inner = self.inner();
        let Some(first) = inner.requests.front().map(|request| request.number) else { return };
        let Some(at) = number.checked_sub(first) else { return };
        if let Some(request) = inner.requests.get_mut(at as usize) {
            request.status = Some(status);
        }
        drop(inner);
        self.count.send_modify(|_| {});
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.inner().requests.iter().cloned().collect()
    }

    /// Those from this number on.
    pub(crate) fn since(&self, number: u64) -> Vec<RecordedRequest> {
        let inner = self.inner();
        // They are in the order of their numbers, without gaps.
        let first = inner.requests.front().map_or(inner.next, |request| request.number);
        inner.requests.iter().skip(number.saturating_sub(first) as usize).cloned().collect()
    }

    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        self.inner().requests.iter().filter(|request| request.is(method, path)).count()
    }

    pub(crate) fn find(&self, method: &str, path: &str) -> Option<RecordedRequest> {
        self.inner().requests.iter().find(|request| request.is(method, path)).cloned()
    }

    /// Changes whenever a request arrives or is answered.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    pub(crate) fn clear(&self) {
        self.inner().requests.clear();
    }

    /// How many of the oldest were forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.inner().forgotten
    }
}
