//! One call, from its offer to the end of its handler, and to its last event.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ari_bus::protocol::AppStart;
use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, debug, error, info, warn};

use super::{
    failure::{self, Failure, OnFailure},
    handler::Handler,
    pool::version_of,
    room::Place,
    run::Running,
};
use crate::{
    Call, Offer,
    call::{CallEnd, Claim, Commands, Dialog, Lease, Ties, Version, ids_of},
    heartbeat::Seat,
    inbox::Address,
    limits::{FINISH_GRACE, RETRY_PAUSE, SETTLE_DEADLINE},
    version1,
};

/// Takes an offer and, if the call becomes this worker's, runs the handler. The place is the call's until then.
pub(super) async fn serve(running: Arc<Running>, offer: AppStart, place: Place) {
    let deadline = running.settings.command_deadline;
    match version_of(&offer) {
        Version::Two => {
            let mut tenure =
                Tenure::new(&running, offer, |dialog| running.inbox.register(Arc::clone(dialog)));
            if tenure.serve(&running).await {
                drop(place);
                running.spawn_settling(tenure.settle().in_current_span());
            }
        }
        Version::One => {
            let ties = running.ties(Arc::default());
            match version1::Opened::new(&running.bus, &running.names, offer, deadline, ties).await {
                Ok(mut opened) => {
                    if let Some(call) = running.accepted(opened.accept()).await {
                        running.handle(&*running.handler, call).await;
                    }
                    // Not while the worker waits for nothing else.
                    running.cancelled.run_until_cancelled(opened.linger()).await;
                    opened.delete().await;
                }
                Err(error) => warn!(%error, "an offer could not be taken"),
            }
        }
    }
}

/// A call of version 2 as its worker has it.
pub(super) struct Tenure {
    dialog: Arc<Dialog>,
    /// Its place in the heartbeats.
    seat: Seat,
    address: Address,
    /// Publishes its commands and asks for its events, from the accept to the last event. In a task of its own, for
    /// handlers that block theirs.
    keeping: AbortOnDropHandle<Infallible>,
}

impl Tenure {
    fn new(running: &Running, offer: AppStart, address: impl FnOnce(&Arc<Dialog>) -> Address) -> Self {
        let topic = offer.commands.clone().unwrap_or_default();
        let deadline = running.settings.command_deadline;
        let commands = Commands::new(Version::Two, Arc::clone(&running.bus), topic, deadline);
        let seat = running.contacts.seat(&offer.server_id);
        let dialog = Arc::new(Dialog::new(offer, commands, running.ties(seat.lease())));
        let address = address(&dialog);
        let keeping = AbortOnDropHandle::new(tokio::spawn({
            let dialog = Arc::clone(&dialog);
            async move { dialog.keep().await }.in_current_span()
        }));
        Self { dialog, seat, address, keeping }
    }

    /// Of a call that this worker has opened, and is reached at this address for.
    pub(super) fn opened(running: &Running, offer: AppStart, address: Address) -> Self {
        Self::new(running, offer, |dialog| {
            address.becomes(Arc::clone(dialog));
            address
        })
    }

    /// The id that the first channel will have which a call makes of this.
    pub(super) fn first_channel(offer: &AppStart, content: &str) -> String {
        ids_of(offer).object("channel", content).as_str().to_owned()
    }

    /// What is behind the call.
    pub(super) fn dialog(&self) -> Arc<Dialog> {
        Arc::clone(&self.dialog)
    }

    /// Accepts the offer and runs the handler; true if there is more to come for the call when that is through.
    async fn serve(&mut self, running: &Running) -> bool {
        let claim = self.claim(running);
        let accepting = async {
            running.cancelled.run_until_cancelled(self.seat.begun()).await;
            running.accepted(claim.accept()).await
        };
        let accepted = tokio::select! {
            accepted = accepting => accepted,
            Err(error) = &mut self.keeping => {
                error!(%error, "a task of a call failed");
                None
            }
        };
        match accepted {
            Some(call) => self.handle(running, &*running.handler, call).await,
            None => false,
        }
    }

    /// Runs a handler of the call, which is this worker's; true if there is more to come for it when that is through.
    pub(super) async fn handle(&mut self, running: &Running, handler: &dyn Handler, call: Call) -> bool {
        let claim = self.claim(running);
        let dialog = &self.dialog;
        self.seat.confirm(dialog, &self.address);
        let handling = async {
            // The end of the handler is an end of the call.
            tokio::join!(running.handle(handler, call), claim.renew());
            let end = dialog.feed.ended();
            !matches!(end, Some(CallEnd::Gone | CallEnd::HandedOver | CallEnd::Closed))
        };
        tokio::select! {
            more = handling => more,
            Err(error) = &mut self.keeping => {
                error!(%error, "a task of a call failed");
                false
            }
        }
    }

    fn claim(&self, running: &Running) -> Claim {
        let address = &self.address;
        Claim::new(&self.dialog, &running.worker_id, address.events(), address.responses())
    }

