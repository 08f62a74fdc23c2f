//! The place of one Asterisk: where the socket waits with which it has dialled in, until its proxy takes it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_tungstenite::WebSocketStream;

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
    /// Whether somebody reads what comes. Otherwise nobody is let in: Asterisk keeps its events as long.
    open: AtomicBool,
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
            open: AtomicBool::new(false),
            coming: Arc::new(Semaphore::new(COMING as usize)),
            arrived: Mutex::default(),
            news: Notify::new(),
        })
    }

    /// Lets them in from now on.
    pub(super) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    /// Lets somebody in, if there is anybody to read what they bring.
    pub(super) fn let_in(self: &Arc<Self>) -> Option<Coming> {
        // In this order: who closes the seat first says so, and then looks who has a place.
        let place = Arc::clone(&self.coming).try_acquire_owned().ok()?;
        self.open.load(Ordering::SeqCst).then(|| Coming { seat: Arc::clone(self), _place: place })
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

    /// Lets nobody in any more. Returns one who was let in before and has not been taken: what Asterisk has written there it
    /// takes for delivered.
    pub(super) async fn close(&self) -> Option<Arrival> {
        self.open.store(false, Ordering::SeqCst);
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
