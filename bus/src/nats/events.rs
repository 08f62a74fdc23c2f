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
    dropped: AtomicU64,
    /// Milliseconds after `since` at which dropped messages may be warned about again.
    next_warning: AtomicU64,
}

impl Events {
    pub(super) fn new(server: String, fate: Arc<Fate>) -> Self {
        Self {
            server,
            fate,
            since: Instant::now(),
            dropped: AtomicU64::new(0),
            next_warning: AtomicU64::new(0),
        }
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
            tracing::error!(server = %self.server, "NATS does not allow this process: {what}");
        } else {
            tracing::warn!(server = %self.server, error = text, "NATS reports an error");
        }
    }

    fn warn_of_dropped(&self) {
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        let now = millis(self.since.elapsed());
        let due = self.next_warning.load(Ordering::Relaxed);
        let next = now + millis(WARNING_INTERVAL);
        if now < due
            || self.next_warning.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
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
