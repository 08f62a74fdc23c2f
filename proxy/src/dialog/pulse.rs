//! Our own pulse: a message that we send ourselves over the bus. While it comes back, workers can be heard.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{trace, warn};

use super::Context;
use crate::{
    limits::{PULSE, PULSE_LATE, PULSES_MISSED},
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
    let (mut unheard, mut told) = (0, false);
    loop {
        ticks.tick().await;
        // Counted, and not timed: the silence of an outage, or of a process that stood still, says nothing about our topics.
        let silent = context.bus.link().is_up() && context.clock.silence() > PULSE_LATE;
        unheard = if silent { unheard + 1 } else { 0 };
        let missing = unheard >= PULSES_MISSED;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ari_bus::memory::MemoryBus;
    use tokio::time::{advance, sleep};

    use super::{super::testing, *};
    use crate::testing::log;

    #[tokio::test(start_paused = true)]
    async fn only_what_does_not_come_back_over_a_link_that_is_up_is_told() {
        let (_log, mut lines) = log();
        let bus = MemoryBus::new();
        let context = Arc::new(testing::context(bus.another()));
        let sending = tokio::spawn(send(Arc::clone(&context)));
        let mut told =
            || std::iter::from_fn(|| lines.try_recv().ok()).filter(|line| line.contains("come back")).count();
        for _ in 0..50 {
            sleep(PULSE).await;
            came_back(&context);
        }
        bus.set_available(false);
        sleep(Duration::from_secs(60)).await;
        bus.set_available(true);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(told(), 0, "after an outage");
        came_back(&context);
        sleep(PULSE).await;
        advance(Duration::from_secs(60)).await;
        sleep(Duration::from_secs(10)).await;
        assert_eq!(told(), 0, "after the process stood still");
        sleep(Duration::from_secs(60)).await;
        assert_eq!(told(), 1, "nothing comes back");
        sending.abort();
    }
}
