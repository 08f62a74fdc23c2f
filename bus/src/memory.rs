//! The bus inside one process, for the demo and for tests: what NATS does, without a server.
//!
//! Like NATS it keeps nothing for readers that have not subscribed, but a pool takes turns.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::{
    Bus, BusError, BusErrorKind, Claimed, Delivery, Link, LinkState, Message, Reach, Retention, Rival,
    Subscription, Topics, protocol::check_topic,
};

/// Messages that one subscription holds for its reader; a publisher waits when it is full, as for a slow broker.
const SUBSCRIPTION_CAPACITY: usize = 65_536;
/// The largest payload, in bytes: as NATS has it by default.
const LARGEST_MESSAGE: usize = 1 << 20;
/// How long a publisher waits for a reader with a full subscription.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(5);

/// A connection to a broker in memory. A clone is the same connection; [`MemoryBus::another`] makes one that is closed by
/// itself.
#[derive(Debug, Clone)]
pub struct MemoryBus {
    broker: Arc<Broker>,
    connection: Arc<Connection>,
}

#[derive(Debug)]
struct Broker {
    readers: Mutex<Vec<Reader>>,
    connections: Mutex<Vec<Weak<Connection>>>,
    available: AtomicBool,
    /// Who has each claimed name, and the connection with which that ends.
    claims: Mutex<HashMap<String, (String, usize)>>,
    /// Decides which member of a pool is next: counts the messages to pools.
    turn: AtomicUsize,
    next_id: AtomicUsize,
}

#[derive(Debug)]
struct Connection {
    id: usize,
    link: watch::Sender<Link>,
}

#[derive(Debug)]
struct Reader {
    topics: Topics,
    group: Option<String>,
    sender: mpsc::Sender<Delivery>,
    /// Tells it from the others when it leaves.
    id: usize,
    /// The connection that it ends with.
    connection: usize,
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryBus {
    /// A broker of its own.
    #[must_use]
    pub fn new() -> Self {
        let broker = Broker {
            readers: Mutex::default(),
            connections: Mutex::default(),
            available: true.into(),
            claims: Mutex::default(),
            turn: 0.into(),
            next_id: 0.into(),
        };
        Self::connect(Arc::new(broker))
    }

    /// Another connection to the same broker, as another process would have.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::connect(Arc::clone(&self.broker))
    }

    fn connect(broker: Arc<Broker>) -> Self {
        let id = broker.next_id.fetch_add(1, Ordering::Relaxed);
        // Under the lock, so that no change falls between looking and being told.
        let mut connections = locked(&broker.connections);
        let link = watch::Sender::new(link_to(broker.available.load(Ordering::SeqCst)));
        let connection = Arc::new(Connection { id, link });
        connections.retain(|other| other.strong_count() > 0);
        connections.push(Arc::downgrade(&connection));
        drop(connections);
        Self { broker, connection }
    }

    fn available(&self) -> Result<(), BusError> {
        match &*self.connection.link.borrow() {
            Link::Up => Ok(()),
            Link::Down(why) => Err(BusError::new(BusErrorKind::Unavailable, why.clone())),
            Link::Closed => Err(BusError::new(BusErrorKind::Closed, "the bus is closed")),
        }
    }

    /// Takes the broker away, or brings it back: what a restart of a real one looks like from here.
    pub fn set_available(&self, available: bool) {
        let connections = locked(&self.broker.connections);
        self.broker.available.store(available, Ordering::SeqCst);
        for connection in connections.iter().filter_map(Weak::upgrade) {
            connection.follow(available);
        }
    }

    /// How many subscriptions there are now.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        locked(&self.broker.readers).len()
    }

    fn add(&self, topics: Topics, group: Option<String>) -> Result<Subscription, BusError> {
        let (sender, deliveries) = mpsc::channel(SUBSCRIPTION_CAPACITY);
        let id = self.broker.next_id.fetch_add(1, Ordering::Relaxed);
        let connection = self.connection.id;
        let mut readers = locked(&self.broker.readers);
        // Under the lock: what is added after a close would stay for ever.
        self.available()?;
        readers.push(Reader { topics, group, sender, id, connection });
        let broker = Arc::clone(&self.broker);
        Ok(Subscription::new(deliveries, move || locked(&broker.readers).retain(|reader| reader.id != id)))
    }

    async fn deliver(&self, topic: &str, payload: &Bytes) -> Result<Reach, BusError> {
        self.available()?;
        let mut reach = Reach::Nobody;
        for receiver in self.broker.receivers(topic) {
            let message = Message { topic: topic.to_owned(), payload: payload.clone() };
            let send = receiver.send(Delivery { message, on_taken: None });
            match tokio::time::timeout(PUBLISH_DEADLINE, send).await {
                Ok(Ok(())) => reach = Reach::Somebody,
                // A reader that left in the meantime is nobody, and no error, here as on a real bus.
                Ok(Err(_)) => {}
                Err(_) => {
                    let text = format!("a reader of {topic} does not read");
                    return Err(BusError::new(BusErrorKind::Timeout, text));
                }
            }
        }
        Ok(reach)
    }
}

