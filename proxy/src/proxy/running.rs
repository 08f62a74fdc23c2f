//! A process of a server: it acts whenever it may.

use std::sync::Arc;

use ari_bus::Subscription;
use futures_util::FutureExt as _;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Proxy, StartError, acting::Acting, state::Role, subscribe::subscribe};
use crate::{
    asterisk::rest::Rest,
    claim::{self, Claim, Talk, Word},
    dialog::handover::{self, Granted},
};

/// A process of a proxy, whether it acts or stands by.
#[derive(Clone, Copy)]
pub(super) struct Running<'a> {
    pub(super) proxy: &'a Proxy,
    pub(super) rest: &'a Rest,
    pub(super) talk: &'a Arc<Talk>,
    pub(super) stop: &'a CancellationToken,
}

/// How a process begins to act.
pub(super) enum Beginning {
    /// It has the claim, and gets the questions of others who ask for its holder.
    Claimed(Arc<Claim>, Subscription),
    /// Another process hands everything over.
    Granted(Granted),
}

/// How it ended.
pub(super) enum Ended {
    /// It was told to stop, and has finished what was in flight. The stop is to be over by then.
    Stopped(Instant),
    /// Another process has taken its place.
    Deposed,
    /// It has handed everything over.
    HandedOver,
    /// It could not take over.
    NotTakenOver(String),
}

impl Running<'_> {
    /// Acts whenever it may. Returns the time by which a stop is to be over.
    pub(super) async fn until_ended(
        self,
        mut words: mpsc::Receiver<Word>,
    ) -> Result<Option<Instant>, StartError> {
        let mut takes_over = self.proxy.takes_over;
        while let Some(begins) = self.beginning(std::mem::take(&mut takes_over), &mut words).await {
            let begins = begins?;
            // Boxed: it is large, and lasts as long as the process.
            match Box::pin(Acting::new(self, &begins).run(begins, &mut words)).await {
                Ended::Stopped(deadline) => return Ok(Some(deadline)),
                Ended::Deposed => self.proxy.state.waits(Role::Starting),
                Ended::HandedOver => {
                    info!("handed everything over to another process");
                    return Ok(None);
                }
                Ended::NotTakenOver(why) => {
                    if self.talk.somebody_acts().await {
                        return Err(StartError::TakeOver(why));
                    }
                    warn!(
                        why,
                        "the process that was to hand over is gone: this one starts without its calls' last moments"
                    );
                }
            }
        }
        Ok(None)
    }

    /// Waits until this process may act; `None` if it is to stop.
    async fn beginning(
        self,
        takes_over: bool,
        words: &mut mpsc::Receiver<Word>,
    ) -> Option<Result<Beginning, StartError>> {
        let talk = self.talk;
        // Whoever answers must find us.
        self.stop.run_until_cancelled(talk.listens()).await?;
        if takes_over {
            talk.expect_handover(true);
            let asking = handover::ask(talk, words, &self.proxy.applications);
            match self.stop.run_until_cancelled(asking).await? {
                Ok(Some(granted)) => return Some(Ok(Beginning::Granted(granted))),
                Ok(None) => info!("no process of this server_id runs: there is nothing to take over"),
                Err(why) => return Some(Err(StartError::TakeOver(why))),
            }
        }
        let (claim, questions) = self
            .stop
            .run_until_cancelled(claim::take(talk, || self.proxy.state.waits(Role::Standby)))
            .await?;
        Some(Ok(Beginning::Claimed(claim, questions)))
    }
}

/// Hears what other processes of this server say.
pub(super) async fn talk_on(talk: Arc<Talk>, stop: CancellationToken) {
    let subscribing =
        subscribe(talk.bus(), &stop, std::slice::from_ref(talk.own()), || talk.subscribe().boxed());
    if let Some(messages) = subscribing.await {
        talk.serve(messages).await;
    }
}
