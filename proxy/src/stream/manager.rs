//! The stream of the manager interface.

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::{Origin, Stream};
use crate::asterisk::ami::{self, AmiEvent, Listener};

/// Publishes what the manager interface tells, if it is configured, until `stop` is cancelled. `fresh`: this process has heard
/// nothing so far, and no other one before it either.
pub(crate) async fn listen(stream: &Stream, stop: &CancellationToken, fresh: bool) {
    if let Some(ami) = &stream.config().ami {
        let ear = Ear { stream, missed: fresh.then_some(None) };
        ami::listen(ami, ear, &stream.0.metrics, stop).await;
    }
}

struct Ear<'a> {
    stream: &'a Stream,
    /// Whether events went by, and since when; since before this process, if there is no time.
    missed: Option<Option<OffsetDateTime>>,
}

impl Listener for Ear<'_> {
    fn connected(&mut self) {
        if let Some(since) = self.missed.take() {
            self.stream.missed(Origin::Ami, "", since);
        }
    }

    fn disconnected(&mut self) {
        self.missed.get_or_insert_with(|| Some(OffsetDateTime::now_utc()));
    }

    fn event(&mut self, event: AmiEvent) {
        if self.stream.config().takes(event.name())
            && let Ok(json) = event.to_json()
        {
            self.stream.offer(Origin::Ami, event.name(), "", &json);
        }
    }
}
