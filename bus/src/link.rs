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

/// Why a link is down that has only just begun to connect.
pub(crate) const NOT_YET: &str = "not connected yet";

/// How many reasons are said while the broker is away: enough for that it starts and then refuses us, too few for a flood.
const REASONS_SAID: usize = 4;

/// Says when the broker comes and goes, and each reason why it is away once, until the bus is closed.
pub(crate) async fn report(bus: &'static str, mut link: LinkState) {
    let mut state = first_news(&mut link).await;
    let mut said: Vec<String> = Vec::new();
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

/// The first state that is worth telling. That a broker refused us is, although it may have done so before anybody looked: it may
/// never say anything else.
async fn first_news(link: &mut LinkState) -> Link {
    match link.now() {
        Link::Down(why) if why == NOT_YET => link.changed().await,
        now => now,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn that_a_broker_is_away_is_news_however_early_it_was_known() {
        let link = watch::Sender::new(Link::Down(NOT_YET.to_owned()));
        let mut early = LinkState::new(link.subscribe());
        assert_eq!(first_news(&mut early).now_or_never(), None, "it has only just begun");
        let refused = Link::Down("refused".to_owned());
        link.send_replace(refused.clone());
        let mut late = LinkState::new(link.subscribe());
        for link in [&mut early, &mut late] {
            assert_eq!(first_news(link).now_or_never(), Some(refused.clone()));
        }
    }
}
