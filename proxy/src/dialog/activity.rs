//! What a dialog still has to do: it does not end before that is done and a time of quiet has passed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::clock::Clock;

/// What a dialog still has to do, and since when it has had nothing to do.
pub(super) struct Activity {
    busy: watch::Sender<usize>,
    clock: Arc<Clock>,
    /// Milliseconds of good time at which the last thing was done.
    last: AtomicU64,
}

/// One thing that a dialog still has to do; it is done when this is dropped.
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    /// Nothing is to be done yet.
    pub(super) fn new(clock: &Arc<Clock>) -> Self {
        let activity =
            Self { busy: watch::Sender::new(0), clock: Arc::clone(clock), last: AtomicU64::new(0) };
        activity.note_done();
        activity
    }

    /// Notes that something is to be done.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.send_modify(|busy| *busy += 1);
        Busy(Arc::clone(self))
    }

    /// Whether nothing is to be done now.
    pub(super) fn is_idle(&self) -> bool {
        *self.busy.borrow() == 0
    }

    /// Waits until nothing is to be done.
    pub(super) async fn idle(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.busy.subscribe().wait_for(|busy| *busy == 0).await;
    }

    /// When the last thing was done, in good time.
    pub(super) fn idle_since(&self) -> Duration {
        Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    fn note_done(&self) {
        let now = u64::try_from(self.clock.now().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.note_done();
        self.0.busy.send_modify(|busy| *busy -= 1);
    }
}
