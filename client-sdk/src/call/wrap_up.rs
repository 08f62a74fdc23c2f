//! What a handler may still do once its call is over, and for how long.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use super::{Call, Dialog};

/// How long the handler may go on then, which it may change at any time.
pub(super) struct WrapUp(watch::Sender<Duration>);

impl WrapUp {
    pub(super) fn new(longest: Duration) -> Self {
        Self(watch::Sender::new(longest))
    }
}

impl Call {
    /// Says how long the handler may go on once the call is over, instead of what the worker
    /// [is set to](crate::Worker::wrap_up): it counts from the end of the call, whenever this is said.
    /// [`Duration::MAX`] is as long as it takes.
    ///
    /// A handler that stores a recording says it before it begins to:
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn upload(_: &[u8]) -> ari_client::Result { Ok(()) }
    /// # async fn example(call: ari_client::Call, sound: &[u8]) -> ari_client::Result {
    /// call.ended().await;
    /// call.wrap_up(Duration::from_secs(300));
    /// upload(sound).await
    /// # }
    /// ```
    ///
    /// The proxy keeps a call that is over for 60 s: should this worker die later than that, no other goes on with it.
    pub fn wrap_up(&self, longest: Duration) {
        self.dialog().wrap_up.0.send_replace(longest);
    }
}

impl Dialog {
    /// Resolves once the call has been over for as long as its handler may go on then; returns how long that was.
    pub(crate) async fn wrapped_up(&self) -> Duration {
        self.feed.until_end().await;
        let over = Instant::now();
        let mut longest = self.wrap_up.0.subscribe();
        loop {
            let now = *longest.borrow_and_update();
            // The sender lives as long as `self`: a change is all that can come.
            let Some(until) = over.checked_add(now) else {
                let _ = longest.changed().await;
                continue;
            };
            if timeout_at(until, longest.changed()).await.is_err() {
                return now;
            }
        }
    }
}
