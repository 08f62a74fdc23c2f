//! A queue to consume, and how consuming it begins.

use std::sync::Arc;

use lapin::{
    Channel, Consumer,
    options::{BasicConsumeOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, timed_out},
    lanes::Work,
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

/// The two kinds of queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lasts, and is declared exactly as go-ari-library declares it.
    Durable,
    /// Belongs to this connection and dies with it.
    Inbox,
}

impl Feed {
    pub(super) fn is_inbox(&self) -> bool {
        self.kind == Kind::Inbox
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
    if feed.is_inbox() {
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.clone(), options, FieldTable::default()).await?;
    }
    let (tag, options) = (id.to_string(), BasicConsumeOptions::default());
    channel.basic_consume(queue, tag.into(), options, FieldTable::default()).await
}
