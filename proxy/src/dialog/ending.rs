//! When a dialog that a worker has is over.

use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{Context, Dialog, activity::Activity};
use crate::{limits::LOOK_AGAIN, pauses::Pauses};

/// Why a dialog is over for its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// No channel of it lives any more.
    Over,
    /// The proxy stops.
    Stopped,
}

/// Resolves when no channel lives and nothing has happened for the linger time, or the retention time is up, or the
/// proxy stops and what was in flight is done.
pub(super) async fn until_over(context: &Context, dialog: &Dialog, activity: &Activity) -> Ending {
    tokio::select! {
        () = until_quiet(context, dialog, activity) => Ending::Over,
        () = until_done(context, dialog, activity) => Ending::Stopped,
        () = context.abandon.cancelled() => Ending::Stopped,
    }
}

async fn until_quiet(context: &Context, dialog: &Dialog, activity: &Activity) {
    let mut channels = dialog.channels.subscribe();
    let times = &context.config.dialog;
    loop {
        // The dialog itself holds the sender: this cannot fail.
        let _ = channels.wait_for(|channels| *channels == 0).await;
        let since = Instant::now();
        while *channels.borrow_and_update() == 0 {
            let quiet = activity.idle_since().max(since) + times.linger;
            let retained = since + times.retention;
            // While something is still to be done only the retention time ends the wait.
            let idle = activity.is_idle() && is_empty(&dialog.events);
            let now = Instant::now();
            if now >= retained || (idle && now >= quiet) {
                return;
            }
            let look_again = if now >= quiet { now + times.linger.max(LOOK_AGAIN) } else { quiet };
            tokio::select! {
                _ = channels.wait_for(|channels| *channels > 0) => {}
                () = sleep_until(look_again.min(retained)) => {}
            }
        }
    }
}

/// Resolves when the proxy stops and everything in flight is done.
async fn until_done(context: &Context, dialog: &Dialog, activity: &Activity) {
    context.stop.cancelled().await;
    let mut pauses = Pauses::new(LOOK_AGAIN);
    loop {
        activity.idle().await;
        if is_empty(&dialog.events) && is_empty(&dialog.mail) {
            return;
        }
        // What is queued is about to be taken by another branch of the same task.
        sleep(pauses.next()).await;
    }
}

fn is_empty<T>(queue: &mpsc::Sender<T>) -> bool {
    queue.capacity() == queue.max_capacity()
}
