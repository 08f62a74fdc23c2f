//! One life of the link to the broker: two connections and what is open on them.
//!
//! lapin can recover connections itself, but it would send again what it had not sent yet, keeps one try for each
//! channel, and does not tell a refused queue from a lost one. So a session that breaks anywhere is thrown away as a
//! whole and the supervisor builds a new one: every state is either whole or gone.
//!
//! Publishing and consuming have a connection each: a broker short of memory stops reading from whoever publishes, and
//! would stop his acknowledgements too.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    address::Address,
    fault::timed_out,
    limits::{CHANNELS_WANTED, GOODBYE_DEADLINE, STUCK_DEADLINE},
    publisher::Publisher,
    vitals::Vitals,
    wire::Wire,
};
use crate::{BusError, BusErrorKind};

/// An open link.
#[derive(Debug)]
pub(super) struct Session {
    /// Tells it from earlier and later ones.
    pub(super) id: u64,
    pub(super) publisher: Publisher,
    pub(super) consuming: Wire,
    pub(super) vitals: Vitals,
    /// The consuming channels that have not yet brought their subscriptions back.
    restoring: Mutex<HashSet<u64>>,
    restored: Notify,
}

impl Session {
    /// Connects.
    pub(super) async fn open(address: &Address, name: &str, id: u64) -> lapin::Result<Arc<Self>> {
        // One after the other: a refused login is refused once.
        let publishing = Wire::open(address, &format!("{name} (publishes)")).await?;
        let consuming = Wire::open(address, &format!("{name} (consumes)")).await?;
        let publisher = Publisher::open(publishing).await?;
        let channels = consuming.connection().configuration().channel_max();
        if (1..CHANNELS_WANTED).contains(&channels) {
            tracing::warn!(
                channels,
                "the broker, or channel_max in its URL, allows a connection few channels: make it {CHANNELS_WANTED}"
            );
        }
        Ok(Arc::new(Self {
            id,
            publisher,
            consuming,
            vitals: Vitals::default(),
            restoring: Mutex::default(),
            restored: Notify::new(),
        }))
    }

    /// Watches both connections until one is lost, then breaks the session. Run it as a task.
    pub(super) async fn watch(self: Arc<Self>) {
        let publishing = self.publisher.wire();
        tokio::select! {
            () = self.vitals.broken.cancelled() => {}
            () = self.vitals.watch(publishing) => {}
            () = self.vitals.watch(&self.consuming) => {}
        }
        self.vitals.broken.cancel();
        self.publisher.wire().cut();
        // Nobody else has a copy of what is under way to an inbox: with a goodbye it still arrives. Where this is the
        // connection that was lost, it takes no time.
        self.consuming.close(GOODBYE_DEADLINE).await;
    }

    /// Waits for the broker to do something, for as long as it may be stuck over it, or until the session breaks.
    pub(super) async fn patiently<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        match self.vitals.broken.run_until_cancelled(tokio::time::timeout(STUCK_DEADLINE, work)).await {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(timed_out(doing)),
            None => {
                Err(BusError::new(BusErrorKind::Unavailable, format!("{doing}: the connection was lost")))
            }
        }
    }

    /// Ends the session at once: everything that waits on it fails.
    pub(super) fn cut(&self) {
        self.vitals.broken.cancel();
        self.publisher.wire().cut();
        self.consuming.cut();
    }

    /// Says goodbye on both connections, within `deadline`, and ends the session.
    pub(super) async fn close(&self, deadline: Duration) {
        tokio::join!(self.publisher.wire().close(deadline), self.consuming.close(deadline));
        self.cut();
    }

    /// These consuming channels have to bring their subscriptions back.
    pub(super) fn expect(&self, channels: HashSet<u64>) {
        *self.restoring.lock().unwrap_or_else(PoisonError::into_inner) = channels;
    }

    /// A consuming channel has its subscriptions back, or cannot get them back soon, or is gone.
    pub(super) fn settled(&self, channel: u64) {
        let mut restoring = self.restoring.lock().unwrap_or_else(PoisonError::into_inner);
        if restoring.remove(&channel) && restoring.is_empty() {
            self.restored.notify_one();
        }
    }

    /// Waits until all consuming channels are settled.
    pub(super) async fn restored(&self) {
        if !self.restoring.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.restored.notified().await;
        }
    }
}