impl Connection {
    /// The broker is there or is not; a closed connection stays closed.
    fn follow(&self, available: bool) {
        self.link.send_if_modified(|link| {
            let now = link_to(available);
            let news = *link != Link::Closed && *link != now;
            if news {
                *link = now;
            }
            news
        });
    }
}

fn link_to(available: bool) -> Link {
    if available { Link::Up } else { Link::Down("taken away".to_owned()) }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves these lists as whole as they were.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check(topic: &str) -> Result<(), BusError> {
    check_topic(topic).map_err(|error| BusError::new(BusErrorKind::Invalid, error.to_string()))
}

fn check_message(topic: &str, payloads: &[Bytes]) -> Result<(), BusError> {
    check(topic)?;
    match payloads.iter().map(Bytes::len).find(|length| *length > LARGEST_MESSAGE) {
        None => Ok(()),
        Some(length) => Err(BusError::new(
            BusErrorKind::TooLarge,
            format!("{length} bytes are more than the {LARGEST_MESSAGE} that a message carries"),
        )),
    }
}

impl Broker {
    /// Every plain reader of a topic, and one member of each pool.
    fn receivers(&self, topic: &str) -> Vec<mpsc::Sender<Delivery>> {
        let readers = locked(&self.readers);
        let mut receivers = Vec::new();
        let mut pools: Vec<(&str, Vec<&Reader>)> = Vec::new();
        for reader in readers.iter().filter(|reader| reader.topics.contain(topic)) {
            match &reader.group {
                None => receivers.push(reader.sender.clone()),
                Some(group) => match pools.iter_mut().find(|(name, _)| name == group) {
                    Some((_, members)) => members.push(reader),
                    None => pools.push((group, vec![reader])),
                },
            }
        }
        for (_, members) in pools {
            // Counted here and not for every message: a regular pattern of topics must not favour one member.
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            receivers.push(members[turn % members.len()].sender.clone());
        }
        receivers
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn largest_message(&self) -> usize {
        LARGEST_MESSAGE
    }

    fn link(&self) -> LinkState {
        LinkState::new(self.connection.link.subscribe())
    }

    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError> {
        check_message(topic, &payloads)?;
        for payload in payloads {
            self.deliver(topic, &payload).await?;
        }
        Ok(())
    }

    async fn offer(&self, topic: &str, payload: Bytes, _expires: Duration) -> Result<Reach, BusError> {
        check_message(topic, std::slice::from_ref(&payload))?;
        self.deliver(topic, &payload).await
    }

    async fn join(&self, topic: &str, group: &str) -> Result<Subscription, BusError> {
        check(topic)?;
        self.add(Topics::One(topic.to_owned()), Some(group.to_owned()))
    }

    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError> {
        match &topics {
            Topics::One(topic) => check(topic)?,
            Topics::Under(prefix) => check(prefix.strip_suffix('.').unwrap_or_default())?,
        }
        self.add(topics, None)
    }

    async fn share(&self, prefix: &str) -> Result<Subscription, BusError> {
        self.subscribe(Topics::Under(prefix.to_owned())).await
    }

    fn shared_comes_to_all(&self) -> bool {
        true
    }

    async fn claim(&self, name: &str, holder: &str, _over: Option<&Rival>) -> Result<Claimed, BusError> {
        self.available()?;
        let mut claims = locked(&self.broker.claims);
        let ours = (holder.to_owned(), self.connection.id);
        let has = claims.entry(name.to_owned()).or_insert_with(|| ours.clone());
        Ok(match *has == ours {
            true => Claimed::Ours,
            false => Claimed::Theirs(Rival { holder: Some(has.0.clone()), mark: 0 }),
        })
    }

    async fn unclaim(&self, name: &str, holder: &str) -> Result<(), BusError> {
        self.available()?;
        locked(&self.broker.claims).retain(|claimed, (by, _)| claimed != name || by != holder);
        Ok(())
    }

    async fn declare(&self, _topic: &str) -> Result<Retention, BusError> {
        self.available()?;
        Ok(Retention::Dropped)
    }

    async fn delete(&self, _topic: &str) -> Result<(), BusError> {
        self.available()
    }

    async fn close(&self) {
        self.connection.link.send_replace(Link::Closed);
        locked(&self.broker.readers).retain(|reader| reader.connection != self.connection.id);
        locked(&self.broker.claims).retain(|_, (_, connection)| *connection != self.connection.id);
    }
}
