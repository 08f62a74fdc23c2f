//! What a test can make go wrong, switched while the simulator runs.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use crate::{options::fits, server::http::Reply};

/// How a connection is ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// A close frame (on a websocket), then an orderly end of the connection.
    #[default]
    Clean,
    /// A reset, without a word.
    Abrupt,
}

/// How new websockets are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The handshake is answered with this status.
    Status(u16),
    /// The connection ends without a word, as in an Asterisk that has as many sessions as it may.
    Silence,
    /// Nobody listens on the port, from a moment later on: new connections of any kind are refused. Open
    /// ones stay.
    Connection,
}

/// What befalls all websockets at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SocketFaults {
    pub(crate) drops: u64,
    pub(crate) cut: Cut,
    stall: Option<Instant>,
}

impl SocketFaults {
    /// Until when sockets neither read nor write, if they do not now.
    pub(crate) fn stalled_until(&self, now: Instant) -> Option<Instant> {
        self.stall.filter(|until| *until > now)
    }
}

/// As good as for ever, and no overflow in the clock's arithmetic.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The switchboard of faults.
#[derive(Debug)]
pub struct Faults {
    sockets: watch::Sender<SocketFaults>,
    no_listener: watch::Sender<bool>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    refusal: Option<Refusal>,
    rest: Vec<RestFault>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            sockets: watch::Sender::new(SocketFaults::default()),
            no_listener: watch::Sender::new(false),
            inner: Mutex::default(),
        }
    }
}

impl Faults {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every websocket that is open now. Channels stay in Stasis.
    pub fn drop_websockets(&self, cut: Cut) {
        self.sockets.send_modify(|sockets| {
            sockets.drops += 1;
            sockets.cut = cut;
        });
    }

    /// Stops reading and writing on all websockets without closing them: for a time, or until
    /// [`resume_websockets`](Self::resume_websockets). Events wait meanwhile.
    pub fn stall_websockets(&self, time: Option<Duration>) {
        let until = Instant::now() + time.unwrap_or(FOR_EVER);
        self.sockets.send_modify(|sockets| sockets.stall = Some(until));
    }

    /// Ends a stall.
    pub fn resume_websockets(&self) {
        self.sockets.send_modify(|sockets| sockets.stall = None);
    }

    /// Refuses new websockets, until [`accept_websockets`](Self::accept_websockets).
    pub fn refuse_websockets(&self, refusal: Refusal) {
        self.inner().refusal = Some(refusal);
        self.no_listener.send_replace(refusal == Refusal::Connection);
    }

    /// Takes websockets again.
    pub fn accept_websockets(&self) {
        self.inner().refusal = None;
        self.no_listener.send_replace(false);
    }

    /// Lets something befall the requests that match. Of several faults that match, the oldest is used
    /// until it is used up.
    pub fn add(&self, fault: RestFault) {
        self.inner().rest.push(fault);
    }

    /// Takes all REST faults back.
    pub fn clear_rest(&self) {
        self.inner().rest.clear();
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.inner().refusal
    }

    pub(crate) fn refused_connections(&self) -> watch::Receiver<bool> {
        self.no_listener.subscribe()
    }

    pub(crate) fn sockets(&self) -> watch::Receiver<SocketFaults> {
        self.sockets.subscribe()
    }

    /// The fault that befalls this request, if any.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<RestFault> {
        let mut inner = self.inner();
        let at = inner.rest.iter().position(|fault| fault.matches(method, path))?;
        let fault = inner.rest[at].clone();
        if let Some(times) = &mut inner.rest[at].times {
            *times -= 1;
            if *times == 0 {
                drop(inner.rest.remove(at));
            }
        }
        Some(fault)
    }
}

/// How a request that a fault hits is answered.
#[derive(Clone, Debug)]
pub(crate) enum FaultAnswer {
    Real,
    Given(Reply),
    Silence,
    Cut(Cut),
}

/// What befalls requests of one kind.
///
/// ```
/// # use asterisk_sim::RestFault;
/// # use std::time::Duration;
/// // The next two answers to an originate are refused …
/// RestFault::on("POST", "/channels").times(2).answer(503, r#"{"message":"Busy"}"#);
/// // … hangups are done, but told a second late …
/// RestFault::on("DELETE", "/channels/*").late(Duration::from_secs(1));
/// // … and nobody learns whether this bridge was made.
/// RestFault::on("POST", "/bridges").silence().acted_upon();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing before it is given to `Faults::add`"]
pub struct RestFault {
    method: String,
    path: String,
    times: Option<u32>,
    pub(crate) acted_upon: bool,
    pub(crate) pause_before: Duration,
    pub(crate) pause_after: Duration,
    pub(crate) answer: FaultAnswer,
}

impl RestFault {
    /// For requests of a method (`*`: any) on a path below `/ari`, in which `*` stands for any text.
    /// Without more, nothing befalls them.
    pub fn on(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            times: None,
            acted_upon: true,
            pause_before: Duration::ZERO,
            pause_after: Duration::ZERO,
            answer: FaultAnswer::Real,
        }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        fits(&self.method, method) && fits(&self.path, path) && self.times != Some(0)
    }

    /// Only for so many requests; otherwise for all.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Answers this, without acting on the request.
    pub fn answer(self, status: u16, body: impl Into<Bytes>) -> Self {
        self.answer_as(status, "application/json", body)
    }

    /// Answers this, without acting on the request: any bytes, of any type and length.
    pub fn answer_as(mut self, status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.acted_upon = false;
        self.answer = FaultAnswer::Given(Reply {
            status,
            reason: "Fault".into(),
            content_type: Some(content_type.to_owned()),
            headers: Vec::new(),
            body: body.into(),
        });
        self
    }

    /// Never answers, and does not act on the request.
    pub fn silence(mut self) -> Self {
        self.acted_upon = false;
        self.answer = FaultAnswer::Silence;
        self
    }

    /// Drops the connection without acting on the request.
    pub fn cut(mut self, cut: Cut) -> Self {
        self.acted_upon = false;
        self.answer = FaultAnswer::Cut(cut);
        self
    }

    /// The request is acted upon all the same, whatever is answered. To be said last.
    pub fn acted_upon(mut self) -> Self {
        self.acted_upon = true;
        self
    }

    /// Waits before acting on the request.
    pub fn hesitate(mut self, time: Duration) -> Self {
        self.pause_before = time;
        self
    }

    /// Waits between acting on the request and answering it.
    pub fn late(mut self, time: Duration) -> Self {
        self.pause_after = time;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_used_up_and_then_the_next_counts() {
        let faults = Faults::default();
        faults.add(RestFault::on("POST", "/channels/*/answer").times(2).answer(500, "first"));
        faults.add(RestFault::on("*", "/channels/*").silence());
        for _ in 0..2 {
            let fault = faults.take("POST", "/channels/1/answer").unwrap();
            assert!(matches!(fault.answer, FaultAnswer::Given(_)) && !fault.acted_upon);
        }
        let fault = faults.take("POST", "/channels/1/answer").unwrap();
        assert!(matches!(fault.answer, FaultAnswer::Silence));
        assert!(faults.take("POST", "/bridges").is_none());
    }
}
