//! The websocket on which Asterisk sends the events of all configured applications, and its reconnection.

mod connect;
mod fence;
mod read;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    mem::{Discriminant, discriminant},
    pin::pin,
};

use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

pub(crate) use connect::handshake;
use connect::{ConnectError, connect};
pub(crate) use fence::Fence;
use fence::Fences;
use read::{Pings, read};

use super::limits::{MAX_PAUSE, MAX_PAUSE_LOST, MIN_PAUSE, PING_EVERY, REFUSED_PAUSE, STEADY};
use crate::{config::Config, pauses::Pauses};

/// Who hears what comes from Asterisk. Called by the one task that reads the socket, so it must never block: Asterisk
/// closes a socket whose reader stalls 100 ms.
pub(crate) trait Listener {
    /// The socket is up: events of the applications come from now on. What happened before is not repeated.
    fn connected(&mut self, fence: Fence);
    /// The socket is gone: events are lost until [`Listener::connected`].
    fn disconnected(&mut self);
    /// There is no Asterisk that a socket could be opened to.
    fn away(&mut self);
    /// One text frame.
    fn event(&mut self, text: Utf8Bytes);
    /// A frame that cannot be an event.
    fn broken_frame(&mut self);
}

/// Keeps a websocket to Asterisk until `stop` is cancelled, connecting again whenever it is lost.
pub(crate) async fn listen(config: &Config, mut listener: impl Listener, stop: CancellationToken) {
    let (mut failed, mut lost) = (until_connected(), until_steady());
    let mut said = Said::default();
    loop {
        let connected = tokio::select! {
            // Boxed: the state of a handshake is large, and needed only for a moment.
            connected = Box::pin(connect(config)) => connected,
            () = stop.cancelled() => return,
        };
        let pause = match connected {
            Ok(socket) => {
                let quiet = said.connected;
                if quiet {
                    debug!("connected to Asterisk's events once more");
                } else {
                    say_connected(config);
                    said.connected = true;
                }
                failed = until_connected();
                let (fence, fences) = Fences::new();
                listener.connected(fence);
                let (steady, why) = {
                    let reading = read(socket, &mut listener, &stop, Pings::new(PING_EVERY), fences);
                    let mut reading = pin!(reading);
                    match timeout(STEADY, &mut reading).await {
                        Ok(why) => (false, why),
                        Err(_) => {
                            if quiet {
                                say_connected(config);
                            }
                            (lost, said) = (until_steady(), Said::default());
                            (true, reading.await)
                        }
                    }
                };
                listener.disconnected();
                if stop.is_cancelled() {
                    return;
                }
                if steady {
                    warn!(%why, "the connection to Asterisk's events was lost; connecting again");
                } else if said.lost {
                    debug!(%why, "the connection to Asterisk's events was lost once more");
                } else {
                    warn!(%why, "the connection to Asterisk's events was lost soon after it was made; trying on");
                    said.lost = true;
                }
                lost.next()
            }
            Err(error) => {
                if error.is_away() {
                    listener.away();
                }
                if said.failed.insert(discriminant(&error)) {
                    warn!("cannot connect to Asterisk's events, will keep trying: {error}");
                } else {
                    debug!(%error, "still cannot connect to Asterisk's events");
                }
                if matches!(error, ConnectError::Credentials) { REFUSED_PAUSE } else { failed.next() }
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// What was said since a connection was last [`STEADY`]: each thing is said once, not at each attempt.
#[derive(Debug, Default)]
struct Said {
    connected: bool,
    /// That a connection was lost which had not been steady.
    lost: bool,
    /// Why there was no connection, each cause once: that Asterisk was away must not hide that it refuses us now.
    failed: HashSet<Discriminant<ConnectError>>,
}

fn say_connected(config: &Config) {
    info!(applications = %config.applications.join(","), "connected to Asterisk's events");
}

/// The pauses between attempts that fail.
fn until_connected() -> Pauses {
    Pauses::between(MIN_PAUSE, MAX_PAUSE)
}

/// The pauses between connections that are lost soon.
fn until_steady() -> Pauses {
    Pauses::between(MIN_PAUSE, MAX_PAUSE_LOST)
}
