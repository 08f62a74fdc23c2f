//! Our own pulse: a message that we send ourselves over the bus. While it comes back, workers can be heard.

use std::convert::Infallible;

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};
use tracing::trace;

use super::Context;
use crate::limits::PULSE;

/// The last token of its topic, which is no offer's uuid.
const TOKEN: &str = "pulse";

/// Whether a message is a pulse.
pub(super) fn is_pulse(context: &Context, topic: &str) -> bool {
    topic.strip_prefix(&context.inbox) == Some(TOKEN)
}

/// Sends pulses, for ever.
pub(crate) async fn send(context: &Context) -> Infallible {
    let topic = format!("{}{TOKEN}", context.inbox);
    let mut ticks = interval(PULSE);
    // What was missed is not made up for: a row of pulses would say that time passed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = context.bus.publish(&topic, Bytes::new()).await {
            trace!(%error, "a pulse could not be sent");
        }
    }
}

/// A pulse has come back.
pub(super) fn came_back(context: &Context) {
    context.clock.beat();
    context.leases.look();
}
