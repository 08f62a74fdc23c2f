//! The one task that brings the buffer to the broker, batch by batch, in order; what the broker did not take is sent again.

use std::{collections::HashSet, sync::Arc, time::Duration};

use ari_bus::{
    BusError, BusErrorKind,
    stream::{Record, Rejected},
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::Inner;
use crate::{
    limits::{
        MAX_STREAM_PAUSE, STREAM_BATCH, STREAM_BATCH_MOST, STREAM_BUSY, STREAM_GATHER, STREAM_REFUSED_PAUSE,
        STREAM_REJECTIONS,
    },
    metrics::Metric,
    pauses::Pauses,
};

/// Publishes a stream.
pub(super) struct Publisher {
    stream: Arc<Inner>,
    /// Nothing is offered any more: it ends when the buffer is empty.
    closing: CancellationToken,
    /// Types of events that the broker did not take, and why, as far as it was said.
    said: HashSet<(String, BusErrorKind)>,
    /// Why nothing at all is taken, if it was said.
    stuck: Option<BusErrorKind>,
    /// How many records are sent at once: as many as the broker takes in its time.
    most: usize,
    /// When a reader's queue last refused a record that was sent once more.
    in_vain: Option<Instant>,
}

impl Publisher {
    pub(super) fn new(stream: Arc<Inner>, closing: CancellationToken) -> Self {
        Self { stream, closing, said: HashSet::new(), stuck: None, most: STREAM_BATCH_MOST, in_vain: None }
    }

    /// Publishes until it is to close and everything is published.
    pub(super) async fn run(mut self) {
        let stream = Arc::clone(&self.stream);
        loop {
            let batch = tokio::select! {
                biased;
                batch = stream.buffer.next() => batch,
                () = self.closing.cancelled() => return,
            };
            let records: Vec<Record> = batch.items.iter().map(|item| stream.record(item)).collect();
            let Some(rejected) = self.publish(&records).await else { return };
            self.settle(&records, &rejected);
            let lost = stream.buffer.settle(&batch);
            stream.measure();
            if let Some(lost) = lost {
                warn!(
                    lost,
                    "the broker takes the event stream again; readers are told what was dropped meanwhile"
                );
            }
            if batch.items.len() >= STREAM_BUSY && !stream.buffer.has_a_batch() {
                self.closing.run_until_cancelled(sleep(STREAM_GATHER)).await;
            }
        }
    }

    /// Publishes records until the broker has each of them, but for those that it returns. `None` if the sink is closed.
    async fn publish(&mut self, records: &[Record]) -> Option<Vec<Rejected>> {
        let rejected = self.send(records).await?;
        // A reader's queue that is full or has failed: all others have the record, and do not want it again and again.
        let (refused, mut rejected): (Vec<_>, Vec<_>) =
            rejected.into_iter().partition(|rejected| rejected.error.is_retryable());
        let is_known = self.in_vain.is_some_and(|since| since.elapsed() < STREAM_REFUSED_PAUSE);
        if refused.is_empty() || is_known {
            rejected.extend(refused);
            return Some(rejected);
        }
        let again: Vec<Record> =
            refused.iter().filter_map(|refused| records.get(refused.index).cloned()).collect();
        let still = self.send(&again).await?;
        if !still.is_empty() {
            self.in_vain = Some(Instant::now());
        }
        let place = |index: usize| refused.get(index).map_or(index, |refused| refused.index);
        rejected.extend(
            still.into_iter().map(|Rejected { index, error }| Rejected { index: place(index), error }),
        );
        Some(rejected)
    }

    /// Sends records, and those that the broker did not confirm again. What is too much for its time would never come to an end: then
    /// there are fewer at once.
    async fn send(&mut self, records: &[Record]) -> Option<Vec<Rejected>> {
        let stream = Arc::clone(&self.stream);
        let (mut rejected, mut sent) = (Vec::new(), 0);
        let mut pauses = Pauses::new(MAX_STREAM_PAUSE);
        while sent < records.len() {
            let some = &records[sent..records.len().min(sent + self.most)];
            let pause = match stream.sink.publish(some).await {
                Ok(its) => {
                    rejected.extend(
                        its.into_iter()
                            .map(|Rejected { index, error }| Rejected { index: sent + index, error }),
                    );
                    sent += some.len();
                    self.most = STREAM_BATCH_MOST.min(self.most + STREAM_BATCH);
                    pauses = Pauses::new(MAX_STREAM_PAUSE);
                    continue;
                }
                Err(error) if error.kind() == BusErrorKind::Closed => return None,
                Err(error) => {
                    if error.kind() == BusErrorKind::Timeout {
                        self.most = (some.len() / 2).max(1);
                    }
                    self.say_stuck(&error);
                    // Where it is refused, only a person can change that.
                    if error.is_retryable() { pauses.next() } else { STREAM_REFUSED_PAUSE }
                }
            };
            self.wait(pause).await;
        }
        Some(rejected)
    }

    /// The broker has the records, but for these.
    fn settle(&mut self, records: &[Record], rejected: &[Rejected]) {
        if self.stuck.take().is_some() {
            info!("the broker takes the event stream");
        }
        let metrics = &self.stream.metrics;
        metrics.add(Metric::StreamPublished, records.len().saturating_sub(rejected.len()));
        metrics.add(Metric::StreamRejected, rejected.len());
        for Rejected { index, error } in rejected {
            let name = records.get(*index).and_then(|record| record.headers.first());
            let kind = (name.map(|(_, name)| name.clone()).unwrap_or_default(), error.kind());
            if self.said.len() < STREAM_REJECTIONS && self.said.insert(kind) {
                warn!("an event of the stream is dropped, and others like it without a word: {error}");
            } else {
                debug!(%error, "an event of the stream is dropped");
            }
        }
    }

    /// Waits for the broker to come back, no longer than this.
    async fn wait(&self, pause: Duration) {
        let mut link = self.stream.sink.link();
        let was_up = link.is_up();
        tokio::select! {
            () = sleep(pause) => {}
            _ = link.up(), if !was_up => {}
        }
    }

    fn say_stuck(&mut self, error: &BusError) {
        if self.stuck.replace(error.kind()).is_some_and(|kind| kind == error.kind() || error.is_retryable()) {
            debug!(%error, "the broker still does not take the event stream");
        } else {
            warn!(
                "the broker does not take the event stream, which is kept up to `stream.max_buffer`: {error}"
            );
        }
    }
}
