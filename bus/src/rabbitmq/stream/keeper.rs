//! Keeps a connection up: makes it, makes it again whenever it is lost, and tells whether it is of use.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::outlet::Outlet;
use crate::{
    BusError, BusErrorKind, BusOptions,
    current::Current,
    link::NOT_YET,
    rabbitmq::{
        address::Address,
        fault::timed_out,
        limits::{BACKOFF_MAX, OPEN_DEADLINE, STEADY},
        supervisor::pauses,
    },
    stream::{Exchange, SinkOptions},
};

/// What the sink and its keeper share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) address: Address,
    pub(super) connection: BusOptions,
    pub(super) exchange: Exchange,
    pub(super) current: Current<Outlet>,
    /// Ends the keeper, with a goodbye to the broker.
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Shared {
    pub(super) fn new(address: Address, options: SinkOptions) -> Self {
        Self {
            address,
            connection: options.connection,
            exchange: options.exchange,
            current: Current::new(unavailable(NOT_YET.to_owned())),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }
}

/// Runs until the sink is closed.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut pauses = pauses();
    loop {
        let opening = Outlet::open(&shared.address, &shared.connection.client_name, &shared.exchange);
        let attempt = timeout(OPEN_DEADLINE, opening);
        let error = match shared.closing.run_until_cancelled(attempt).await {
            None => return,
            Some(Ok(Ok(outlet))) => {
                let since = Instant::now();
                let error = serve(&shared, &Arc::new(outlet)).await;
                if since.elapsed() >= STEADY {
                    pauses = self::pauses();
                }
                error
            }
            Some(Ok(Err(error))) => error,
            Some(Err(_)) => timed_out(&format!("connecting to {}", shared.address)),
        };
        if shared.closing.is_cancelled() {
            return;
        }
        // What the broker refuses is not asked at short intervals: that locks accounts and fills logs.
        let refused = error.kind() == BusErrorKind::Refused;
        shared.current.down(error);
        let pause: Duration = if refused { BACKOFF_MAX } else { pauses.next().unwrap_or(BACKOFF_MAX) };
        shared.closing.run_until_cancelled(sleep(pause)).await;
    }
}

/// Lends a connection to whoever publishes, while it is of use; returns what became of it.
async fn serve(shared: &Shared, outlet: &Arc<Outlet>) -> BusError {
    let mut hindrance = outlet.vitals.hindrance.subscribe();
    hindrance.mark_changed();
    let mut lost = std::pin::pin!(outlet.lost());
    loop {
        tokio::select! {
            biased;
            () = shared.closing.cancelled() => {
                outlet.close(shared.connection.deadline).await;
                break;
            }
            () = &mut lost => break,
            Ok(()) = hindrance.changed() => {
                let reason = hindrance.borrow_and_update().reason();
                match reason {
                    None => drop(shared.current.up(outlet)),
                    Some(why) => shared.current.down(unavailable(format!("{}: {why}", shared.address))),
                }
            }
        }
    }
    outlet.cut();
    unavailable(format!("{}: {}", shared.address, outlet.vitals.why()))
}

fn unavailable(why: String) -> BusError {
    BusError::new(BusErrorKind::Unavailable, why)
}
