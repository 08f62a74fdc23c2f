//! From a dialog to the bus: numbers events, wraps them, publishes them in order, and tries again while the broker is
//! away.

use std::{convert::Infallible, sync::Arc};

use ari_bus::{
    BusError, BusErrorKind, Reach, Retention,
    protocol::{Event, EventBody},
};
use bytes::Bytes;
use tokio::{sync::mpsc, time::sleep};
use tracing::{debug, warn};

use super::{
    AriEvent, Context,
    activity::Activity,
    owner::Owner,
    persist::{publish_persistently, wait_for_broker},
    queues,
};
use crate::{
    counters::Counter,
    limits::{EVENTS_PER_BATCH, MAX_PAUSE},
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
    /// An outlet to a dialog's owner.
    pub(super) fn new(context: &'a Context, owner: &'a Owner) -> Self {
        // A version-2 worker listens before it accepts. Version 1 accepts first: on NATS what comes too early is lost.
        Self { context, owner, seq: 0, reaches: !owner.version_1, under_way: 0 }
    }

    /// Makes ready what the worker's topics need before anything, an answer too, is sent there.
    pub(super) async fn prepare(&mut self) {
        if self.owner.version_1 {
            self.reaches = queues::prepare(self.context, self.owner).await == Retention::Kept;
        }
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
            let messages = batch.drain(..).filter_map(|event| self.number(&event)).collect();
            self.publish(messages).await;
        }
    }

    /// Uses up the numbers of events that were dropped: the worker sees that they are missing.
    pub(super) fn skip(&mut self, missed: u64) {
        self.seq += missed;
    }

    /// Publishes the last events, which came after [`Outlet::run`] was dropped. If the bus did not even take those before
    /// them, they are lost together.
    pub(super) async fn flush(&mut self, last: Vec<AriEvent>) {
        let messages: Vec<Bytes> = last.iter().filter_map(|event| self.number(event)).collect();
        let mut lost = self.under_way + messages.len();
        if self.under_way == 0
            && (messages.is_empty() || publish_persistently(self.context, &self.owner.events, messages).await)
        {
            lost = 0;
        }
        if lost > 0 {
            self.context.counters.add(Counter::EventsLost, lost);
            warn!(dialog = %self.owner.dialog_id, lost, "the worker could not be reached: events are lost");
        }
    }

    /// Tells a version-2 worker that this was all.
    pub(super) async fn end(mut self) {
        let Some(message) = self.wrap("ProxyEnded", r#"{"type":"ProxyEnded"}"#) else { return };
        if !publish_persistently(self.context, &self.owner.events, vec![message]).await {
            debug!(dialog = %self.owner.dialog_id, "ProxyEnded could not be sent");
        }
    }

    /// An event as it goes to the worker, with the next number.
    fn number(&mut self, event: &AriEvent) -> Option<Bytes> {
        self.skip(event.missed);
        self.wrap(&event.kind, event.body.as_str())
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
        self.under_way = messages.len();
        if !self.reaches && !messages.is_empty() {
            self.reach(messages.remove(0)).await;
        }
        let mut pauses = Pauses::new(MAX_PAUSE);
        while !messages.is_empty() {
            self.under_way = messages.len();
            match self.context.bus.publish_all(&self.owner.events, messages.clone()).await {
                Ok(()) => break,
                Err(error) if error.is_retryable() => wait_for_broker(self.context, &mut pauses).await,
                Err(error) => {
                    let lost = self.give_up(&mut messages, &error);
                    self.context.counters.add(Counter::EventsLost, lost);
                    warn!(dialog = %self.owner.dialog_id, lost, %error, "events are lost: they cannot be published");
                }
            }
        }
        self.under_way = 0;
    }

    /// Removes the messages that cannot be published; says how many. A broker may carry less than before a reconnect:
    /// what is small enough still goes out.
    fn give_up(&self, messages: &mut Vec<Bytes>, error: &BusError) -> usize {
        let (before, largest) = (messages.len(), self.context.bus.largest_message());
        if error.kind() == BusErrorKind::TooLarge {
            messages.retain(|message| message.len() <= largest);
        }
        if messages.len() == before {
            messages.clear();
        }
        before - messages.len()
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

#[cfg(test)]
mod tests {
    use ari_bus::{Bus as _, Topics, memory::MemoryBus};
    use serde_json::Value;

    use super::*;
    use crate::dialog::testing::{context, event, owner};

    #[tokio::test]
    async fn the_last_events_come_before_the_end_with_their_numbers() {
        let bus = MemoryBus::new();
        let mut events = bus.subscribe(Topics::One("mine".to_owned())).await.unwrap();
        let (context, owner) = (context(bus), owner("mine"));
        let mut outlet = Outlet::new(&context, &owner);
        outlet.flush(vec![event("First", 0), event("Second", 3)]).await;
        outlet.end().await;
        for (kind, seq) in [("First", 1), ("Second", 5), ("ProxyEnded", 6)] {
            let message: Value = serde_json::from_slice(&events.next().await.unwrap().payload).unwrap();
            assert_eq!((message["type"].as_str(), message["seq"].as_u64()), (Some(kind), Some(seq)));
        }
        assert_eq!(context.counters.get(Counter::EventsLost), 0);
    }

    #[tokio::test]
    async fn what_the_bus_did_not_take_before_a_stop_had_no_time_left_is_counted() {
        let bus = MemoryBus::new();
        bus.set_available(false);
        let (context, owner) = (context(bus), owner("mine"));
        let mut outlet = Outlet::new(&context, &owner);
        let (queue, mut events) = mpsc::channel(2);
        for kind in ["First", "Second"] {
            queue.send(event(kind, 0)).await.unwrap();
        }
        let activity = Arc::default();
        tokio::select! {
            never = outlet.run(&mut events, &activity) => match never {},
            () = async { while activity.is_idle() { tokio::task::yield_now().await } } => {}
        }
        context.abandon.cancel();
        outlet.flush(vec![event("Third", 0)]).await;
        assert_eq!(context.counters.get(Counter::EventsLost), 3);
    }
}
