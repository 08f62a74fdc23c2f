//! A queue to consume, and how consuming it begins.

use std::sync::Arc;

use lapin::{
    Channel, Consumer,
    options::{BasicConsumeOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault},
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
    let queue = ShortString::from(feed.queue.as_str());
    match feed.kind {
        Kind::Durable if declared => {}
        Kind::Durable => {
            let declared = core.lanes.run(session, Work::Declare, &feed.queue).await;
            declared.map_err(|error| (Fault::Lost, error))?;
        }
        Kind::Inbox => {
            let options =
                QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
            let declared = channel.queue_declare(queue.clone(), options, FieldTable::default()).await;
            declared.map_err(|error| {
                (fault(&error), bus_error(&format!("declaring the inbox {queue}"), &error))
            })?;
        }
    }
    let (tag, options) = (format!("{id}"), BasicConsumeOptions::default());
    let consumer = channel.basic_consume(queue, tag.as_str().into(), options, FieldTable::default()).await;
    consumer.map_err(|error| (fault(&error), bus_error(&format!("consuming {}", feed.queue), &error)))
}
