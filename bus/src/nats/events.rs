//! What the client library tells about a connection, as log lines and as the connection's [fate](Fate).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use async_nats::{Event, ServerError};

use super::{limits::WARNING_INTERVAL, session::Fate};

/// Listens to the events of one connection.
#[derive(Debug)]
pub(super) struct Events {
    server: String,
    fate: Arc<Fate>,
    since: Instant,
    dropped: Pace,
    refused: Pace,
}

/// How often something happened, and whether it may be told of again.
#[derive(Debug, Default)]
struct Pace {
    times: AtomicU64,
    /// Milliseconds after the connection began at which the next line may come.
    next: AtomicU64,
}

impl Pace {
    /// It has happened: how often by now, if that is to be told.
    fn count(&self, since: Instant) -> Option<u64> {
        let times = self.times.fetch_add(1, Ordering::Relaxed) + 1;
        let now = millis(since.elapsed());
        let (due, next) = (self.next.load(Ordering::Relaxed), now + millis(WARNING_INTERVAL));
        let told =
            now >= due && self.next.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        told.then_some(times)
    }
}

impl Events {
    pub(super) fn new(server: String, fate: Arc<Fate>) -> Self {
        Self { server, fate, since: Instant::now(), dropped: Pace::default(), refused: Pace::default() }
    }

    pub(super) fn see(&self, event: Event) {
        match event {
            Event::Disconnected | Event::Closed => self.fate.lost.cancel(),
            Event::SlowConsumer(_) => self.warn_of_dropped(),
            Event::LameDuckMode => {
                tracing::info!(server = %self.server, "the NATS server is about to shut down")
            }
            Event::ServerError(ServerError::Other(text)) => self.server_error(&text),
            Event::ServerError(error) => {
                tracing::warn!(server = %self.server, %error, "NATS reports an error")
            }
            // A failed attempt to connect is the keeper's to tell; there is no draining.
            Event::Connected | Event::Draining | Event::ClientError(_) => {}
        }
    }

    fn server_error(&self, text: &str) {
        if let Some(what) = text.strip_prefix("Permissions Violation for ") {
            self.fate.refuse(what);
            // A stream may publish thousands a second where it may publish nothing. The refusal of a subscription comes once.
            let times = if what.starts_with("Publish") { self.refused.count(self.since) } else { Some(1) };
            match times {
                Some(times) => {
                    tracing::error!(server = %self.server, times, "NATS does not allow this process: {what}");
                }
                None => tracing::debug!(server = %self.server, "NATS does not allow this process: {what}"),
            }
        } else {
            tracing::warn!(server = %self.server, error = text, "NATS reports an error");
        }
    }

    fn warn_of_dropped(&self) {
        let Some(dropped) = self.dropped.count(self.since) else { return };
        tracing::warn!(
            server = %self.server,
            at_least = dropped,
            "messages from NATS were dropped: they came faster than this process read them and its queue was full; \
             they are lost",
        );
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
