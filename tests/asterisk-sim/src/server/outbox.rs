//! What waits to be written to one websocket. Putting something in never waits: it is done under the lock.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::frame::{self, opcode};
use crate::limits;

/// Something to write.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// One or more whole frames, or what a script wants to pass for such.
    Bytes(Bytes),
    /// A close frame, after which the socket is closed.
    Close,
}

/// The putting-in end of a websocket's queue.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    id: u64,
    queue: mpsc::Sender<Outgoing>,
    overflown: CancellationToken,
}

impl Outbox {
    pub(crate) fn new(id: u64) -> (Self, mpsc::Receiver<Outgoing>) {
        let (queue, receiver) = mpsc::channel(limits::WEBSOCKET_QUEUE);
        (Self { id, queue, overflown: CancellationToken::new() }, receiver)
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Fires when the reader is so far behind that the queue is full.
    pub(crate) fn overflown(&self) -> &CancellationToken {
        &self.overflown
    }

    pub(crate) fn send_text(&self, text: &str) {
        self.send_frame(opcode::TEXT, text.as_bytes());
    }

    pub(crate) fn send_frame(&self, opcode: u8, payload: &[u8]) {
        let mut bytes = Vec::new();
        frame::encode(opcode, payload, &mut bytes);
        self.send(Outgoing::Bytes(bytes.into()));
    }

    pub(crate) fn send(&self, outgoing: Outgoing) {
        match self.queue.try_send(outgoing) {
            // A closed queue belongs to a socket that is just going: what it misses, it misses.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.overflown.cancel(),
        }
    }
}
