//! Subscribing as soon as the bus is there.

use std::sync::Arc;

use ari_bus::{Bus, BusError};
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{limits::MAX_SUBSCRIBE_PAUSE, pauses::Pauses};

/// Subscribes as soon as the bus is there; `None` if the proxy stops before.
pub(super) async fn subscribe<'a, T>(
    bus: &Arc<dyn Bus>,
    stop: &CancellationToken,
    topics: &[String],
    attempt: impl Fn() -> BoxFuture<'a, Result<T, BusError>>,
) -> Option<T> {
    let mut pauses = Pauses::new(MAX_SUBSCRIBE_PAUSE);
    let mut said = String::new();
    loop {
        let mut link = bus.link();
        tokio::select! {
            up = link.up() => if !up { return None },
            () = stop.cancelled() => return None,
        }
        match attempt().await {
            Ok(subscriptions) => return Some(subscriptions),
            Err(error) => {
                let text = error.to_string();
                // A refusal lasts until a person changes something: it is not said again and again.
                if text == said {
                    debug!(%error, "still cannot subscribe on the bus");
                } else if error.is_retryable() {
                    warn!(%error, "cannot subscribe on the bus, will keep trying");
                } else {
                    warn!(%error, ?topics, "cannot subscribe on the bus, will keep trying: this proxy must be allowed to read every topic that begins so");
                }
                said = text;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pauses.next()) => {}
            () = stop.cancelled() => return None,
        }
    }
}
