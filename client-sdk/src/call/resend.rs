//! Asking for events that did not arrive, until they do or there is no hope for them, and for those that found no room once
//! there is some. The reader of the inbox only notes that something is missing.

use std::{convert::Infallible, sync::atomic::Ordering, time::Duration};

use ari_bus::protocol::{Control, Resend};
use futures_util::FutureExt as _;
use tokio::{
    sync::watch,
    time::{sleep, sleep_until, timeout},
};
use tracing::debug;

use super::{Dialog, control::fresh};
use crate::limits::{GAP_PATIENCE, RESEND_INTERVAL, RETRY_PAUSE};

/// The proxy does not know what to do with it.
const NOT_SUPPORTED: u16 = 501;

impl Dialog {
    /// Asks for what is missing, for ever.
    pub(super) async fn mind_gaps(&self) -> Infallible {
        let mut arrived = self.arrived.subscribe();
        loop {
            self.go_on();
            let (mut from, mut patience) = (0, Duration::ZERO);
            while let Some(missing) = self.missing() {
                if missing != from {
                    (from, patience) = (missing, Duration::ZERO);
                }
                // Only the time in which the proxy can hear it counts.
                self.open().await;
                if self.missing() != Some(from) {
                    continue;
                }
                if patience >= GAP_PATIENCE {
                    self.give_up_missing();
                    break;
                }
                if !self.ask_for(from, &mut arrived).await {
                    self.never_resends.store(true, Ordering::Relaxed);
                    self.give_up_missing();
                    break;
                }
                patience += RESEND_INTERVAL;
            }
            self.wait_for_gaps().await;
        }
    }

    /// Waits until something may be missing, or there is room for what found none.
    async fn wait_for_gaps(&self) {
        let patience = self.feed.patience();
        tokio::select! {
            () = self.gaps.notified() => {}
            () = self.feed.room() => {}
            () = sleep_until(patience.unwrap_or_else(tokio::time::Instant::now)), if patience.is_some() => {
                self.feed.pass_over();
            }
        }
    }

    /// Asks once, and waits for as long as events come; false if the proxy never sends anything again.
    async fn ask_for(&self, from: u64, arrived: &mut watch::Receiver<u64>) -> bool {
        let term = self.terms.now();
        let seq = term.seq(from);
        if seq == 0 {
            // Another term has begun this very moment.
            return true;
        }
        let resend = Resend { term: term.number, from: seq, unique_id: Some(fresh("resend")) };
        let control = Control::Resend(resend);
        let mut answer = self.commands.answers.expect(control.unique_id().unwrap_or_default());
        debug!(dialog = %self.offer.dialog_id, from = seq, "events of a call are missing; asking for them");
        // From here on only what comes is news.
        arrived.mark_unchanged();
        let _ = self.feed.room().now_or_never();
        if let Err(error) = self.commands.bus().publish(&term.commands, control.to_json().into()).await {
            debug!(%error, "missing events could not be asked for");
            sleep(RETRY_PAUSE).await;
            return true;
        }
        let refused = async {
            match answer.arrived().await {
                Ok(answer) if answer.status == NOT_SUPPORTED => {}
                // They are on their way; if not, it is time to ask again.
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.quiet(arrived) => true,
            () = refused => false,
        }
    }

    /// Resolves when nothing is missing any more, or nothing has come for as long as an answer may take. What comes in its
    /// turn is followed by all the rest: asked for again, each of thousands would have the proxy send all that are left.
    async fn quiet(&self, arrived: &mut watch::Receiver<u64>) {
        while self.missing().is_some() {
            let more = async {
                tokio::select! {
                    // The sender lives as long as `self`: this fails never.
                    _ = arrived.changed() => true,
                    // What was on its way found none: it is asked for at once.
                    () = self.feed.room() => false,
                }
            };
            if !timeout(RESEND_INTERVAL, more).await.unwrap_or(false) {
                break;
            }
        }
        // What comes now may have been held.
        self.go_on();
    }
}
