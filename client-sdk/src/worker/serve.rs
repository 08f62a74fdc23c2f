//! One call, from its offer to the end of its handler, and to its last event.

use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, sync::Arc};

use ari_bus::protocol::AppStart;
use futures_util::{FutureExt as _, future::join_all};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, debug, error, info, warn};

use super::{BoxError, pool::version_of, room::Place, run::Running};
use crate::{
    Call, CommandErrorKind, Method,
    call::{CallEnd, Claim, Commands, Dialog, Ties, Version},
    heartbeat::Seat,
    inbox::Address,
    limits::{HANG_UP_DEADLINE, SETTLE_DEADLINE},
    path, version1,
};

/// Takes an offer and, if the call becomes this worker's, runs the handler. The place is the call's until then.
pub(super) async fn serve(running: Arc<Running>, offer: AppStart, place: Place) {
    let deadline = running.settings.command_deadline;
    match version_of(&offer) {
        Version::Two => {
            let topic = offer.commands.clone().unwrap_or_default();
            let commands = Commands::new(Version::Two, Arc::clone(&running.bus), topic, deadline);
            let seat = running.contacts.seat(&offer.server_id);
            let ties = Ties { lease: seat.lease(), draining: running.draining.clone() };
            let dialog = Arc::new(Dialog::new(offer, commands, ties));
            let address = running.inbox.register(Arc::clone(&dialog));
            let keeping = AbortOnDropHandle::new(tokio::spawn({
                let dialog = Arc::clone(&dialog);
                async move { dialog.keep().await }.in_current_span()
            }));
            let mut tenure = Tenure { dialog, seat, address, keeping };
            if tenure.serve(&running).await {
                drop(place);
                running.spawn_settling(tenure.settle().in_current_span());
            }
        }
        Version::One => {
            match version1::Opened::new(&running.bus, &running.names, offer, deadline).await {
                Ok(mut opened) => {
                    if let Some(call) = running.accepted(opened.accept()).await {
                        running.handle(call).await;
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
struct Tenure {
    dialog: Arc<Dialog>,
    /// Its place in the heartbeats.
    seat: Seat,
    address: Address,
    /// Publishes its commands and asks for its events, from the accept to the last event. In a task of its own, for
    /// handlers that block theirs.
    keeping: AbortOnDropHandle<Infallible>,
}

impl Tenure {
    /// Accepts the offer and runs the handler; true if there is more to come for the call when that is through.
    async fn serve(&mut self, running: &Running) -> bool {
        let (dialog, seat, address) = (&self.dialog, &self.seat, &self.address);
        let claim = Claim::new(dialog, &running.worker_id, address.events(), address.responses());
        let serving = async {
            running.cancelled.run_until_cancelled(seat.begun()).await;
            let Some(call) = running.accepted(claim.accept()).await else { return false };
            seat.confirm(dialog, address);
            // The end of the handler is an end of the call.
            tokio::join!(running.handle(call), claim.renew());
            let end = dialog.feed.ended();
            !matches!(end, Some(CallEnd::Gone | CallEnd::HandedOver | CallEnd::Closed))
        };
        tokio::select! {
            served = serving => served,
            Err(error) = &mut self.keeping => {
                error!(%error, "a task of a call failed");
                false
            }
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

    /// Runs the handler; if it fails, every channel of its call is hung up. If it is cancelled, the call goes to another
    /// worker, where the proxy knows how to.
    async fn handle(&self, call: Call) {
        let _release = Release(Arc::clone(call.dialog()));
        info!(channel = call.channel().id(), "the call begins");
        let work = AssertUnwindSafe(async { (self.handler)(call.clone()).await }).catch_unwind();
        let failure = match self.cancelled.run_until_cancelled(work).await {
            _ if call.dialog().feed.ended() == Some(CallEnd::HandedOver) => {
                // The handler may not have waited for the end of that.
                call.dialog().hand_over().await;
                return info!("the call was given to another worker");
            }
            Some(Ok(Ok(()))) => return info!("the call's handler is through"),
            Some(Ok(Err(error))) => Failure::Error(error),
            Some(Err(panic)) => Failure::Panic(text_of(panic.as_ref()).to_owned()),
            None if call.dialog().commands.version == Version::Two && !call.is_ended() => {
                info!("the call's handler did not finish in time; the call goes to another worker");
                return call.dialog().hand_over().await;
            }
            None => Failure::Cancelled,
        };
        // What is said while this worker is cut off is not heard.
        self.cancelled.run_until_cancelled(call.reconnected()).await;
        failure.report(hang_up(&call).await);
    }
}

/// Ends a call for its handles when its handler is through, or is dropped.
struct Release(Arc<Dialog>);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.feed.end(CallEnd::Released);
    }
}

/// How a handler failed.
enum Failure {
    Error(BoxError),
    Panic(String),
    Cancelled,
}

impl Failure {
    /// Reports it, with what became of its call. A caller who hangs up is no failure, and is told quietly.
    fn report(self, call: &'static str) {
        match self {
            Self::Error(error) if call == GONE => {
                info!(%error, "the call went before its handler was through")
            }
            Self::Error(error) => warn!(%error, call, "a call's handler returned an error"),
            Self::Panic(panic) => error!(panic, call, "a call's handler panicked"),
            Self::Cancelled => warn!(call, "a call was cancelled"),
        }
    }
}

const GONE: &str = "had gone already";

/// Hangs up what is left of the call: none of its channels shall stay in silence.
async fn hang_up(call: &Call) -> &'static str {
    let hanging_up = call.dialog().legs.left().into_iter().map(|channel| async move {
        let request = call.command(Method::Delete, path(&["channels", &channel]));
        request.timeout(HANG_UP_DEADLINE).await.map(drop)
    });
    let mut outcome = GONE;
    for result in join_all(hanging_up).await {
        match result {
            Ok(()) if outcome == GONE => outcome = "hung up",
            Ok(()) => {}
            Err(error) if matches!(error.kind(), CommandErrorKind::NotFound | CommandErrorKind::Gone) => {}
            Err(error) => {
                warn!(%error, "a channel of a call could not be hung up");
                outcome = "not hung up";
            }
        }
    }
    outcome
}

/// What a panic said.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
