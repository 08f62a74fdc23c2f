//! What a dialog still has to do: it does not end before that is done and a time of quiet has passed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

/// What a dialog still has to do, and since when it has had nothing to do.
pub(super) struct Activity {
    busy: watch::Sender<usize>,
    began: Instant,
    /// Milliseconds from `began` to the end of the last thing done.
    last: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Self { busy: watch::channel(0).0, began: Instant::now(), last: AtomicU64::new(0) }
    }
}

/// One thing that a dialog still has to do; it is done when this is dropped.
pub(super) struct Busy(Arc<Activity>);

impl Activity {
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

    /// When the last thing was done.
    pub(super) fn idle_since(&self) -> Instant {
        self.began + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.store(now, Ordering::Relaxed);
        self.0.busy.send_modify(|busy| *busy -= 1);
    }
}
