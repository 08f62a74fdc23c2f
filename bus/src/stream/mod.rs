//! Publishing for everybody: messages under routing keys that anybody may bind to, taken by the broker for good.
//!
//! A [`Bus`](crate::Bus) carries dialogs, whose delivery is settled end to end. Readers of a stream say nothing back, so here it is the
//! broker that confirms.

mod open;
mod options;
mod record;

use async_trait::async_trait;

pub(crate) use self::record::shown;
pub use self::{
    open::open,
    options::{Exchange, ExchangeKind, SinkOptions, StreamOptions},
    record::Record,
};
use crate::{BusError, LinkState};

/// A record that was not published, in the midst of others that were.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its place in what was to be published, from 0.
    pub index: usize,
    /// Why: `Invalid` for a key, header or id that cannot be sent, naming it; `TooLarge` for a body over
    /// [`Sink::largest_message`], or over a stream's own limit; `Refused` for a key that this login may not publish to. None of these
    /// ever will be. `Unavailable` for one that a reader's queue did not take, because it is full or has failed (RabbitMQ: a negative
    /// confirm); other readers have it.
    pub error: BusError,
}

/// The most that the headers and the id of one record may have together, in bytes. A broker takes no more than a frame of them
/// (RabbitMQ), or counts them as part of the message (NATS).
pub const LARGEST_HEADERS: usize = 4096;

/// Where a stream goes; [`open`] makes one.
#[async_trait]
pub trait Sink: std::fmt::Debug + Send + Sync + 'static {
    /// The largest body that one message carries, in bytes.
    fn largest_message(&self) -> usize;

    /// The state of the connection to the broker, now and as it changes. It is down as well while the broker blocks whoever
    /// publishes, and while it refuses the exchange or the stream of JetStream; the text says why.
    fn link(&self) -> LinkState;

    /// Publishes records in this order and resolves when the broker has taken all of them for good (RabbitMQ: confirmed;
    /// JetStream: acknowledged; NATS without JetStream: the server has handled them), but for those that it returns: they cannot
    /// be sent, or the broker does not take them.
    ///
    /// To be called by one task, batch by batch: of two calls at the same time the records mix. On NATS without JetStream the very
    /// first refusals of a connection may be told by the log alone.
    ///
    /// # Errors
    /// - A retryable one while the broker is away, slow or full: any part of the records may have been taken, so the same ones are
    ///   to be sent again, with their ids.
    /// - `Refused` where the broker refuses the exchange or the stream as such: nothing can be published until somebody changes
    ///   something there, or in our options. Worth trying again, at leisure.
    /// - `Closed` after [`Sink::close`].
    async fn publish(&self, records: &[Record]) -> Result<Vec<Rejected>, BusError>;

    /// Asks whether this login may publish at all, without publishing anything. A broker that tells that only of what is really
    /// published (NATS) is taken to allow it.
    ///
    /// # Errors
    /// `Refused` where it may not; retryable ones where the broker does not say.
    async fn may_publish(&self) -> Result<(), BusError> {
        Ok(())
    }

    /// Waits for what is under way, says goodbye to the broker and ends the connection, all within twice the deadline of the options.
    async fn close(&self);
}
