//! How things stand with the dialogs at this moment, for whoever reads the metrics.

use std::sync::{Arc, Weak};

use super::{Context, Dialog};
use crate::metrics::{Gauges, Metric, Metrics, WorkerState};

impl Context {
    /// From now on this one tells how things stand.
    pub(crate) fn is_asked(self: &Arc<Self>) {
        let context: Weak<Self> = Arc::downgrade(self);
        self.metrics.ask(context);
    }
}

impl Gauges for Context {
    fn tell(&self, metrics: &Metrics) {
        metrics.set(Metric::Acting, usize::from(!self.over.is_cancelled()));
        let ours = self.status.now().ours;
        for application in &ours {
            metrics.set_of(Metric::AsteriskConnected, application, 1);
        }
        // Not held while each is asked for its own.
        let dialogs: Vec<Arc<Dialog>> = self.dialogs().values().cloned().collect();
        let waiting: u64 = dialogs.iter().map(|dialog| dialog.delivery.waiting()).sum();
        metrics.set(Metric::EventsWaiting, usize::try_from(waiting).unwrap_or(usize::MAX));
        let unread = |dialog: &Arc<Dialog>| dialog.mail.max_capacity() - dialog.mail.capacity();
        metrics.set(Metric::MailWaiting, dialogs.iter().map(unread).sum());
        metrics.set(Metric::EventsKept, self.budget.taken());
        metrics.set(Metric::RequestsInFlight, self.rest.in_flight());
        let states = self.leases.states();
        for state in [WorkerState::Live, WorkerState::Silent, WorkerState::Unleased] {
            metrics.set_workers(state, states.iter().filter(|one| **one == state).count());
        }
    }
}
