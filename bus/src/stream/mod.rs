//! Publishing for everybody: messages under routing keys that anybody may bind to, taken by the broker for good.
//!
//! A [`Bus`](crate::Bus) carries dialogs, whose delivery is settled end to end. Readers of a stream say nothing back, so here it is the
//! broker that confirms.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{BusError, LinkState};

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The routing key (RabbitMQ) or the subject (NATS), whole.
    pub key: String,
    /// RabbitMQ: headers of the message; NATS: headers of the same names.
    pub headers: Vec<(&'static str, String)>,
    /// The message itself: JSON in UTF-8.
    pub body: Bytes,
    /// Its own id, the same whenever it is sent again: `message_id` on RabbitMQ, `Nats-Msg-Id` on NATS.
    pub id: String,
}

/// Where a stream goes.
#[async_trait]
pub trait Sink: std::fmt::Debug + Send + Sync + 'static {
    /// The largest body that one message carries, in bytes.
    fn largest_message(&self) -> usize;

    /// The state of the connection to the broker, now and as it changes.
    fn link(&self) -> LinkState;

    /// Publishes records in this order and resolves when the broker has taken all of them for good (RabbitMQ: confirmed;
    /// JetStream: acknowledged; NATS without JetStream: written and answered by a PONG behind them).
    ///
    /// # Errors
    /// `TooLarge` for a body over [`Sink::largest_message`] (nothing is sent then); retryable while the broker is away: any part of the
    /// records may have been taken, so the same ones are to be sent again, with their ids; `Refused` if the broker does not allow it.
    async fn publish(&self, records: &[Record]) -> Result<(), BusError>;

    /// Says goodbye to the broker.
    async fn close(&self);
}
