//! What is measured of a proxy, brought up to date for whoever reads it.

use std::sync::Arc;

use super::state::{Holder, Role, State};
use crate::{
    dialog::Standing,
    metrics::{Metric, Metrics, WorkerState},
};

impl State {
    /// What is measured of the proxy, with how things stand now.
    pub(crate) fn measured(&self) -> Arc<Metrics> {
        let (metrics, now) = (&self.metrics, self.now());
        metrics.set(Metric::Acting, usize::from(now.role.value == Role::Acting));
        for (application, holder) in &now.asterisk {
            metrics.set_of(Metric::AsteriskConnected, application, usize::from(holder.value == Holder::Ours));
        }
        let standing = self.context().map(|context| context.standing()).unwrap_or_default();
        let Standing { events_waiting, events_kept, mail_waiting, requests, workers } = standing;
        metrics.set(Metric::EventsWaiting, events_waiting);
        metrics.set(Metric::EventsKept, events_kept);
        metrics.set(Metric::MailWaiting, mail_waiting);
        metrics.set(Metric::RequestsInFlight, requests);
        for state in [WorkerState::Live, WorkerState::Silent, WorkerState::Unleased] {
            metrics.set_workers(state, workers.iter().filter(|one| **one == state).count());
        }
        Arc::clone(metrics)
    }
}
