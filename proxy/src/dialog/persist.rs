//! Operations on the bus that are tried again while the broker is away, up to a deadline, or until a stop has no time left.

use ari_bus::BusError;
use bytes::Bytes;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::debug;

use super::Context;
use crate::{
    limits::{ANSWER_RETRY, CLEAN_UP, MAX_PAUSE},
    pauses::Pauses,
};

/// Publishes the answer to a command, again and again while the broker is away; false if they could not be delivered in time.
pub(super) async fn answer_persistently(context: &Context, topic: &str, messages: Vec<Bytes>) -> bool {
    let deadline = Instant::now() + ANSWER_RETRY;
    persistently(context, deadline, || context.publish_answer(topic, messages.clone())).await.is_ok()
}

/// Deletes the topics of a dialog, again and again while the broker is away.
pub(super) async fn delete_persistently(context: &Context, topics: Vec<String>) {
    let deadline = Instant::now() + CLEAN_UP;
    for topic in topics {
        if let Err(error) = persistently(context, deadline, || context.delete(&topic)).await {
            debug!(%topic, %error, "a topic could not be deleted");
        }
    }
}

/// Tries something on the bus until it works, fails for good, or its time is up.
async fn persistently<T, F>(
    context: &Context,
    deadline: Instant,
    mut operation: impl FnMut() -> F,
) -> Result<T, BusError>
where
    F: Future<Output = Result<T, BusError>>,
{
    let mut pauses = Pauses::new(MAX_PAUSE);
    loop {
        let error = match operation().await {
            Err(error) if error.is_retryable() => error,
            done => return done,
        };
        tokio::select! {
            biased;
            () = context.abandon.cancelled() => return Err(error),
            () = sleep_until(deadline) => return Err(error),
            () = wait_for_broker(context, &mut pauses) => {}
        }
    }
}

/// Waits until the broker is there, and a little in any case.
pub(super) async fn wait_for_broker(context: &Context, pauses: &mut Pauses) {
    sleep(pauses.next()).await;
    if !context.bus.link().up().await {
        // Closed: nothing will ever be published again. The dialog's end drops this future.
        std::future::pending::<()>().await;
    }
}
