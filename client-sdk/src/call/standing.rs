//! Whether this worker is in touch with the proxy of a call, or cut off from it: then the call may be another's already.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

/// How long one proxy has certainly kept this worker's calls for it. Shared by all its calls of that proxy.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    /// `None` until a heartbeat was answered: an older proxy answers none, and keeps calls for ever.
    granted: Mutex<Option<Granted>>,
    known: watch::Sender<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Granted {
    until: Instant,
    /// From one heartbeat on.
    length: Duration,
}

impl Lease {
    /// A heartbeat that was sent at this time was answered: the lease lasts so long from then on.
    pub(crate) fn renew(&self, sent: Instant, length: Duration) {
        let mut granted = self.lock();
        let until = granted.map_or(sent + length, |granted| granted.until.max(sent + length));
        *granted = Some(Granted { until, length });
        drop(granted);
        self.known.send_if_modified(|known| !std::mem::replace(known, true));
    }

    /// When it ends, unless it is renewed.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.lock().map(|granted| granted.until)
    }

    /// How long it lasts from a heartbeat on.
    pub(crate) fn length(&self) -> Option<Duration> {
        self.lock().map(|granted| granted.length)
    }

    /// Whether it has ended. The clock is looked at each time: a process that was stopped meanwhile must not act first and
    /// notice then.
    pub(crate) fn is_over(&self) -> bool {
        self.until().is_some_and(|until| Instant::now() >= until)
    }

    /// Whether the proxy ever answered. Such a one knows repeated commands for what they are.
    pub(crate) fn is_known(&self) -> bool {
        *self.known.borrow()
    }

    /// Resolves when the proxy has ever answered.
    pub(crate) async fn until_known(&self) {
        // The sender lives as long as `self`: this fails never.
        let _ = self.known.subscribe().wait_for(|known| *known).await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Granted>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one call stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    lease: Arc<Lease>,
    /// Whether the call is cut off. Only a reply that lists it ends that.
    cut: watch::Sender<bool>,
}

impl Standing {
    pub(crate) fn new(lease: Arc<Lease>) -> Self {
        Self { lease, cut: watch::Sender::new(false) }
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Whether the call is cut off now.
    pub(crate) fn is_cut_off(&self) -> bool {
        if self.lease.is_over() {
            self.cut_off();
        }
        *self.cut.borrow()
    }

    /// The lease has ended, or had ended before it was renewed.
    pub(crate) fn cut_off(&self) {
        self.set(true);
    }

    /// A reply lists the call as this worker's.
    pub(crate) fn confirmed(&self) {
        self.set(false);
    }

    /// Follows the changes.
    pub(crate) fn changes(&self) -> watch::Receiver<bool> {
        self.cut.subscribe()
    }

    /// Resolves when the call is cut off (true), or is not (false).
    pub(crate) async fn until(&self, wanted: bool) {
        let mut changes = self.cut.subscribe();
        while self.is_cut_off() != wanted {
            // The sender lives as long as `self`: this fails never.
            let _ = changes.changed().await;
        }
    }

    fn set(&self, cut: bool) {
        self.cut.send_if_modified(|now| std::mem::replace(now, cut) != cut);
    }
}
