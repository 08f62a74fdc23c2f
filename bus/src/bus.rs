//! The one trait behind which every message bus stands.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{BusError, Claimed, LinkState, Rival, Subscription};

/// A message bus: topics that carry whole messages, in order from one sender to one topic.
///
/// All methods have a deadline of their own; none waits for ever. While the broker is away they fail with a
/// retryable [`BusError`]; the connection comes back by itself, however long it was away, and every
/// [`Subscription`] with it. What was published meanwhile is not repeated: delivery is settled end to end by the
/// dialog protocol, not borrowed from the broker.
#[async_trait]
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// The largest payload that one message carries, in bytes.
    fn largest_message(&self) -> usize;

    /// The state of the connection to the broker, now and as it changes.
    fn link(&self) -> LinkState;

    /// Publishes payloads to one topic, in this order, and resolves when the broker has taken all of them
    /// (RabbitMQ: confirmed; NATS: handed to the connection, which writes it at once; NATS confirms nothing).
    ///
    /// # Errors
    /// `TooLarge` for a payload over [`Bus::largest_message`] (nothing is sent then), `Unavailable` or `Timeout`
    /// while the broker is away: any part of the payloads may have been delivered.
    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError>;

    /// Publishes one payload; see [`Bus::publish_all`].
    ///
    /// # Errors
    /// Those of [`Bus::publish_all`].
    async fn publish(&self, topic: &str, payload: Bytes) -> Result<(), BusError> {
        self.publish_all(topic, vec![payload]).await
    }

    /// Publishes one payload and learns whether anybody listens to the topic. Where nobody does, the payload is
    /// not kept; where somebody does, it is dropped if nobody has taken it when `expires` has passed
    /// (RabbitMQ; NATS keeps nothing). RabbitMQ: who listened a tenth of a second ago counts as listening still,
    /// but for an inbox.
    ///
    /// # Errors
    /// Those of [`Bus::publish_all`].
    async fn offer(&self, topic: &str, payload: Bytes, expires: Duration) -> Result<Reach, BusError>;

    /// Subscribes as one of a pool: each message of the topic goes to one member of `group`.
    /// RabbitMQ has one pool a topic and ignores the name.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` when the broker is away, `Refused` when it does not allow it.
    async fn join(&self, topic: &str, group: &str) -> Result<Subscription, BusError>;

    /// Subscribes as the one reader of a topic, or of all topics under a prefix.
    ///
    /// # Errors
    /// Those of [`Bus::join`].
    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError>;

    /// Subscribes to all topics under a prefix as one of several processes that pass the reading on to each other: what one
    /// has not taken when it leaves comes to another that has subscribed before. RabbitMQ: each message to one of them, the
    /// first until it leaves. NATS: each message to all of them, so the next one has to know what the one before it has taken.
    ///
    /// # Errors
    /// Those of [`Bus::join`].
    async fn share(&self, prefix: &str) -> Result<Subscription, BusError>;

    /// Whether what is [shared](Bus::share) comes to all that share it (NATS), and not to one of them (RabbitMQ).
    fn shared_comes_to_all(&self) -> bool;

    /// Takes a name that has one holder at a time, or keeps it: to be repeated as long as it is wanted. A holder that has
    /// lost its connection to the broker loses the name sooner or later; where the broker does not see to that (NATS),
    /// `over` says which holder is gone.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` when the broker is away: then nobody knows who has it.
    async fn claim(&self, name: &str, holder: &str, over: Option<&Rival>) -> Result<Claimed, BusError>;

    /// Gives a name up; it is no error if another has it.
    ///
    /// # Errors
    /// Those of [`Bus::claim`].
    async fn unclaim(&self, name: &str, holder: &str) -> Result<(), BusError>;

    /// Makes a topic of one reader ready for use (RabbitMQ: declares its queue, and where this process has
    /// subscribed to a prefix of the topic, consumes it).
    ///
    /// # Errors
    /// Those of [`Bus::join`].
    async fn declare(&self, topic: &str) -> Result<Retention, BusError>;

    /// How many messages of a declared topic the broker still keeps for a reader who has not taken them. None on a bus
    /// that keeps nothing.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` when the broker is away.
    async fn unread(&self, _topic: &str) -> Result<usize, BusError> {
        Ok(0)
    }

    /// How many readers a declared topic has; `None` on a bus that does not tell, where only [`Bus::offer`] does.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` when the broker is away.
    async fn readers(&self, _topic: &str) -> Result<Option<usize>, BusError> {
        Ok(None)
    }

    /// Deletes a topic that was declared, with what is unread; it is no error if there is none.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` when the broker is away.
    async fn delete(&self, topic: &str) -> Result<(), BusError>;

    /// Sends what is still to be sent, says goodbye to the broker and ends every subscription. A bus that is dropped
    /// instead may lose what was published a moment ago.
    async fn close(&self);
}

/// What a subscription reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topics {
    /// This topic alone.
    One(String),
    /// Every topic that begins with this text, which ends in a dot.
    ///
    /// RabbitMQ serves two kinds: an inbox `ari.<a>.<b>.` (its messages come to one exclusive queue), and a prefix
    /// whose topics are made with [`Bus::declare`] by this same process.
    Under(String),
}

impl Topics {
    /// Whether a message to `topic` belongs to this subscription.
    #[must_use]
    pub fn contain(&self, topic: &str) -> bool {
        match self {
            Self::One(one) => one == topic,
            Self::Under(prefix) => topic.len() > prefix.len() && topic.starts_with(prefix.as_str()),
        }
    }
}

/// Whether an offer reached anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// At least one reader listens to the topic.
    Somebody,
    /// No reader listens to the topic: nothing was kept.
    Nobody,
}

/// What happens to a message that is published before its reader has subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The broker keeps it for the reader.
    Kept,
    /// The broker drops it; [`Bus::offer`] tells whether somebody listens.
    Dropped,
}
