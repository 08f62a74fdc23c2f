//! The queues of a version-1 worker, on a bus that keeps messages: made before anything is sent, and read before they are
//! deleted.

use ari_bus::Retention;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::{Context, Dialog, owner::Owner, persist::wait_for_broker};
use crate::{
    limits::{MAX_OFFER_PAUSE, MAX_PAUSE},
    pauses::Pauses,
};

/// Makes the worker's topics ready, however long the broker is away; says what happens to what it has not subscribed to
/// yet.
pub(super) async fn prepare(context: &Context, dialog: &Dialog, owner: &Owner) -> Retention {
    let mut pauses = Pauses::new(MAX_PAUSE);
    for topic in [owner.responses(), owner.events()] {
        loop {
            match context.bus.declare(&topic).await {
                Ok(Retention::Kept) => break,
                Ok(Retention::Dropped) => return Retention::Dropped,
                Err(error) if error.is_retryable() => wait_for_broker(context, &mut pauses).await,
                Err(error) => {
                    warn!(dialog = %dialog.root, channel = dialog.channel(), %topic, %error, "a topic cannot be made");
                    return Retention::Dropped;
                }
            }
        }
    }
    Retention::Kept
}

/// Waits until the worker has taken what its queues hold, for the retention time at most, and no longer than a stop may
/// take.
pub(super) async fn until_read(context: &Context, dialog: &Dialog, owner: &Owner) {
    let until = Instant::now() + context.config.dialog.retention;
    let topics = (owner.events(), owner.responses());
    let (events, responses) = tokio::join!(
        until_empty(context, dialog, &topics.0, until),
        until_empty(context, dialog, &topics.1, until)
    );
    if (events, responses) != (Some(0), Some(0)) {
        warn!(dialog = %dialog.root, channel = dialog.channel(), ?events, ?responses, "deleted with what the worker has not read");
    }
}

/// Asks until nothing waits in a topic or the time is up; returns how many messages still wait. A broker that does not
/// answer has told nothing: it is asked again.
async fn until_empty(context: &Context, dialog: &Dialog, topic: &str, until: Instant) -> Option<usize> {
    let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
    loop {
        let unread = match context.bus.unread(topic).await {
            Ok(0) => return Some(0),
            Ok(unread) => Some(unread),
            Err(error) if error.is_retryable() => None,
            Err(error) => {
                warn!(dialog = %dialog.root, channel = dialog.channel(), %topic, %error, "what waits there cannot be asked");
                return None;
            }
        };
        tokio::select! {
            () = sleep(pauses.next()) => {}
            () = sleep_until(until) => return unread,
            () = context.abandon.cancelled() => return unread,
        }
    }
}
