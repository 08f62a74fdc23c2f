//! When a dialog that a worker has is over.

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    Context, Dialog, activity::Activity, kept::KeptEvent, owner::Owner, queues, unanswered::give_back,
};
use crate::{
    limits::{LOOK_AGAIN, OPEN_PATIENCE},
    metrics::{DialogState, Held},
    pauses::Pauses,
};

/// Resolves when the dialog is over and its owner knows that it has had everything.
///
/// It is over when no channel lives and nothing has happened for the linger time, or the retention time is up.
pub(super) async fn until_over(
    context: &Arc<Context>,
    dialog: &Arc<Dialog>,
    owner: &Owner,
    activity: &Activity,
    state: &Held,
) {
    until_quiet_or_forgotten(context, dialog, activity, state).await;
    state.is_now(DialogState::Lingering);
    dialog.let_all_go(context);
    // From here on a late event belongs to no dialog. A channel that entered in this very moment is nobody's.
    let left = context.registry().close(dialog);
    if !left.is_empty() {
        let (giving, dialog) = (Arc::clone(context), Arc::clone(dialog));
        context.spawn(async move { give_back(&giving, &dialog, &left).await });
    }
    if owner.version_1 {
        dialog.delivery.finish(None);
        // What it has not read yet would be deleted with its queues.
        return Box::pin(queues::until_read(context, dialog, owner)).await;
    }
    dialog.delivery.finish(Some(KeptEvent::new("ProxyEnded", r#"{"type":"ProxyEnded"}"#.into())));
    let times = &context.config.dialog;
    let retained = context.clock.now() + times.retention;
    tokio::select! {
        () = until_had(context, dialog) => {}
        () = context.clock.sleep_until(retained) => {}
        // Bus or no bus.
        () = sleep(times.retention + times.outage_patience) => {}
    }
}

/// Resolves when the owner has had everything, as far as it tells.
async fn until_had(context: &Context, dialog: &Dialog) {
    let linger = context.config.dialog.linger;
    loop {
        let quiet = context.clock.now() + linger;
        tokio::select! {
            () = dialog.delivery.acknowledged() => return,
            () = context.clock.sleep_until(quiet) => {}
        }
        // Who never says what it has is given the time to ask for what it misses.
        if !dialog.delivery.progress().tells() && dialog.delivery.waiting() == 0 {
            return;
        }
    }
}

/// Resolves when the dialog is quiet, or in any time when nobody can want it any more, bus or no bus.
async fn until_quiet_or_forgotten(context: &Context, dialog: &Dialog, activity: &Activity, state: &Held) {
    let times = &context.config.dialog;
    let mut channels = dialog.channels.subscribe();
    let forgotten = async {
        loop {
            // The dialog itself holds the sender: this cannot fail.
            let _ = channels.wait_for(|channels| *channels == 0).await;
            let longest = times.retention + times.outage_patience;
            if timeout(longest, channels.wait_for(|channels| *channels > 0)).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = until_quiet(context, dialog, activity, state) => {}
        () = forgotten => {}
    }
}

async fn until_quiet(context: &Context, dialog: &Dialog, activity: &Activity, state: &Held) {
    let mut channels = dialog.channels.subscribe();
    let (clock, times) = (&context.clock, &context.config.dialog);
    loop {
        // The dialog itself holds the sender: this cannot fail.
        let _ = channels.wait_for(|channels| *channels == 0).await;
        state.is_now(DialogState::Lingering);
        let since = clock.now();
        let retained = since + times.retention;
        while *channels.borrow_and_update() == 0 {
            // Whoever opened it may be about to call somebody, or somebody else.
            let linger =
                if dialog.channel().is_none() { OPEN_PATIENCE.max(times.linger) } else { times.linger };
            let quiet = activity.idle_since().max(since) + linger;
            // While something is still to be done only the retention time ends the wait.
            let idle = activity.is_idle() && dialog.delivery.waiting() == 0;
            let now = clock.now();
            if now >= retained || (idle && now >= quiet) {
                return;
            }
            let look_again = if now >= quiet { now + times.linger.max(LOOK_AGAIN) } else { quiet };
            tokio::select! {
                _ = channels.wait_for(|channels| *channels > 0) => {}
                () = clock.sleep_until(look_again.min(retained)) => {}
            }
        }
        state.is_now(DialogState::Active);
    }
}

/// Resolves when the proxy stops and everything in flight is done, or there is no time left for it.
pub(super) async fn until_stopped(context: &Context, dialog: &Dialog, activity: &Activity) {
    context.stop.cancelled().await;
    let mut pauses = Pauses::new(LOOK_AGAIN);
    let done = async {
        loop {
            activity.idle().await;
            if dialog.delivery.waiting() == 0 && is_empty(&dialog.mail) {
                return;
            }
            // What is queued is about to be taken by another branch of the same task.
            sleep(pauses.next()).await;
        }
    };
    let _ = context.abandon.run_until_cancelled(done).await;
}

fn is_empty<T>(queue: &mpsc::Sender<T>) -> bool {
    queue.capacity() == queue.max_capacity()
}
