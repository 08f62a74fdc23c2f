//! Keeps a connection up: makes it, makes it again whenever it is lost, and subscribes anew on it.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::{Instant, sleep, timeout};

use super::{
    address::{Server, Servers},
    limits::{
        RETRY_LONGEST, RETRY_SHORTEST, ROUND_TRIP_DEADLINE, ROUND_TRIP_INTERVAL, ROUND_TRIPS_MISSED, STEADY,
    },
    session::Session,
    shared::Shared,
};
use crate::{BusError, BusErrorKind};

/// Runs until the bus is closed.
pub(super) async fn keep(shared: Arc<Shared>, servers: Servers) {
    let closing = shared.closing.clone();
    closing.run_until_cancelled(keep_for_ever(&shared, &servers)).await;
}

async fn keep_for_ever(shared: &Arc<Shared>, servers: &Servers) {
    let mut waits = waits();
    for server in servers.all.iter().cycle() {
        match connect(shared, servers, server).await {
            Ok(session) => {
                let since = Instant::now();
                tracing::debug!(%server, "connected to NATS");
                shared.up(&session);
                let reason = until_lost(&session).await;
                let why = format!("the connection to {server} {reason}");
                shared.current.down(BusError::new(BusErrorKind::Unavailable, why));
                if since.elapsed() >= STEADY {
                    waits = self::waits();
                }
            }
            Err(error) => shared.current.down(error),
        }
        sleep(waits.next().unwrap_or(RETRY_LONGEST)).await;
    }
}

/// Resolves when the connection is lost, or does not carry what we send; returns what happened to it.
///
/// The library asks the server whether it is there only while nothing comes from it: a connection that still brings what others
/// send, and takes nothing any more, would stay up for ever.
async fn until_lost(session: &Session) -> &'static str {
    let mut unanswered = 0;
    while unanswered < ROUND_TRIPS_MISSED {
        tokio::select! {
            () = session.lost().cancelled() => return "was lost",
            () = sleep(ROUND_TRIP_INTERVAL) => {}
        }
        // More than once: this process may have stood still itself, with the answer before its door.
        match timeout(ROUND_TRIP_DEADLINE, session.fence()).await {
            Ok(_) => unanswered = 0,
            Err(_) => unanswered += 1,
        }
    }
    session.lost().cancel();
    "took nothing any more"
}

/// Connects and brings every subscription back, so that a link that is up can be heard as well; and the stream, if one is wanted.
async fn connect(shared: &Arc<Shared>, servers: &Servers, server: &Server) -> Result<Arc<Session>, BusError> {
    let name = &shared.options.client_name;
    let session = Session::connect(servers, server, name, &shared.over, &shared.tasks)
        .await
        .map_err(|why| BusError::new(BusErrorKind::Unavailable, why))?;
    let subscribing = async {
        let all = shared.wanted();
        for wanted in &all {
            wanted.renew(&session).await?;
        }
        session.fence().await?;
        for wanted in &all {
            session.check_subscribed(&wanted.subject).await?;
        }
        match &shared.stream {
            // Boxed: the library's futures are large.
            Some(stream) => Box::pin(session.prepare(stream, shared.options.deadline)).await,
            None => Ok(()),
        }
    };
    let failure = match timeout(shared.options.deadline, subscribing).await {
        Ok(Ok(())) => return Ok(session),
        Ok(Err(error)) => error,
        Err(_) => BusError::new(BusErrorKind::Timeout, "no answer to the first questions"),
    };
    session.lost().cancel();
    Err(BusError::new(failure.kind(), format!("{server}: {failure}")))
}

fn waits() -> impl Iterator<Item = Duration> {
    // The builder adds up to as much again as jitter: half of the longest wait is certain, and processes spread over the
    // other half.
    ExponentialBuilder::new()
        .with_jitter()
        .with_min_delay(RETRY_SHORTEST / 2)
        .with_max_delay(RETRY_LONGEST / 2)
        .without_max_times()
        .build()
}
