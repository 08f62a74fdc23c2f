//! The place of one Asterisk: where the socket waits with which it has dialled in, until its proxy takes it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_tungstenite::WebSocketStream;
use tokio_util::sync::CancellationToken;

use super::{
    super::limits::{COMING, DIAL_IN_TIMEOUT},
    server::Stream,
};

/// An Asterisk that has dialled in.
pub(crate) struct Arrival {
    pub(super) socket: WebSocketStream<Stream>,
    pub(super) peer: SocketAddr,
}

/// The place of one Asterisk. The newest connection has it.
pub(crate) struct Seat {
    /// Not cancelled while somebody reads what comes. Otherwise nobody is let in: Asterisk keeps its events as long.
    open: Mutex<Option<CancellationToken>>,
    /// One for each that has been let in and has not arrived yet.
    coming: Arc<Semaphore>,
    arrived: Mutex<Option<Arrival>>,
    news: Notify,
}

/// Somebody has been let in.
pub(super) struct Coming {
    seat: Arc<Seat>,
    _place: OwnedSemaphorePermit,
}

impl Seat {
    /// A place that is not open yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            coming: Arc::new(Semaphore::new(COMING as usize)),
            arrived: Mutex::default(),
            news: Notify::new(),
        })
    }

    /// Lets them in from now on and until `stop` is cancelled.
    pub(super) fn open(&self, stop: &CancellationToken) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop.clone());
    }

    /// Lets somebody in, if there is anybody to read what they bring.
    pub(super) fn let_in(self: &Arc<Self>) -> Option<Coming> {
        // In this order: at a stop it is looked afterwards who has a place.
        let place = Arc::clone(&self.coming).try_acquire_owned().ok()?;
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = open.as_ref().is_some_and(|stop| !stop.is_cancelled());
        is_open.then(|| Coming { seat: Arc::clone(self), _place: place })
    }

    /// The next connection.
    pub(super) async fn next(&self) -> Arrival {
        loop {
            if let Some(arrival) = self.take() {
                return arrival;
            }
            self.news.notified().await;
        }
    }

    /// One who was let in before `stop` was cancelled and has not been taken: what Asterisk has written there it takes for
    /// delivered.
    pub(super) async fn last(&self) -> Option<Arrival> {
        // None of them takes longer.
        let _ = timeout(DIAL_IN_TIMEOUT, self.coming.acquire_many(COMING)).await;
        self.take()
    }

    fn take(&self) -> Option<Arrival> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Coming {
    /// The handshake is over.
    pub(super) fn arrive(self, arrival: Arrival) {
        *self.seat.arrived.lock().unwrap_or_else(PoisonError::into_inner) = Some(arrival);
        self.seat.news.notify_one();
    }
}
