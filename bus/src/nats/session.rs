//! One connection to a server, from its login to its loss. It never reconnects: the [keeper](super::keeper) makes the
//! next one.
//!
//! The library's own reconnecting is not used, because it keeps what was queued for a lost connection and sends it when
//! the next one is up: an offer that failed a minute ago would then reach a worker. It also tells of its state in a
//! queue that it overflows silently.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use async_nats::{
    AuthError, Client, ConnectOptions, HeaderMap, Message, PublishError, PublishErrorKind, StatusCode,
    SubscribeError, SubscribeErrorKind, Subscriber,
    jetstream::{Context, kv::Store},
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::{
    sync::{OnceCell, oneshot},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    address::{Server, Servers},
    events::Events,
    limits::{ARRIVED, COMMANDS, CONNECT_TIMEOUT, PING_INTERVAL, REFUSALS, WAITING},
    refusal::why,
};
use crate::{BusError, BusErrorKind, Reach};

/// A connection, and the operations that wait for an answer on it.
pub(super) struct Session {
    client: Client,
    /// What the reply topics of this connection begin with. One wildcard subscription reads them all.
    inbox: String,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Reach>>>,
    next_waiting: AtomicU64,
    fate: Arc<Fate>,
    /// Where claims are kept, once that is known; `None` where they are not.
    pub(super) claims: OnceCell<Option<Store>>,
    /// How to publish to the stream of JetStream, if there is to be one.
    pub(super) jetstream: OnceCell<Context>,
}

/// What the connection's events tell, shared with the library's callback.
#[derive(Debug)]
pub(super) struct Fate {
    /// The connection is gone, or given up.
    pub(super) lost: CancellationToken,
    refusals: Mutex<VecDeque<String>>,
    /// Whether the server ever did not allow something.
    strict: AtomicBool,
}

/// The keys of [`Fate`]'s refusals: what was not allowed, and where.
pub(super) fn refused_publish(topic: &str) -> String {
    // Quoted as Go does it.
    format!("Publish to \"{}\"", topic.replace('\\', "\\\\").replace('"', "\\\""))
}

/// See [`refused_publish`].
pub(super) fn refused_subscription(subject: &str) -> String {
    format!("Subscription to \"{subject}\"")
}

impl Fate {
    /// Remembers what the server did not allow: `Publish to "a"` or `Subscription to "a" using queue "b"`.
    pub(super) fn refuse(&self, what: &str) {
        self.strict.store(true, Ordering::Relaxed);
        let mut refusals = lock(&self.refusals);
        if refusals.len() >= REFUSALS {
            refusals.pop_front();
        }
        refusals.push_back(what.to_owned());
    }

    /// Whether the server refused this since the last time that it was asked for.
    fn take_refusal(&self, what: &str) -> bool {
        let mut refusals = lock(&self.refusals);
        let before = refusals.len();
        refusals.retain(|refusal| !refusal.starts_with(what));
        refusals.len() < before
    }
}

impl Session {
    /// Connects and logs in, once.
    pub(super) async fn connect(
        servers: &Servers,
        server: &Server,
        client_name: &str,
        over: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Arc<Self>, String> {
        let fate =
            Arc::new(Fate { lost: over.child_token(), refusals: Mutex::default(), strict: false.into() });
        let failed = |error: &dyn fmt::Display| format!("{server}: {error}");
        let logged_in = Arc::new(AtomicBool::new(false));
        let connecting =
            options(servers, server, client_name, &fate, &logged_in).connect(server.address.clone());
        let client = match timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(client) => client.map_err(|error| failed(&why(&error, servers, server)))?,
            Err(_) => return Err(failed(&"no answer")),
        };
        // Only now: a host with several addresses is asked for a login at each of them.
        logged_in.store(true, Ordering::Relaxed);
        let inbox = format!("{}.", client.new_inbox());
        let replies = client.subscribe(format!("{inbox}*")).await.map_err(|error| failed(&error))?;
        let session = Arc::new(Self {
            client,
            inbox,
            waiting: Mutex::default(),
            next_waiting: AtomicU64::new(0),
            fate,
            claims: OnceCell::new(),
            jetstream: OnceCell::new(),
        });
        tasks.spawn(Arc::clone(&session).read_replies(replies));
        Ok(session)
    }

