//! Whether the broker is there, as a value to look at and to wait for.

use tokio::sync::watch;
use tracing::{debug, info, warn};

/// The state of a connection to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Connected.
    Up,
    /// Not connected; the text says why, for people.
    Down(String),
    /// Closed for good by [`crate::Bus::close`].
    Closed,
}

/// A view of the connection's state that follows it.
#[derive(Debug, Clone)]
pub struct LinkState(watch::Receiver<Link>);

impl LinkState {
    /// Wraps the receiving end that a bus implementation keeps up to date.
    #[must_use]
    pub fn new(receiver: watch::Receiver<Link>) -> Self {
        Self(receiver)
    }

    /// The state now.
    #[must_use]
    pub fn now(&self) -> Link {
        self.0.borrow().clone()
    }

    /// Whether the broker is connected now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.0.borrow() == Link::Up
    }

    /// Waits for the next change and returns the new state; `Closed` once there can be no other.
    pub async fn changed(&mut self) -> Link {
        match self.0.changed().await {
            Ok(()) => self.0.borrow_and_update().clone(),
            Err(_) => Link::Closed,
        }
    }

    /// Waits until the broker is connected; false if the bus was closed instead.
    pub async fn up(&mut self) -> bool {
        self.0.wait_for(|link| !matches!(link, Link::Down(_))).await.is_ok_and(|link| *link == Link::Up)
    }
}

/// Says when the broker comes and goes, once each, until the bus is closed.
pub(crate) async fn report(bus: &'static str, mut link: LinkState) {
    let mut state = link.now();
    let mut away_was_said = false;
    // Not connected yet is no news when we have only just begun to connect.
    if matches!(state, Link::Down(_)) {
        state = link.changed().await;
    }
    loop {
        match &state {
            Link::Up => {
                info!(bus, "connected to the bus");
                away_was_said = false;
            }
            // A new reason for being away is not said again.
            Link::Down(why) if away_was_said => debug!(bus, %why, "the bus is still away"),
            Link::Down(why) => {
                warn!(bus, %why, "the bus is away, will keep trying");
                away_was_said = true;
            }
            Link::Closed => return,
        }
        state = link.changed().await;
    }
}
