//! Reading one websocket to its end, with pings that find out whether it is still alive.

use std::time::Duration;

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

/// Reads frames until the connection ends; returns why it did.
pub(super) async fn read(
    mut socket: Socket,
    listener: &mut impl Listener,
    stop: &CancellationToken,
    mut pings: Pings,
    mut fences: Fences,
) -> String {
    loop {
        let mut fence = None;
        tokio::select! {
            // What lies in the socket is read before its silence is judged.
            biased;
            () = stop.cancelled() => {
                // Asterisk needs no goodbye: it is a courtesy that must not hold us up.
                let _ = timeout(WRITE_TIMEOUT, socket.close(None)).await;
                return "stopping".to_owned();
            }
            // Before the frames: under constant load what stands behind them is never reached.
            payload = fences.next() => fence = Some(payload),
            frame = socket.next() => {
                pings.heard();
                match frame {
                    Some(Ok(Message::Text(text))) => listener.event(text),
                    Some(Ok(Message::Binary(_))) => listener.broken_frame(),
                    Some(Ok(Message::Close(frame))) => {
                        return frame.map_or_else(|| "closed by Asterisk".to_owned(), |frame| frame.to_string());
                    }
                    Some(Ok(Message::Pong(payload))) => fences.pong(&payload),
                    // Pings are answered by the library. A pong of our own would crash Asterisk 22.11-rc1.
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        if matches!(error, tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_)) {
                            listener.broken_frame();
                        }
                        return error.to_string();
                    }
                    None => return "closed by Asterisk".to_owned(),
                }
            }
            () = sleep_until(pings.next) => {}
        }
        // Here, not in the branch of the sleep, for the same reason.
        let due = pings.due();
        if due && pings.dead() {
            return format!("nothing heard after {PINGS_UNANSWERED} pings, {:?} apart", pings.every);
        }
        // A fence is as good a ping as any.
        if let Some(payload) = fence.or_else(|| due.then(Bytes::new)) {
            match timeout(WRITE_TIMEOUT, socket.send(Message::Ping(payload))).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "a ping could not be written".to_owned(),
            }
        }
    }
}
