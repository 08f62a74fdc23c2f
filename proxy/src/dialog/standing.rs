//! How things stand with the dialogs at this moment, for whoever measures it.

use std::sync::Arc;

use super::{Context, Dialog};
use crate::metrics::WorkerState;

/// How things stand; nothing of all that where nobody acts.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Events that the workers of the moment were not yet sent.
    pub(crate) events_waiting: usize,
    /// What the events take that are kept, in bytes.
    pub(crate) events_kept: usize,
    /// Messages of workers that their dialogs have not read.
    pub(crate) mail_waiting: usize,
    /// Requests to Asterisk that are under way.
    pub(crate) requests: usize,
    /// The processes of workers that are known.
    pub(crate) workers: Vec<WorkerState>,
}

impl Context {
    /// How things stand.
    pub(crate) fn standing(&self) -> Standing {
        // The table is not held while each dialog is asked.
        let dialogs: Vec<Arc<Dialog>> = self.dialogs().values().cloned().collect();
        let waiting: u64 = dialogs.iter().map(|dialog| dialog.delivery.waiting()).sum();
        let unread = |dialog: &Arc<Dialog>| dialog.mail.max_capacity() - dialog.mail.capacity();
        Standing {
            events_waiting: usize::try_from(waiting).unwrap_or(usize::MAX),
            events_kept: self.budget.taken(),
            mail_waiting: dialogs.iter().map(unread).sum(),
            requests: self.rest.in_flight(),
            workers: self.leases.states(),
        }
    }
}
