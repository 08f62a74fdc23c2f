//! From a dialog to the bus: numbers events, wraps them, publishes them in order, and tries again while the broker is
//! away.

use std::{convert::Infallible, sync::Arc};

use ari_bus::{
    Reach, Retention,
    protocol::{Event, EventBody},
};
use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tracing::{debug, warn};

use super::{
    AriEvent, Context,
    activity::Activity,
    owner::Owner,
    persist::{persistently, publish_persistently, wait_for_broker},
};
use crate::{
    counters::Counter,
    limits::{ANSWER_RETRY, EVENTS_PER_BATCH, MAX_PAUSE},
    pauses::Pauses,
};

/// The events of one dialog on their way to its owner.
pub(super) struct Outlet<'a> {
    context: &'a Context,
    owner: &'a Owner,
    /// The number of the last event.
    seq: u64,
    /// Whether what is published now reaches the worker, or is kept for it.
    reaches: bool,
    /// Events taken from the dialog's queue and not yet taken by the bus.
    under_way: usize,
}

impl<'a> Outlet<'a> {
    /// An outlet to a worker whose events topic has this retention.
    pub(super) fn new(context: &'a Context, owner: &'a Owner, retention: Retention) -> Self {
        // A version-2 worker listens before it accepts. Version 1 accepts first: on NATS what comes too early is lost.
        let reaches = !owner.version_1 || retention == Retention::Kept;
        Self { context, owner, seq: 0, reaches, under_way: 0 }
    }

    /// Publishes events as they come, for ever.
    pub(super) async fn run(
        &mut self,
        events: &mut mpsc::Receiver<AriEvent>,
        activity: &Arc<Activity>,
    ) -> Infallible {
        let mut batch = Vec::with_capacity(EVENTS_PER_BATCH);
        loop {
            if events.recv_many(&mut batch, EVENTS_PER_BATCH).await == 0 {
                // Closed by the dialog's end, which drops this future as well.
                std::future::pending::<()>().await;
            }
            let _busy = activity.begin();
            self.under_way = batch.len();
            let messages = batch.drain(..).filter_map(|event| {
                self.skip(event.missed);
                self.wrap(&event.kind, event.body.as_str())
            });
            let messages = messages.collect();
            self.publish(messages).await;
            self.under_way = 0;
        }
    }

    /// Uses up the numbers of events that were dropped: the worker sees that they are missing.
    pub(super) fn skip(&mut self, missed: u64) {
        self.seq += missed;
    }

    /// Events that were still on their way when [`Outlet::run`] was dropped.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Tells the worker that this was all.
    pub(super) async fn end(mut self) {
        let Some(message) = self.wrap("ProxyEnded", r#"{"type":"ProxyEnded"}"#) else { return };
        if !publish_persistently(self.context, &self.owner.events, vec![message]).await {
            debug!(dialog = %self.owner.dialog_id, "ProxyEnded could not be sent");
        }
    }

    fn wrap(&mut self, kind: &str, body: &str) -> Option<Bytes> {
        self.seq += 1;
        let body = EventBody::new(body, self.owner.bodies);
        let mut event = Event::new(&self.context.config.server_id, kind, body);
        event.dialog_id = Some(self.owner.dialog_id.as_str().into());
        event.term = Some(self.owner.term);
        event.seq = Some(self.seq);
        let bytes = serde_json::to_vec(&event).unwrap_or_default();
        let largest = self.context.bus.largest_message();
        if bytes.len() <= largest {
            return Some(bytes.into());
        }
        // Its number is used up: the worker sees that one is missing.
        self.context.counters.count(Counter::EventsLost);
        let (dialog, size) = (&self.owner.dialog_id, bytes.len());
        warn!(%dialog, ?kind, size, "an event is lost: the bus carries {largest} bytes in a message");
        None
    }

    /// Publishes until the bus has taken everything. A broker that goes away in between may have got a part: version 2
    /// knows the repeated events by their numbers.
    async fn publish(&mut self, mut messages: Vec<Bytes>) {
        if messages.is_empty() {
            return;
        }
        if !self.reaches {
            self.reach(messages.remove(0)).await;
        }
        let mut pauses = Pauses::new(MAX_PAUSE);
        while let Err(error) = self.context.bus.publish_all(&self.owner.events, messages.clone()).await {
            if !error.is_retryable() {
                self.context.counters.add(Counter::EventsLost, messages.len());
                return warn!(dialog = %self.owner.dialog_id, %error, "events are lost: they cannot be published");
            }
            wait_for_broker(self.context, &mut pauses).await;
        }
    }

    /// Publishes the first event of a worker that is about to subscribe, until somebody has it.
    async fn reach(&mut self, message: Bytes) {
        let mut pauses = Pauses::new(MAX_PAUSE);
        let expires = self.context.config.dialog.offer_timeout;
        loop {
            match self.context.bus.offer(&self.owner.events, message.clone(), expires).await {
                Ok(Reach::Somebody) => {
                    self.reaches = true;
                    return;
                }
                Ok(Reach::Nobody) => sleep(pauses.next()).await,
                Err(error) if error.is_retryable() => wait_for_broker(self.context, &mut pauses).await,
                Err(error) => {
                    self.context.counters.count(Counter::EventsLost);
                    return warn!(dialog = %self.owner.dialog_id, %error, "an event is lost: it cannot be published");
                }
            }
        }
    }
}

/// Makes the topics of a version-1 worker ready; says what happens to what it has not subscribed to yet.
pub(super) async fn prepare(context: &Context, owner: &Owner) -> Retention {
    if !owner.version_1 {
        return Retention::Dropped;
    }
    for topic in [&owner.responses, &owner.events] {
        let declared =
            persistently(context, Instant::now() + ANSWER_RETRY, || context.bus.declare(topic)).await;
        match declared {
            Ok(Retention::Kept) => {}
            Ok(Retention::Dropped) => return Retention::Dropped,
            Err(error) => {
                warn!(dialog = %owner.dialog_id, %topic, %error, "a topic cannot be made");
                return Retention::Dropped;
            }
        }
    }
    Retention::Kept
}
