//! Publishing for everybody: messages under routing keys that anybody may bind to, taken by the broker for good.
//!
//! A [`Bus`](crate::Bus) carries dialogs, whose delivery is settled end to end. Readers of a stream say nothing back, so here it is the
//! broker that confirms.

mod open;
mod options;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::{
    open::open,
    options::{Exchange, ExchangeKind, SinkOptions, StreamOptions},
};
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

/// Where a stream goes; [`open`] makes one.
#[async_trait]
pub trait Sink: std::fmt::Debug + Send + Sync + 'static {
    /// The largest body that one message carries, in bytes.
    fn largest_message(&self) -> usize;

    /// The state of the connection to the broker, now and as it changes. It is down as well while the broker refuses the exchange
    /// or the stream of JetStream; the text says why.
    fn link(&self) -> LinkState;

    /// Whether this broker can carry a record at all. Does no I/O.
    ///
    /// # Errors
    /// `Invalid` for a key, header or id that cannot be sent, naming it; `TooLarge` for a body over [`Sink::largest_message`].
    fn check(&self, record: &Record) -> Result<(), BusError>;

    /// Publishes records in this order and resolves when the broker has taken all of them for good (RabbitMQ: confirmed;
    /// JetStream: acknowledged; NATS without JetStream: the server has handled them). Best called by one task, batch by batch: the
    /// order of two calls at the same time is anybody's guess.
    ///
    /// # Errors
    /// - those of [`Sink::check`] if any record fails it: nothing is sent then;
    /// - a retryable one while the broker is away, slow or full: any part of the records may have been taken, so the same ones are to
    ///   be sent again, with their ids;
    /// - `Refused` while the link is down: the broker refuses the exchange or the stream, and nothing can be published until somebody
    ///   changes something there; the link then comes up by itself;
    /// - `Refused` (or `TooLarge`, where a stream has a limit of its own) while the link is up: the broker does not take at least one
    ///   of the records, and has taken the others as far as it could. Sent again one by one they show which.
    async fn publish(&self, records: &[Record]) -> Result<(), BusError>;

    /// Waits for what is under way, says goodbye to the broker and ends the connection, all within twice the deadline of the options.
    async fn close(&self);
}
