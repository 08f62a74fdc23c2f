//! From the client library's subscriptions to ours: across connections, and without loss when its reader leaves.

use std::sync::{Arc, Mutex, PoisonError};

use async_nats::Subscriber;
use futures_util::{FutureExt, StreamExt};
use tokio::{
    sync::{Notify, mpsc},
    task::unconstrained,
    time::{Duration, timeout},
};
use tokio_util::sync::CancellationToken;

use super::session::Session;
use crate::{Delivery, Message};

/// What there is to know about a subscription in order to make it anew on another connection.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) subject: String,
    pub(super) group: Option<String>,
    fresh: Mutex<Option<(Arc<Session>, Subscriber)>>,
    renewed: Notify,
}

impl Wanted {
    pub(super) fn new(subject: String, group: Option<String>) -> Self {
        Self { subject, group, fresh: Mutex::default(), renewed: Notify::new() }
    }

    /// Subscribes on a connection and hands the result to the reader. What the reader still holds of an earlier
    /// connection comes first.
    pub(super) async fn renew(&self, session: &Arc<Session>) -> Result<(), crate::BusError> {
        let subscriber = session.subscribe(&self.subject, self.group.as_deref()).await?;
        let fresh = (Arc::clone(session), subscriber);
        *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        self.renewed.notify_one();
        Ok(())
    }

    fn take(&self) -> Option<(Arc<Session>, Subscriber)> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn fresh(&self) -> (Arc<Session>, Subscriber) {
        loop {
            match self.take() {
                Some(fresh) => return fresh,
                None => self.renewed.notified().await,
            }
        }
    }
}

/// Forwards what arrives until `leave` is cancelled, then what had arrived by then. The end of `ready` tells the reader
/// that this was all.
pub(super) async fn forward(
    wanted: &Wanted,
    ready: mpsc::Sender<Delivery>,
    leave: CancellationToken,
    deadline: Duration,
) {
    let mut current = None;
    leave.run_until_cancelled(pump(wanted, &ready, &mut current)).await;
    for (session, subscriber) in current.into_iter().chain(wanted.take()) {
        finish(&session, subscriber, &ready, deadline).await;
    }
}

/// Forwards for ever, or until the reader is gone. Cancelling it loses nothing: a message is taken off one queue only
/// with room for it in the next.
async fn pump(
    wanted: &Wanted,
    ready: &mpsc::Sender<Delivery>,
    current: &mut Option<(Arc<Session>, Subscriber)>,
) {
    while let Ok(room) = ready.reserve().await {
        let (session, subscriber) = match current {
            Some(current) => current,
            None => current.insert(wanted.fresh().await),
        };
        let message = tokio::select! {
            biased;
            message = subscriber.next() => message,
            // The library ends the subscription only when it has tried in vain to reach this server again.
            () = session.lost().cancelled() => arrived(subscriber),
        };
        match message {
            Some(message) => room.send(delivery(message)),
            // The connection is lost; the keeper brings another.
            None => *current = None,
        }
    }
}

/// The next message that is here already. Unconstrained, since a task that has done much is otherwise told that the
/// queue is empty to make it yield.
fn arrived(subscriber: &mut Subscriber) -> Option<async_nats::Message> {
    unconstrained(subscriber.next()).now_or_never().flatten()
}

/// Unsubscribes without losing what the server has given to us before it hears of it.
async fn finish(
    session: &Session,
    mut subscriber: Subscriber,
    ready: &mpsc::Sender<Delivery>,
    deadline: Duration,
) {
    if ready.is_closed() {
        // Nobody wants the rest. Dropping the subscriber unsubscribes.
        return;
    }
    // The library's `unsubscribe` and `drain` forget the subscription before the server has answered, and drop what is
    // still on its way. `unsubscribe_after` keeps it until that many messages have come, while a server that reads a
    // number of more than nine digits (nats-server, `parseSize`) takes it for none and unsubscribes at once. A server
    // that should honour the number hears the plain UNSUB below, as if this had not been tried.
    let unsubscribed = async {
        if subscriber.unsubscribe_after(u64::MAX).await.is_ok() {
            // Ours on a connection that is lost meanwhile; then nothing more can come.
            let _ = session.fence().await;
        }
    };
    let _ = timeout(deadline, unsubscribed).await;
    while let Some(message) = arrived(&mut subscriber) {
        if ready.send(delivery(message)).await.is_err() {
            return;
        }
    }
}

fn delivery(message: async_nats::Message) -> Delivery {
    let topic = message.subject.into_string();
    // NATS keeps nothing: there is nothing to acknowledge.
    Delivery { message: Message { topic, payload: message.payload }, on_taken: None }
}
