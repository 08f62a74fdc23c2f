//! One life of the link to the broker: two connections and what is open on them.
//!
//! lapin can recover connections itself, but it would send again what it had not sent yet, keeps one try for each
//! channel, and does not tell a refused queue from a lost one. So a session that breaks anywhere is thrown away as a
//! whole and the supervisor builds a new one: every state is either whole or gone.
//!
//! Publishing and consuming have a connection each: a broker short of memory stops reading from whoever publishes, and
//! would stop his acknowledgements too.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use lapin::{Channel, Connection, Event, options::BasicQosOptions};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{
    address::Address,
    fault::timed_out,
    limits::{CHANNELS_WANTED, GOODBYE_DEADLINE, LIVENESS_CHECK, SILENCE_ALLOWED, STUCK_DEADLINE},
    publisher::Publisher,
    wire::Wire,
};
use crate::{BusError, BusErrorKind};

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

/// An open link.
#[derive(Debug)]
pub(super) struct Session {
    /// Tells it from earlier and later ones.
    pub(super) id: u64,
    pub(super) publisher: Publisher,
    pub(super) consuming: Wire,
    /// What keeps the link from being of use at the moment.
    pub(super) hindrance: watch::Sender<Hindrance>,
    /// Cancelled when a connection is lost, or cut by us.
    pub(super) broken: CancellationToken,
    why: Mutex<Option<String>>,
    /// The consuming channels that have not yet brought their subscriptions back.
    restoring: Mutex<HashSet<u64>>,
    restored: Notify,
}

impl Session {
    /// Connects.
    pub(super) async fn open(address: &Address, name: &str, id: u64) -> lapin::Result<Arc<Self>> {
        // One after the other: a refused login is refused once.
        let publishing = Wire::open(address, &format!("{name} (publishes)")).await?;
        let consuming = Wire::open(address, &format!("{name} (consumes)")).await?;
        let publisher = Publisher::open(publishing).await?;
        let channels = consuming.connection().configuration().channel_max();
        if (1..CHANNELS_WANTED).contains(&channels) {
            tracing::warn!(
                channels,
                "the broker, or channel_max in its URL, allows a connection few channels: make it {CHANNELS_WANTED}"
            );
        }
        Ok(Arc::new(Self {
            id,
            publisher,
            consuming,
            hindrance: watch::Sender::default(),
            broken: CancellationToken::new(),
            why: Mutex::new(None),
            restoring: Mutex::default(),
            restored: Notify::new(),
        }))
    }

    /// Watches both connections until one is lost, then breaks the session. Run it as a task.
    pub(super) async fn watch(self: Arc<Self>) {
        let publishing = self.publisher.wire();
        tokio::select! {
            () = self.broken.cancelled() => {}
            () = self.watch_one(publishing.connection()) => {}
            () = self.watch_one(self.consuming.connection()) => {}
            () = self.ask(publishing) => {}
            () = self.ask(&self.consuming) => {}
        }
        self.broken.cancel();
        self.publisher.wire().cut();
        // Nobody else has a copy of what is under way to an inbox: with a goodbye it still arrives. Where this is the
        // connection that was lost, it takes no time.
        self.consuming.close(GOODBYE_DEADLINE).await;
    }

    async fn watch_one(&self, connection: &Connection) {
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

    /// Waits for the broker to do something, for as long as it may be stuck over it, or until the session breaks.
    pub(super) async fn patiently<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        match self.broken.run_until_cancelled(tokio::time::timeout(STUCK_DEADLINE, work)).await {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(timed_out(doing)),
            None => {
                Err(BusError::new(BusErrorKind::Unavailable, format!("{doing}: the connection was lost")))
            }
        }
    }

    /// Ends the session at once: everything that waits on it fails.
    pub(super) fn cut(&self) {
        self.broken.cancel();
        self.publisher.wire().cut();
        self.consuming.cut();
    }

    /// Says goodbye on both connections, within `deadline`, and ends the session.
    pub(super) async fn close(&self, deadline: Duration) {
        tokio::join!(self.publisher.wire().close(deadline), self.consuming.close(deadline));
        self.cut();
    }

    /// These consuming channels have to bring their subscriptions back.
    pub(super) fn expect(&self, channels: HashSet<u64>) {
        *self.restoring.lock().unwrap_or_else(PoisonError::into_inner) = channels;
    }

    /// A consuming channel has its subscriptions back, or cannot get them back soon, or is gone.
    pub(super) fn settled(&self, channel: u64) {
        let mut restoring = self.restoring.lock().unwrap_or_else(PoisonError::into_inner);
        if restoring.remove(&channel) && restoring.is_empty() {
            self.restored.notify_one();
        }
    }

    /// Waits until all consuming channels are settled.
    pub(super) async fn restored(&self) {
        if !self.restoring.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.restored.notified().await;
        }
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
