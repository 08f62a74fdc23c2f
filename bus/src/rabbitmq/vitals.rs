//! Whether a connection is of use: whether it is lost, whether the broker blocks it, whether the broker answers on it.

use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt as _;
use lapin::{Channel, Connection, Event, options::BasicQosOptions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    limits::{LIVENESS_CHECK, SILENCE_ALLOWED},
    wire::Wire,
};

/// What can be wrong with a link that is open.
#[derive(Debug, Default)]
pub(super) struct Hindrance {
    /// The broker takes no messages, and why.
    blocked: Option<String>,
    /// Connections on which the broker does not answer: it is paused, or the network is.
    silent: u8,
}

impl Hindrance {
    /// The reason, for people, if there is one.
    pub(super) fn reason(&self) -> Option<String> {
        let blocked = self.blocked.as_ref().map(|why| format!("the broker takes no messages: {why}"));
        blocked.or_else(|| (self.silent > 0).then(|| "the broker does not answer".to_owned()))
    }
}

/// What is known of the connections of one session.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    /// What keeps the link from being of use at the moment.
    pub(super) hindrance: watch::Sender<Hindrance>,
    /// Cancelled when a connection is lost, or cut by us.
    pub(super) broken: CancellationToken,
    why: Mutex<Option<String>>,
}

impl Vitals {
    /// Watches one connection until it is lost.
    pub(super) async fn watch(&self, wire: &Wire) {
        tokio::select! {
            () = self.listen(wire.connection()) => {}
            () = self.ask(wire) => {}
        }
    }

    async fn listen(&self, connection: &Connection) {
        let mut events = std::pin::pin!(connection.events_listener());
        let mut check = tokio::time::interval(LIVENESS_CHECK);
        let mut lost = false;
        loop {
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(Event::ConnectionBlocked(why)) => self.hindrance.send_modify(|now| now.blocked = Some(why)),
                    Some(Event::ConnectionUnblocked) => self.hindrance.send_modify(|now| now.blocked = None),
                    // Also raised for a channel; only the connection's state tells.
                    Some(Event::Error(error)) if !connection.status().connected() => {
                        return self.because(error.to_string());
                    }
                    Some(_) => {}
                    None => return self.because("the connection was lost".to_owned()),
                },
                // The event that tells why comes right after the state: it has until the next look.
                _ = check.tick() => match lost {
                    true => return self.because("the connection was lost".to_owned()),
                    false => lost = !connection.status().connected(),
                },
            }
        }
    }

    /// Asks the broker something easy from time to time. It notices silence long before the heartbeat does: whoever
    /// waits for others to show themselves must know that he is deaf. The session goes on if the answer comes.
    async fn ask(&self, wire: &Wire) {
        let mut open = None;
        loop {
            tokio::time::sleep(LIVENESS_CHECK).await;
            let mut answer = std::pin::pin!(something_easy(wire, open.take()));
            open = match tokio::time::timeout(SILENCE_ALLOWED, answer.as_mut()).await {
                // An error is an answer as well; the connection's state tells the rest.
                Ok(answer) => answer.ok(),
                Err(_) => {
                    self.hindrance.send_modify(|now| now.silent += 1);
                    let answer = answer.await;
                    self.hindrance.send_modify(|now| now.silent -= 1);
                    answer.ok()
                }
            };
        }
    }

    /// Keeps the first reason.
    fn because(&self, why: String) {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// Why the session broke.
    pub(super) fn why(&self) -> String {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.clone().unwrap_or_else(|| "the connection was cut".to_owned())
    }
}

/// Asks something on a channel, a new one if there is none, and gives it back.
async fn something_easy(wire: &Wire, open: Option<Channel>) -> lapin::Result<Channel> {
    let channel = match open {
        Some(channel) => channel,
        None => wire.channel().await?,
    };
    channel.basic_qos(1, BasicQosOptions::default()).await?;
    Ok(channel)
}
