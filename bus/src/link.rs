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

/// How many reasons are said while the broker is away: enough for that it starts and then refuses us, too few for a flood.
const REASONS_SAID: usize = 4;

/// Says when the broker comes and goes, and each reason why it is away once, until the bus is closed.
pub(crate) async fn report(bus: &'static str, mut link: LinkState) {
    let mut state = link.now();
    let mut said: Vec<String> = Vec::new();
    // Not connected yet is no news when we have only just begun to connect.
    if matches!(state, Link::Down(_)) {
        state = link.changed().await;
    }
    loop {
        match state {
            Link::Up => {
                info!(bus, "connected to the bus");
                said.clear();
            }
            Link::Down(why) if said.contains(&why) || said.len() >= REASONS_SAID => {
                debug!(bus, %why, "the bus is still away");
            }
            // That it was away must not hide that it refuses us now.
            Link::Down(why) => {
                warn!(bus, %why, "the bus is away, will keep trying");
                said.push(why);
            }
            Link::Closed => return,
        }
        state = link.changed().await;
    }
}
