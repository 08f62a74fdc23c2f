//! Whose turn it is to put events or offers on the bus.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits::PUBLISHING_AT_ONCE;

/// The turns of the dialogs.
#[derive(Debug)]
pub(super) struct Publishing(Semaphore);

impl Default for Publishing {
    fn default() -> Self {
        Self(Semaphore::new(PUBLISHING_AT_ONCE))
    }
}

impl Publishing {
    /// Waits for a turn, which is over when it is dropped: within the bus's deadline.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.0.acquire().await.ok()
    }
}
