//! The bus inside one process, for the demo and for tests: what NATS does, without a server.
//!
//! Like NATS it keeps nothing for readers that have not subscribed, but a pool takes turns.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::{
    Bus, BusError, BusErrorKind, Delivery, Link, LinkState, Message, Reach, Retention, Subscription, Topics,
};

/// Messages that one subscription holds for its reader; a publisher waits when it is full, as for a slow broker.
const SUBSCRIPTION_CAPACITY: usize = 65_536;
/// The largest payload, in bytes: as NATS has it by default.
const LARGEST_MESSAGE: usize = 1 << 20;
/// How long a publisher waits for a reader with a full subscription.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(5);

/// A broker in memory. Clones are connections to the same broker.
#[derive(Debug, Clone)]
pub struct MemoryBus {
    broker: Arc<Broker>,
}

#[derive(Debug)]
struct Broker {
    readers: Mutex<Vec<Reader>>,
    link: watch::Sender<Link>,
    /// Decides which member of a pool is next: counts the messages to pools.
    turn: AtomicUsize,
    next_id: AtomicUsize,
}

#[derive(Debug)]
struct Reader {
    topics: Topics,
    group: Option<String>,
    sender: mpsc::Sender<Delivery>,
    /// Tells it from the others when it leaves.
    id: usize,
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
        let (link, _) = watch::channel(Link::Up);
        let broker = Broker { readers: Mutex::default(), link, turn: 0.into(), next_id: 0.into() };
        Self { broker: Arc::new(broker) }
    }

    /// Takes the broker away, or brings it back: what a restart of a real one looks like from here.
    pub fn set_available(&self, available: bool) {
        let link = if available { Link::Up } else { Link::Down("taken away".to_owned()) };
        self.broker.link.send_replace(link);
    }

    /// How many subscriptions there are now.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.broker.readers().len()
    }

    fn add(&self, topics: Topics, group: Option<String>) -> Result<Subscription, BusError> {
        self.broker.available()?;
        let (sender, deliveries) = mpsc::channel(SUBSCRIPTION_CAPACITY);
        let id = self.broker.next_id.fetch_add(1, Ordering::Relaxed);
        self.broker.readers().push(Reader { topics, group, sender, id });
        let broker = Arc::clone(&self.broker);
        Ok(Subscription::new(deliveries, move || broker.readers().retain(|reader| reader.id != id)))
    }

    async fn deliver(&self, topic: &str, payload: &Bytes) -> Result<Reach, BusError> {
        self.broker.available()?;
        if payload.len() > LARGEST_MESSAGE {
            let text =
                format!("{} bytes are more than the {LARGEST_MESSAGE} that a message carries", payload.len());
            return Err(BusError::new(BusErrorKind::TooLarge, text));
        }
        let receivers = self.broker.receivers(topic);
        for receiver in &receivers {
            let message = Message { topic: topic.to_owned(), payload: payload.clone() };
            // A reader that left in the meantime is no error, here as on a real bus.
            let send = receiver.send(Delivery { message, on_taken: None });
            if tokio::time::timeout(PUBLISH_DEADLINE, send).await.is_err() {
                return Err(BusError::new(
                    BusErrorKind::Timeout,
                    format!("a reader of {topic} does not read"),
                ));
            }
        }
        Ok(if receivers.is_empty() { Reach::Nobody } else { Reach::Somebody })
    }
}

impl Broker {
    fn readers(&self) -> MutexGuard<'_, Vec<Reader>> {
        // A panic elsewhere leaves the list as whole as it was.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn available(&self) -> Result<(), BusError> {
        match &*self.link.borrow() {
            Link::Up => Ok(()),
            Link::Down(why) => Err(BusError::new(BusErrorKind::Unavailable, why.clone())),
            Link::Closed => Err(BusError::new(BusErrorKind::Closed, "the bus is closed")),
        }
    }

    /// Every plain reader of a topic, and one member of each pool.
    fn receivers(&self, topic: &str) -> Vec<mpsc::Sender<Delivery>> {
        let readers = self.readers();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
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
        receivers.extend(pools.iter().map(|(_, members)| members[turn % members.len()].sender.clone()));
        receivers
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn largest_message(&self) -> usize {
        LARGEST_MESSAGE
    }

    fn link(&self) -> LinkState {
        LinkState::new(self.broker.link.subscribe())
    }

    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError> {
        for payload in payloads {
            self.deliver(topic, &payload).await?;
        }
        Ok(())
    }

    async fn offer(&self, topic: &str, payload: Bytes, _expires: Duration) -> Result<Reach, BusError> {
        self.deliver(topic, &payload).await
    }

    async fn join(&self, topic: &str, group: &str) -> Result<Subscription, BusError> {
        self.add(Topics::One(topic.to_owned()), Some(group.to_owned()))
    }

    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError> {
        self.add(topics, None)
    }

    async fn declare(&self, _topic: &str) -> Result<Retention, BusError> {
        self.broker.available()?;
        Ok(Retention::Dropped)
    }

    async fn delete(&self, _topic: &str) -> Result<(), BusError> {
        self.broker.available()
    }

    async fn close(&self) {
        self.broker.link.send_replace(Link::Closed);
        self.broker.readers().clear();
    }
}
