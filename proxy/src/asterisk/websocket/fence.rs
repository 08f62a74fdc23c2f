//! A fence in the stream of events: what Asterisk sent before it has been read.
//!
//! It is a ping: Asterisk's pong comes behind everything that was written to the socket before.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Bytes;

use crate::asterisk::limits::FENCES;

/// The way to put fences into one connection.
#[derive(Debug, Clone)]
pub(crate) struct Fence(mpsc::Sender<oneshot::Sender<()>>);

/// The fences of one connection.
#[derive(Debug)]
pub(in super::super) struct Fences {
    asked: mpsc::Receiver<oneshot::Sender<()>>,
    /// Those that are up, by number, the oldest first.
    up: VecDeque<(u64, oneshot::Sender<()>)>,
    last: u64,
}

impl Fence {
    /// Resolves when everything that Asterisk sent before now has been read; false if the connection ended before.
    pub(crate) async fn passed(&self) -> bool {
        let (sender, passed) = oneshot::channel();
        self.0.send(sender).await.is_ok() && passed.await.is_ok()
    }
}

impl Fences {
    /// No fence yet, and the way to put up some.
    pub(in super::super) fn new() -> (Fence, Self) {
        let (sender, asked) = mpsc::channel(FENCES);
        (Fence(sender), Self { asked, up: VecDeque::new(), last: 0 })
    }

    /// The payload of the next ping that is a fence, once somebody asks for one.
    pub(super) async fn next(&mut self) -> Bytes {
        match self.asked.recv().await {
            Some(passed) => {
                self.last += 1;
                self.up.push_back((self.last, passed));
                Bytes::copy_from_slice(&self.last.to_be_bytes())
            }
            // Nobody can ask any more.
            None => std::future::pending().await,
        }
    }

    /// Everything that came before any of them has been read.
    pub(super) fn pass_all(&mut self) {
        self.pong(&self.last.to_be_bytes());
    }

    /// A pong has come.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else { return };
        while self.up.front().is_some_and(|(up, _)| *up <= number) {
            if let Some((_, passed)) = self.up.pop_front() {
                // Who asked may have gone.
                let _ = passed.send(());
            }
        }
    }
}
