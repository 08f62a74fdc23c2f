//! What was said of those who were not let in: Asterisk tries twice a second, and for ever.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use tokio::time::Instant;
use tracing::{debug, warn};

use super::{
    super::limits::{REFUSAL_SAID, REFUSALS},
    peer::Refusal,
};

/// Refusals that were said, and when.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<(IpAddr, Refusal), Instant>>);

impl Refusals {
    /// Says that somebody was not let in, unless that was said just before.
    pub(super) fn say(&self, peer: IpAddr, refusal: Refusal) {
        if self.is_news(peer, &refusal) {
            warn!(%peer, "a connection to `websocket_listen` was refused: {refusal}");
        } else {
            debug!(%peer, %refusal, "a connection was refused once more");
        }
    }

    fn is_news(&self, peer: IpAddr, refusal: &Refusal) -> bool {
        let now = Instant::now();
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= REFUSALS {
            said.retain(|_, at| now < *at + REFUSAL_SAID);
        }
        let key = (peer, refusal.clone());
        let is_news = match said.get(&key) {
            Some(at) => now >= *at + REFUSAL_SAID,
            None => said.len() < REFUSALS,
        };
        if is_news {
            said.insert(key, now);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_is_said_once_a_minute_and_a_flood_of_them_not_at_all() {
        let (refusals, peer) = (Refusals::default(), IpAddr::from([127, 0, 0, 1]));
        let of = |name: &str| Refusal::Unknown(name.to_owned());
        assert!(refusals.is_news(peer, &of("a")) && refusals.is_news(peer, &of("b")));
        assert!(!refusals.is_news(peer, &of("a")));
        tokio::time::advance(REFUSAL_SAID).await;
        assert!(refusals.is_news(peer, &of("a")));
        let said = (0..10_000).filter(|n| refusals.is_news(peer, &of(&n.to_string()))).count();
        assert!(said <= REFUSALS, "{said}");
    }
}
