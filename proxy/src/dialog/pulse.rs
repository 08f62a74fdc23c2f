//! Our own pulse: a message that we send ourselves over the bus. While it comes back, workers can be heard.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{trace, warn};

use super::Context;
use crate::{
    limits::{PULSE, PULSE_MISSED},
    metrics::Metric,
};

/// The last token of its topic, which is no offer's uuid.
const TOKEN: &str = "pulse";

/// Whether a message is a pulse.
pub(super) fn is_pulse(context: &Context, topic: &str) -> bool {
    topic.strip_prefix(&context.inbox) == Some(TOKEN)
}

/// Sends pulses, for ever.
pub(crate) async fn send(context: Arc<Context>) {
    let topic = format!("{}{TOKEN}", context.inbox);
    let mut ticks = interval(PULSE);
    // What was missed is not made up for: a row of pulses would say that time passed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = false;
    loop {
        ticks.tick().await;
        let missing = context.clock.silence() >= PULSE_MISSED && context.bus.link().is_up();
        if missing && !std::mem::replace(&mut told, true) {
            warn!(
                ?topic,
                "our own messages do not come back over the bus: no call ends and no lease is lost without them; \
                 may this proxy publish to its own topics?"
            );
        }
        told &= missing;
        if let Err(error) = context.bus.publish(&topic, Bytes::new()).await {
            trace!(%error, "a pulse could not be sent");
        }
    }
}

/// A pulse has come back.
pub(super) fn came_back(context: &Context) {
    context.clock.beat();
    context.metrics.add(Metric::LeasesLost, context.leases.look());
}
