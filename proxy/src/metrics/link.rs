//! Follows the connection to the bus.

use std::sync::Arc;

use ari_bus::{Link, LinkState};

use super::{Metric, Metrics};

/// Counts the connections to the bus that are made anew, until it is closed.
pub(crate) async fn follow_bus(mut link: LinkState, metrics: Arc<Metrics>) {
    let mut was_up = link.is_up();
    metrics.set(Metric::BusConnected, usize::from(was_up));
    loop {
        let now = link.changed().await;
        metrics.set(Metric::BusConnected, usize::from(now == Link::Up));
        match now {
            // Where it came back faster than this task looks, that it was away shows by its being said at all.
            Link::Up if was_up => metrics.count(Metric::BusReconnects),
            Link::Up => was_up = true,
            Link::Down(_) => {}
            Link::Closed => return,
        }
    }
}