    /// The library's own.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends when the connection does.
    pub(super) fn lost(&self) -> &CancellationToken {
        &self.fate.lost
    }

    /// The largest payload that this server takes.
    pub(super) fn largest_message(&self) -> usize {
        self.client.max_payload()
    }

    pub(super) async fn publish(&self, topic: &str, payload: Bytes) -> Result<(), BusError> {
        // No flush: the connection's task writes whatever it finds queued at once, many messages in one write.
        self.or_lost(self.client.publish(topic.to_owned(), payload)).await
    }

    /// Publishes with headers; see [`Session::publish`].
    pub(super) async fn publish_with_headers(
        &self,
        topic: &str,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), BusError> {
        self.or_lost(self.client.publish_with_headers(topic.to_owned(), headers, payload)).await
    }

    /// Publishes, and learns from the server whether anybody was there to get it.
    ///
    /// The server answers a message that nobody gets with a 503 to its reply topic, before anything that is sent later
    /// on this connection. So a marker to the same reply topic tells by coming first that somebody was there.
    pub(super) async fn offer(&self, topic: &str, payload: Bytes) -> Result<Reach, BusError> {
        let (reply, verdict) = self.wait()?;
        self.or_lost(self.client.publish_with_reply(topic.to_owned(), reply.topic(), payload)).await?;
        self.publish(&reply.topic(), Bytes::new()).await?;
        let reach = self.answer(verdict).await?;
        self.check_allowed(&refused_publish(topic)).await?;
        Ok(reach)
    }

    /// Subscribes; the server has done so once a [`Session::fence`] has returned.
    pub(super) async fn subscribe(&self, subject: &str, group: Option<&str>) -> Result<Subscriber, BusError> {
        let subject = subject.to_owned();
        match group {
            None => self.or_lost(self.client.subscribe(subject)).await,
            Some(group) => self.or_lost(self.client.queue_subscribe(subject, group.to_owned())).await,
        }
    }

    /// Fails if the server did not allow a subscription that [`Session::fence`] has confirmed since.
    pub(super) async fn check_subscribed(&self, subject: &str) -> Result<(), BusError> {
        self.check_allowed(&refused_subscription(subject)).await
    }

    /// Resolves when the server has done all that was sent before, and all that it sent before has arrived.
    pub(super) async fn fence(&self) -> Result<(), BusError> {
        let (reply, verdict) = self.wait()?;
        self.publish(&reply.topic(), Bytes::new()).await?;
        self.answer(verdict).await.map(|_| ())
    }

    /// What the server did not allow since the last time that was asked: [`refused_publish`] of each topic, of which the last
    /// [`REFUSALS`] are remembered.
    pub(super) fn take_refusals(&self) -> HashSet<String> {
        lock(&self.fate.refusals).drain(..).collect()
    }

    /// Whether the server ever did not allow something on this connection.
    pub(super) fn is_strict(&self) -> bool {
        self.fate.strict.load(Ordering::Relaxed)
    }

    async fn check_allowed(&self, what: &str) -> Result<(), BusError> {
        // The refusal has arrived by now, but the library hands it to another task. That one was made ready before us:
        // going to the end of the line lets it run. Should it not have, the refusal still stands in the log.
        tokio::task::yield_now().await;
        if self.fate.take_refusal(what) {
            return Err(BusError::new(
                BusErrorKind::Refused,
                format!("the server does not allow this: {what}"),
            ));
        }
        Ok(())
    }

    fn wait(&self) -> Result<(Reply<'_>, oneshot::Receiver<Reach>), BusError> {
        let (sender, verdict) = oneshot::channel();
        let number = self.next_waiting.fetch_add(1, Ordering::Relaxed);
        let mut waiting = lock(&self.waiting);
        if waiting.len() >= WAITING {
            return Err(BusError::new(BusErrorKind::Unavailable, "too many operations wait for the server"));
        }
        waiting.insert(number, sender);
        Ok((Reply { session: self, number }, verdict))
    }

