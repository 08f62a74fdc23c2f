//! A queue to consume, and how consuming it begins.

use std::sync::Arc;

use lapin::{
    Channel, Consumer,
    options::{BasicConsumeOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, timed_out},
    lanes::Work,
    limits::SHARED_EXPIRY_MS,
    session::Session,
    sink::Sink,
};
use crate::BusError;

/// A queue to consume, and who reads it.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) queue: String,
    pub(super) kind: Kind,
    pub(super) sink: Arc<Sink>,
}

/// The kinds of queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lasts, and is declared exactly as go-ari-library declares it.
    Durable,
    /// Belongs to this connection and dies with it.
    Inbox,
    /// An inbox that processes pass on to each other: it is read by one of its consumers, and dies with the last.
    Shared,
}

impl Feed {
    /// Whether what came has nowhere to go back to when the connection is lost; of a shared one, unless another process reads
    /// it.
    pub(super) fn is_inbox(&self) -> bool {
        self.kind != Kind::Durable
    }

    /// Whether another process may get what nobody here has taken.
    pub(super) fn is_shared(&self) -> bool {
        self.kind == Kind::Shared
    }
}

/// Declares the queue, where that is needed, and consumes it.
pub(super) async fn begin(
    core: &Core,
    session: &Arc<Session>,
    channel: &Channel,
    id: u64,
    feed: &Feed,
    declared: bool,
) -> Result<Consumer, (Fault, BusError)> {
    let doing = format!("consuming {}", feed.queue);
    if feed.kind == Kind::Durable && !declared {
        let declared = core.within(&doing, core.lanes.run(session, Work::Declare, &feed.queue)).await;
        declared.map_err(|error| (Fault::Lost, error))?;
    }
    match tokio::time::timeout(core.options.deadline, consume(channel, id, feed)).await {
        Ok(Ok(consumer)) => Ok(consumer),
        Ok(Err(error)) => Err((fault(&error), bus_error(&doing, &error))),
        Err(_) => Err((Fault::Late, timed_out(&doing))),
    }
}

async fn consume(channel: &Channel, id: u64, feed: &Feed) -> lapin::Result<Consumer> {
    let queue = ShortString::from(feed.queue.as_str());
    let (mut options, mut arguments) = (QueueDeclareOptions::default(), FieldTable::default());
    options.auto_delete = true;
    match feed.kind {
        Kind::Durable => {}
        Kind::Inbox => options.exclusive = true,
        Kind::Shared => {
            // Later releases of the broker make no others for several connections.
            options.durable = true;
            arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
            // After a restart of the broker nobody may come back to it.
            arguments.insert("x-expires".into(), AMQPValue::LongInt(SHARED_EXPIRY_MS));
        }
    }
    if feed.is_inbox() {
        channel.queue_declare(queue.clone(), options, arguments).await?;
    }
    let (tag, options) = (id.to_string(), BasicConsumeOptions::default());
    channel.basic_consume(queue, tag.into(), options, FieldTable::default()).await
}
