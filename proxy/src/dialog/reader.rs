//! Whether a version-1 worker reads its events: it says so neither when it begins nor when it ends.

use ari_bus::{Reach, Retention};
use bytes::Bytes;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{Context, Dialog, owner::Owner, persist::wait_for_broker, queues};
use crate::{
    config::Orphans,
    limits::{MAX_PAUSE, ORPHAN_LOOK, ORPHAN_PATIENCE, ORPHAN_QUESTION},
    metrics::Lost,
    pauses::Pauses,
};

/// The reading of one version-1 worker.
pub(super) struct Reader<'a> {
    context: &'a Context,
    dialog: &'a Dialog,
    owner: &'a Owner,
    /// Whether the bus keeps what nobody reads yet.
    keeps: bool,
    /// Whether what is published now reaches the worker, or is kept for it.
    reached: bool,
    /// When it was known last that somebody reads.
    known: Instant,
}

/// Nobody reads any more, and that matters.
pub(super) struct Orphaned;

impl<'a> Reader<'a> {
    pub(super) fn new(context: &'a Context, dialog: &'a Dialog, owner: &'a Owner) -> Self {
        Self { context, dialog, owner, keeps: false, reached: false, known: Instant::now() }
    }

    /// Makes the worker's topics ready.
    pub(super) async fn prepare(&mut self) {
        self.keeps = queues::prepare(self.context, self.dialog, self.owner).await == Retention::Kept;
        self.reached = self.keeps;
        self.known = Instant::now();
    }

    /// Whether the next event is one that shows whether somebody reads.
    pub(super) fn is_asked(&self) -> bool {
        // Where only an event can tell, the next one may be long in coming.
        let due = !self.keeps || self.known.elapsed() >= ORPHAN_LOOK;
        !self.reached || (self.matters() && due)
    }

    /// Publishes an event until somebody has it.
    pub(super) async fn offer(&mut self, message: &Bytes) -> Result<(), Orphaned> {
        let mut pauses = Pauses::new(MAX_PAUSE);
        let expires = self.context.config.dialog.retention;
        let until = self.context.clock.now() + ORPHAN_PATIENCE;
        loop {
            match self.context.bus.offer(&self.owner.events(), message.clone(), expires).await {
                Ok(Reach::Somebody) => {
                    (self.reached, self.known) = (true, Instant::now());
                    return Ok(());
                }
                Ok(Reach::Nobody) if self.matters() && self.context.clock.now() >= until => {
                    return Err(Orphaned);
                }
                Ok(Reach::Nobody) => sleep(pauses.next()).await,
                Err(error) if error.is_retryable() => wait_for_broker(self.context, &mut pauses).await,
                Err(error) => {
                    self.context.metrics.lost(1, Lost::Refused);
                    warn!(dialog = %self.dialog.root, channel = self.dialog.channel(), %error, "an event is lost: it cannot be published");
                    return Ok(());
                }
            }
        }
    }

    /// Resolves when nobody reads any more, as far as the bus tells that without an event.
    pub(super) async fn gone(&self) {
        if !self.matters() {
            return std::future::pending().await;
        }
        let mut nobody_since = None;
        loop {
            sleep(ORPHAN_QUESTION).await;
            let now = self.context.clock.now();
            match self.context.bus.readers(&self.owner.events()).await {
                Ok(Some(0)) if now >= *nobody_since.get_or_insert(now) + ORPHAN_PATIENCE => return,
                Ok(Some(0)) => {}
                Ok(Some(_)) | Err(_) => nobody_since = None,
                Ok(None) => return std::future::pending().await,
            }
        }
    }

    /// Whether anything is done about it.
    fn matters(&self) -> bool {
        self.context.config.dialog.v1_orphans != Orphans::Leave
    }
}