    async fn answer(&self, verdict: oneshot::Receiver<Reach>) -> Result<Reach, BusError> {
        tokio::select! {
            reach = verdict => reach.map_err(|_| lost()),
            () = self.fate.lost.cancelled() => Err(lost()),
        }
    }

    /// Hands the answers to those who wait for them, until the connection is lost.
    async fn read_replies(self: Arc<Self>, mut replies: Subscriber) {
        let lost = self.fate.lost.clone();
        while let Some(Some(Message { subject, status, .. })) = lost.run_until_cancelled(replies.next()).await
        {
            let number = subject.strip_prefix(&self.inbox).and_then(|number| number.parse().ok());
            if let Some(waiting) = number.and_then(|number: u64| lock(&self.waiting).remove(&number)) {
                let nobody = status == Some(StatusCode::NO_RESPONDERS);
                // Whoever waited may have given up in the meantime.
                let _ = waiting.send(if nobody { Reach::Nobody } else { Reach::Somebody });
            }
        }
        // The stream ends with the connection, whether or not its event got through.
        lost.cancel();
        lock(&self.waiting).clear();
    }

    /// Runs an operation of the library, which waits while its queue is full, until the connection is lost.
    pub(super) async fn or_lost<T, E>(
        &self,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, BusError>
    where
        BusError: FromLibrary<E>,
    {
        tokio::select! {
            result = operation => result.map_err(BusError::from_library),
            () = self.fate.lost.cancelled() => Err(lost()),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("lost", &self.fate.lost.is_cancelled()).finish_non_exhaustive()
    }
}

/// A place among the waiting, given up when it is dropped.
struct Reply<'a> {
    session: &'a Session,
    number: u64,
}

impl Reply<'_> {
    fn topic(&self) -> String {
        format!("{}{}", self.session.inbox, self.number)
    }
}

impl Drop for Reply<'_> {
    fn drop(&mut self) {
        lock(&self.session.waiting).remove(&self.number);
    }
}

/// The library's errors as ours.
pub(super) trait FromLibrary<E> {
    fn from_library(error: E) -> Self;
}

impl FromLibrary<BusError> for BusError {
    fn from_library(error: BusError) -> Self {
        error
    }
}

impl FromLibrary<PublishError> for BusError {
    fn from_library(error: PublishError) -> Self {
        let kind = match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => BusErrorKind::TooLarge,
            PublishErrorKind::InvalidSubject => BusErrorKind::Invalid,
            PublishErrorKind::Send => BusErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl FromLibrary<SubscribeError> for BusError {
    fn from_library(error: SubscribeError) -> Self {
        let kind = match error.kind() {
            SubscribeErrorKind::InvalidSubject | SubscribeErrorKind::InvalidQueueName => {
                BusErrorKind::Invalid
            }
            SubscribeErrorKind::Other => BusErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}

fn options(
    servers: &Servers,
    server: &Server,
    client_name: &str,
    fate: &Arc<Fate>,
    logged_in: &Arc<AtomicBool>,
) -> ConnectOptions {
    let (login, logged_in) = (server.login.clone(), Arc::clone(logged_in));
    let events = Events::new(server.to_string(), Arc::clone(fate));
    // The library always reconnects at least once. Asked for a login again we have none, and with that its one attempt is
    // used up: it gives up and drops what was queued.
    let options =
        ConnectOptions::with_auth_callback(move |nonce| {
            let again = logged_in.load(Ordering::Relaxed);
            let login = login.clone();
            async move {
                if again { Err(AuthError::new("a connection logs in once")) } else { login.answer(&nonce) }
            }
        })
        .max_reconnects(1)
        .ignore_discovered_servers()
        .name(client_name)
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .client_capacity(COMMANDS)
        .subscription_capacity(ARRIVED)
        .event_callback(move |event| {
            events.see(event);
            std::future::ready(())
        });
    match &servers.tls {
        Some(tls) => options.tls_client_config((**tls).clone()),
        None => options,
    }
}

fn lost() -> BusError {
    BusError::new(BusErrorKind::Unavailable, "the connection to NATS was lost")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves these maps as whole as they were.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
