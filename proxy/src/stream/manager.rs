//! The stream of the manager interface.

use tokio_util::sync::CancellationToken;

use super::{
    Origin, Stream,
    missed::{Before, Missed},
};
use crate::asterisk::ami::{self, AmiEvent, Listener};

/// Publishes what the manager interface tells, if it is configured, until `stop` is cancelled.
pub(crate) async fn listen(stream: &Stream, stop: &CancellationToken, before: Before) {
    if let Some(ami) = &stream.config().ami {
        let ear = Ear { stream, missed: Missed::new(stream, Origin::Ami, before) };
        ami::listen(ami, ear, &stream.0.metrics, stop).await;
    }
}

struct Ear<'a> {
    stream: &'a Stream,
    missed: Missed<'a>,
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        // A process that takes over hears, and knows nothing of what this one did not.
        self.missed.ends();
    }
}

impl Listener for Ear<'_> {
    fn connected(&mut self) {
        self.missed.ends();
    }

    fn lost(&mut self) {
        self.missed.begins();
    }

    fn event(&mut self, event: AmiEvent) {
        if self.stream.config().takes(event.name())
            && let Ok(json) = event.to_json()
        {
            self.stream.offer(Origin::Ami, event.name(), "", &json);
        }
    }
}
