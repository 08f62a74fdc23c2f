//! The task that keeps the link up: connects, brings the subscriptions back, waits for the end of the session, and
//! begins again, for ever.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::{task::JoinHandle, time::Instant};

use super::{
    core::Core,
    fault::{Fault, fault, no_connection},
    limits::{BACKOFF_MAX, BACKOFF_MIN, LEFTOVER_CHECK, OPEN_DEADLINE, RESTORE_DEADLINE, STEADY},
    session::Session,
};
use crate::Link;

/// Keeps the link up until the bus hangs up.
pub(super) async fn run(core: Arc<Core>) {
    let mut pauses = pauses();
    let mut first = true;
    while !core.hang_up.is_cancelled() {
        let opening = Session::open(&core.address, &core.options.client_name, core.next_id());
        let attempt = tokio::time::timeout(OPEN_DEADLINE, opening);
        let (down, refused) = match core.hang_up.run_until_cancelled(attempt).await {
            None => break,
            Some(Ok(Ok(session))) => {
                let began = Instant::now();
                let why = serve(&core, &session, !first).await;
                first = false;
                if began.elapsed() >= STEADY {
                    pauses = self::pauses();
                }
                (why, false)
            }
            Some(Ok(Err(error))) => {
                let refused = fault(&error) == Fault::Denied;
                (no_connection(&core.address, &error), refused)
            }
            Some(Err(_)) => (format!("connecting to {}: no answer in time", core.address), false),
        };
        if core.hang_up.is_cancelled() {
            break;
        }
        core.tell(Link::Down(down));
        // Wrong credentials are not asked about at short intervals: that locks accounts and fills logs.
        let pause = if refused { BACKOFF_MAX } else { pauses.next().unwrap_or(BACKOFF_MAX) };
        core.hang_up.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

/// The pauses between two attempts to connect.
pub(super) fn pauses() -> ExponentialBackoff {
    let pauses = ExponentialBuilder::new().with_min_delay(BACKOFF_MIN).with_max_delay(BACKOFF_MAX);
    pauses.without_max_times().with_jitter().build()
}

/// Runs a session; returns why it ended.
async fn serve(core: &Arc<Core>, session: &Arc<Session>, reconnected: bool) -> String {
    let watching = core.keepers.spawn(Arc::clone(session).watch());
    core.announce(session);
    let restored = tokio::time::timeout(RESTORE_DEADLINE, session.restored());
    let restored =
        core.hang_up.run_until_cancelled(session.vitals.broken.run_until_cancelled(restored)).await;
    if matches!(restored, Some(Some(Err(_)))) {
        tracing::warn!("not all subscriptions are back; they are tried again while the link is up");
    }
    let mut hindrance = session.vitals.hindrance.subscribe();
    hindrance.mark_changed();
    let mut repair = tokio::time::interval(LEFTOVER_CHECK);
    let mut reconnected = reconnected;
    let mut repairing: Option<JoinHandle<()>> = None;
    loop {
        tokio::select! {
            // A session that has ended is not announced any more.
            biased;
            () = core.hang_up.cancelled() => {
                session.close(core.options.deadline).await;
                break;
            }
            () = session.vitals.broken.cancelled() => break,
            Ok(()) = hindrance.changed() => {
                let link = hindrance.borrow_and_update().reason().map_or(Link::Up, Link::Down);
                core.tell(link);
            }
            _ = repair.tick() => {
                if repairing.as_ref().is_some_and(|repairing| !repairing.is_finished()) {
                    continue;
                }
                let again = std::mem::take(&mut reconnected);
                repairing = Some(core.tasks.spawn(self::repair(Arc::clone(core), Arc::clone(session), again)));
            }
        }
    }
    let why = format!("{}: {}", core.address, session.vitals.why());
    // First the state: whoever sees the session gone must not find the link up. That we leave is no outage.
    let gone = if core.hang_up.is_cancelled() { Link::Closed } else { Link::Down(why.clone()) };
    core.tell(gone);
    core.session.send_replace(None);
    if let Err(error) = watching.await {
        tracing::error!(%error, "the task that watches the link");
    }
    why
}

async fn repair(core: Arc<Core>, session: Arc<Session>, reconnected: bool) {
    let repair = session.vitals.broken.run_until_cancelled(core.repair(&session, reconnected));
    core.stop.run_until_cancelled(repair).await;
}

/// The part of a deadline that is left at a point in time.
pub(super) fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
