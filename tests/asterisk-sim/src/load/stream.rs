//! Numbered events of calls that are up, one after the other, over all calls at a steady rate.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{LoadCall, LoadPlan, numbered::numbered, receiver};
use crate::server::{Shared, outbox::Outgoing};

/// How often is looked for calls whose next event is due.
const TICK: Duration = Duration::from_millis(2);

/// Spreads calls that were placed at once over the pause: the golden ratio's multiples lie as far apart as can be.
const SPREAD: f64 = 0.618_033_988_75;

/// A call whose last event was not sent yet.
struct Running {
    /// Its place among the calls.
    index: usize,
    sent: u64,
    due: Instant,
}

/// Sends until all calls are `placed` and each has had its last event or is gone. Once `finished`, the next is the last.
pub(super) async fn send_all(
    shared: &Shared,
    plan: &LoadPlan,
    made: &Mutex<Vec<LoadCall>>,
    placed: &CancellationToken,
    finished: &CancellationToken,
) {
    let (mut running, mut known) = (Vec::new(), 0);
    loop {
        // Looked at before the calls are: none is placed afterwards.
        let all = placed.is_cancelled();
        {
            let mut calls = made.lock().unwrap_or_else(PoisonError::into_inner);
            for (index, call) in calls.iter().enumerate().skip(known) {
                let due = call.at + plan.pause.mul_f64((index as f64 * SPREAD).fract());
                running.push(Running { index, sent: 0, due });
            }
            known = calls.len();
            let last = finished.is_cancelled();
            running.retain_mut(|of| send_due(shared, plan, &mut calls[of.index], of, last));
        }
        if all && running.is_empty() {
            return;
        }
        sleep(TICK).await;
    }
}

/// Sends what is due of one call; false if nothing is to come any more.
fn send_due(
    shared: &Shared,
    plan: &LoadPlan,
    call: &mut LoadCall,
    running: &mut Running,
    finished: bool,
) -> bool {
    let now = Instant::now();
    if running.due > now {
        return true;
    }
    let world = shared.world();
    if !world.channels.contains_key(&call.channel_id) {
        return false;
    }
    let Some(outbox) = receiver(&world, &plan.application) else {
        // Nobody is connected: the call waits, and nothing piles up.
        running.due = now + plan.pause;
        return true;
    };
    while running.due <= now {
        let number = running.sent + 1;
        let last = finished || number == plan.events_per_call;
        let frame = numbered(&world, &call.channel_id, plan, number..=number, last.then_some(number));
        outbox.send(Outgoing::Bytes(frame.into()));
        (running.sent, call.events) = (number, number);
        if last {
            return false;
        }
        running.due += plan.pause;
    }
    true
}
