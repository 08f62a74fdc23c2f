//! Asking for events that did not arrive, until they do or there is no hope for them. The reader of the inbox only notes that
//! something is missing.

use std::{convert::Infallible, time::Duration};

use ari_bus::protocol::{Control, Resend};
use tokio::time::{sleep, timeout};
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
                arrived.mark_unchanged();
                let filled = async {
                    while self.missing() == Some(from) {
                        // The sender lives as long as `self`: this fails never.
                        let _ = arrived.changed().await;
                    }
                };
                let supported = tokio::select! {
                    biased;
                    () = filled => true,
                    supported = self.ask_for(from) => supported,
                };
                if !supported {
                    self.give_up_missing();
                    break;
                }
                patience += RESEND_INTERVAL;
            }
            self.gaps.notified().await;
        }
    }

    /// Asks once and waits for as long as an answer may take; false if the proxy never sends anything again.
    async fn ask_for(&self, from: u64) -> bool {
        let resend = Resend { term: self.term(), from, unique_id: Some(fresh("resend")) };
        let control = Control::Resend(resend);
        let mut answer = self.commands.answers.expect(control.unique_id().unwrap_or_default());
        debug!(dialog = %self.offer.dialog_id, from, "events of a call are missing; asking for them");
        if let Err(error) = self.commands.bus().publish(self.commands.topic(), control.to_json().into()).await
        {
            debug!(%error, "missing events could not be asked for");
            sleep(RETRY_PAUSE).await;
            return true;
        }
        let answering = async {
            match answer.arrived().await {
                Ok(answer) if answer.status == NOT_SUPPORTED => false,
                // They are on their way; if not, it is time to ask again.
                _ => std::future::pending().await,
            }
        };
        timeout(RESEND_INTERVAL, answering).await.unwrap_or(true)
    }
}