    /// Settles a call that this worker has opened. Without a channel the proxy would wait for one.
    pub(super) async fn settle_opened(self) {
        let legs = &self.dialog.legs;
        let until = Instant::now() + FINISH_GRACE;
        // One that was hung up just now goes in a moment.
        while !legs.have_entered() && !legs.left().is_empty() && Instant::now() < until {
            sleep(RETRY_PAUSE).await;
        }
        if legs.have_entered() || !legs.left().is_empty() {
            self.settle().await;
        } else {
            self.dialog.hand_over().await;
        }
    }

    /// Receives and acknowledges the rest, so that the proxy can forget the call with its last event.
    async fn settle(self) {
        let dialog = &self.dialog;
        let settling = async {
            let arrived = dialog.arrived();
            tokio::select! {
                // While this worker is cut off nothing can be said, and the last word may come first.
                biased;
                () = dialog.until_last_word() => {}
                () = dialog.acknowledge(arrived) => dialog.until_last_word().await,
            }
            if dialog.last_word() == Some(CallEnd::Ended) {
                dialog.acknowledge(dialog.arrived()).await;
            }
        };
        let patience = async {
            // While a channel lives, the call is this worker's, handler or not: nobody else shall begin it anew.
            loop {
                sleep(SETTLE_DEADLINE).await;
                if dialog.legs.left().is_empty() {
                    return;
                }
            }
        };
        tokio::select! {
            () = settling => {}
            () = patience => debug!("the last event of a call did not come"),
            Err(error) = self.keeping => error!(%error, "a task of a call failed"),
        }
    }
}

impl Running {
    /// The call, if the offer that was taken became one of this worker's.
    async fn accepted(&self, accepting: impl Future<Output = Result<Call, String>>) -> Option<Call> {
        let taken = self.cancelled.run_until_cancelled(accepting).await?;
        taken
            .inspect_err(|reason| debug!(reason, "an offer that was taken did not become this worker's call"))
            .ok()
    }

    /// What a call has from this worker.
    fn ties(&self, lease: Arc<Lease>) -> Ties {
        let (draining, calls) = (self.draining.clone(), self.listed.clone());
        Ties { lease, draining, calls, wrap_up: self.settings.wrap_up }
    }

    /// Why this worker leaves a call to others. A rule that panics takes no call: the next worker may have a better one.
    pub(super) fn declines(&self, offer: &Offer) -> Option<String> {
        let asked = catch_unwind(AssertUnwindSafe(|| self.handler.declines(offer)));
        asked.unwrap_or_else(|panic| {
            let panic = failure::text_of(panic.as_ref());
            error!(panic, channel = offer.channel_id(), "what decides whether to take a call panicked");
            Some("failed".to_owned())
        })
    }

    /// Why this worker would have left a call to others, had its offer told enough to ask.
    fn regrets(&self, call: &Call) -> Option<String> {
        let dialog = call.dialog();
        let told =
            dialog.commands.version == Version::Two && (dialog.offer.resume || dialog.offer.start.is_some());
        if told { None } else { self.declines(call.offer()) }
    }

    /// Runs the handler; if it fails, its call is treated as the worker was told. If it is cancelled, the call goes to
    /// another worker, where the proxy knows how to.
    async fn handle(&self, handler: &dyn Handler, call: Call) {
        let _release = Release::when_through(&call);
        info!(channel = call.channel().id(), "the call begins");
        if let Some(reason) = self.regrets(&call) {
            // As a proxy does with a call that nobody takes.
            let call = failure::end(&call, OnFailure::Continue).await;
            return info!(reason, %call, "the call is not for this worker");
        }
        let failure = match self.cancelled.run_until_cancelled(self.run_handler(handler, &call)).await {
            _ if call.dialog().feed.ended() == Some(CallEnd::HandedOver) => {
                // The handler may not have waited for the end of that.
                call.dialog().hand_over().await;
                return info!("the call was given to another worker");
            }
            Some(Ok(())) => return info!("the call's handler is through"),
            Some(Err(failure)) => failure,
            None if call.dialog().commands.version == Version::Two && !call.is_ended() => {
                info!("the call's handler did not finish in time; the call goes to another worker");
                return call.dialog().hand_over().await;
            }
            None => Failure::Cancelled,
        };
        // What is said while this worker is cut off is not heard.
        self.cancelled.run_until_cancelled(call.reconnected()).await;
        failure.report(failure::end(&call, self.settings.on_failure).await);
    }

    /// Runs the handler to its end, or until its call has been over for too long.
    async fn run_handler(&self, handler: &dyn Handler, call: &Call) -> Result<(), Failure> {
        let handling = AssertUnwindSafe(async { handler.handle(call.clone()).await }).catch_unwind();
        tokio::select! {
            biased;
            end = handling => match end {
                Ok(result) => result.map_err(Failure::Error),
                Err(panic) => Err(Failure::panic(panic.as_ref())),
            },
            longest = call.dialog().wrapped_up() => Err(Failure::Overdue(longest)),
        }
    }
}

/// Lets a call be found by others, and ends it for its handles when its handler is through, or is dropped.
struct Release(Arc<Dialog>);

impl Release {
    fn when_through(call: &Call) -> Self {
        let dialog = call.dialog();
        dialog.legs.list(&dialog.calls, call);
        Self(Arc::clone(dialog))
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.0.feed.end(CallEnd::Released);
        self.0.legs.unlist();
    }
}
