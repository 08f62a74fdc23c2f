//! Reading one websocket, with pings that find out whether it is still alive.

use std::{pin::pin, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Bytes, Message};
use tokio_util::sync::CancellationToken;

use super::{Listener, connect::Socket, fence::Fences};
use crate::asterisk::limits::{PINGS_UNANSWERED, WRITE_TIMEOUT};

/// When to ping, and when a connection is dead.
#[derive(Debug)]
pub(super) struct Pings {
    every: Duration,
    next: Instant,
    /// Pings since something was heard last.
    unanswered: u32,
}

impl Pings {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, next: Instant::now(), unanswered: 0 }
    }

    /// Anything came.
    fn heard(&mut self) {
        self.unanswered = 0;
    }

    /// Whether a ping is due: it counts as sent.
    fn due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.next;
        if due {
            self.next = now + self.every;
            self.unanswered += 1;
        }
        due
    }

    /// Whether nothing came for too many pings.
    fn dead(&self) -> bool {
        self.unanswered > PINGS_UNANSWERED
    }
}

/// A websocket that is open.
pub(super) struct Connection {
    socket: Socket,
    /// The applications whose events come on it.
    pub(super) applications: Vec<String>,
    pings: Pings,
    fences: Fences,
    /// The payload of a ping that is to go out.
    ping: Option<Bytes>,
}

/// Why a connection is not read any more.
#[derive(Debug)]
pub(super) enum Read<T> {
    /// It has ended, and why.
    Lost(String),
    /// The proxy stops.
    Stopped,
    /// Another connection has this application now. This one can be read on.
    Taken(String),
    /// What was waited for beside it has happened. It can be read on.
    Interrupted(T),
}

impl Connection {
    pub(super) fn new(
        socket: Socket,
        applications: Vec<String>,
        fences: Fences,
        ping_every: Duration,
    ) -> Self {
        Self { socket, applications, pings: Pings::new(ping_every), fences, ping: None }
    }

    /// Everything that came on it has been read: its fences, for the one that takes its place.
    pub(super) fn passed(&mut self) -> Fences {
        self.fences.pass_all();
        std::mem::replace(&mut self.fences, Fences::new().1)
    }

    /// Reads frames until there is a reason not to.
    pub(super) async fn read<T>(
        &mut self,
        listener: &mut impl Listener,
        stop: &CancellationToken,
        interrupt: impl Future<Output = T>,
    ) -> Read<T> {
        let mut interrupt = pin!(interrupt);
        loop {
            // Here, not in a branch below: under constant load what stands behind the frames is never reached.
            if self.pings.due() {
                if self.pings.dead() {
                    let every = self.pings.every;
                    return Read::Lost(format!(
                        "nothing heard after {PINGS_UNANSWERED} pings, {every:?} apart"
                    ));
                }
                self.ping.get_or_insert_default();
            }
            if let Some(payload) = self.ping.take() {
                match timeout(WRITE_TIMEOUT, self.socket.send(Message::Ping(payload))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Read::Lost(error.to_string()),
                    Err(_) => return Read::Lost("a ping could not be written".to_owned()),
                }
            }
            tokio::select! {
                // What lies in the socket is read before its silence is judged.
                biased;
                () = stop.cancelled() => {
                    // Asterisk needs no goodbye: it is a courtesy that must not hold us up.
                    let _ = timeout(WRITE_TIMEOUT, self.socket.close(None)).await;
                    return Read::Stopped;
                }
                happened = &mut interrupt => return Read::Interrupted(happened),
                // A fence is as good a ping as any.
                payload = self.fences.next() => self.ping = Some(payload),
                frame = self.socket.next() => match self.take(frame, listener) {
                    Ok(None) => {}
                    Ok(Some(application)) => {
                        if let Some(place) = self.applications.iter().position(|ours| *ours == application) {
                            self.applications.remove(place);
                            return Read::Taken(application);
                        }
                    }
                    Err(why) => return Read::Lost(why),
                },
                () = sleep_until(self.pings.next) => {}
            }
        }
    }

    /// Takes a frame; returns the application that it says another connection has, or why there are no more frames.
    fn take(
        &mut self,
        frame: Option<Result<Message, tungstenite::Error>>,
        listener: &mut impl Listener,
    ) -> Result<Option<String>, String> {
        self.pings.heard();
        match frame {
            Some(Ok(Message::Text(text))) => return Ok(listener.event(text)),
            Some(Ok(Message::Binary(_))) => listener.broken_frame(),
            Some(Ok(Message::Close(frame))) => {
                return Err(frame.map_or_else(|| "closed by Asterisk".to_owned(), |frame| frame.to_string()));
            }
            Some(Ok(Message::Pong(payload))) => self.fences.pong(&payload),
            // Pings are answered by the library. A pong of our own would crash Asterisk 22.11-rc1.
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                if matches!(error, tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_)) {
                    listener.broken_frame();
                }
                return Err(error.to_string());
            }
            None => return Err("closed by Asterisk".to_owned()),
        }
        Ok(None)
    }
}
