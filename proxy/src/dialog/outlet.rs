//! From a dialog to the bus: wraps the events that are to be sent, publishes them in order, and sends again what the owner
//! has not said that it has.

use std::sync::Arc;

use ari_bus::{
    BusError, BusErrorKind, Link, LinkState,
    protocol::{Event, EventBody},
};
use bytes::Bytes;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::{
    Context, Dialog,
    activity::Activity,
    delivery::{Batch, Delivery, Progress},
    handover::Resting,
    kept::KeptEvent,
    owner::Owner,
    persist::wait_for_broker,
    reader::{Orphaned, Reader},
};
use crate::{
    limits::{
        EVENTS_PER_BATCH, FREEZE_CUT, MAX_PAUSE, NOTICED_LATE, RESEND_FIRST, RESEND_LONGEST,
        RESEND_UNASKED_FIRST, RESENDS, RESENDS_UNASKED,
    },
    metrics::{Lost, Metric},
    pauses::Pauses,
};

/// The events of one dialog on their way to its owner.
pub(super) struct Outlet<'a> {
    context: &'a Context,
    dialog: &'a Dialog,
    owner: &'a Owner,
    link: LinkState,
    /// Since when the bus has been away, where what that means is still to be drawn.
    away: Option<OffsetDateTime>,
    /// A version-1 worker does not say whether it reads. One of version 2 does before it accepts.
    reader: Option<Reader<'a>>,
    resends: Resends,
}

/// When what is not settled is sent again.
#[derive(Default)]
struct Resends {
    /// What they wait for to change.
    since: (u64, u64),
    done: u32,
    due: Option<Instant>,
}

impl<'a> Outlet<'a> {
    /// An outlet to a dialog's owner.
    pub(super) fn new(context: &'a Context, dialog: &'a Dialog, owner: &'a Owner) -> Self {
        let reader = owner.version_1.then(|| Reader::new(context, dialog, owner));
        let link = context.bus.link();
        Self { context, dialog, owner, link, away: None, reader, resends: Resends::default() }
    }

    /// Publishes events as they come; ends when a version-1 worker is gone and that matters.
    pub(super) async fn run(&mut self, activity: &Arc<Activity>, resting: &Resting) {
        if let Some(reader) = &mut self.reader {
            reader.prepare().await;
        }
        let freeze = &self.context.freeze;
        loop {
            if freeze.is_frozen() {
                resting.rest(freeze).await;
            }
            let batch = self.dialog.delivery.next(EVENTS_PER_BATCH);
            let next = if batch.events.is_empty() {
                self.wait().await
            } else {
                let _busy = activity.begin();
                // What is under way is given its time.
                let cut = async {
                    freeze.frozen().await;
                    sleep(FREEZE_CUT).await;
                };
                tokio::select! {
                    next = self.publish(&batch) => next,
                    () = cut => {
                        self.dialog.delivery.not_sent(&batch);
                        Ok(())
                    }
                }
            };
            if let Err(Orphaned) = next {
                return self.dialog.delivery.not_sent(&batch);
            }
        }
    }

    /// Waits until there may be something to send.
    async fn wait(&mut self) -> Result<(), Orphaned> {
        let delivery = &self.dialog.delivery;
        if let Some(reader) = &self.reader {
            tokio::select! {
                () = delivery.changed() => return Ok(()),
                () = self.context.freeze.frozen() => return Ok(()),
                () = reader.gone() => return Err(Orphaned),
            }
        }
        let resends = self.context.resends();
        self.resends.plan(delivery);
        let due = self.resends.due.filter(|_| resends);
        tokio::select! {
            () = delivery.changed() => {}
            () = self.context.freeze.frozen() => {}
            link = self.link.changed() => match link {
                // What was on its way when the bus was lost may be lost as well.
                Link::Up if resends => {
                    let away = self.away.take().unwrap_or_else(OffsetDateTime::now_utc);
                    delivery.again(away - NOTICED_LATE);
                }
                Link::Up => {}
                Link::Down(_) => self.note_away(),
                // Nothing will ever be published again. The dialog's end drops this future.
                Link::Closed => std::future::pending().await,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.resends.run(delivery),
        }
        Ok(())
    }

    fn note_away(&mut self) {
        self.away.get_or_insert_with(OffsetDateTime::now_utc);
    }

    /// Publishes a batch. Until the bus has taken it, it is still the next to be sent.
    async fn publish(&mut self, batch: &Batch) -> Result<(), Orphaned> {
        let events = batch.events.iter();
        let mut messages: Vec<Bytes> = events.filter_map(|(seq, event)| self.wrap(*seq, event)).collect();
        if let Some(reader) = self.reader.as_mut().filter(|reader| reader.is_asked())
            && !messages.is_empty()
        {
            reader.offer(&messages.remove(0)).await?;
        }
        let metrics = &self.context.metrics;
        let _queued = metrics.hold(Metric::BusQueue, messages.len());
        let mut pauses = Pauses::new(MAX_PAUSE);
        while !messages.is_empty() {
            let turn = self.context.at_once.publishing.turn().await;
            let given = Instant::now();
            let result = self.context.bus.publish_all(&self.owner.events(), messages.clone()).await;
            drop(turn);
            metrics.observe(Metric::BusPublishDuration, given.elapsed());
            let Err(error) = result else { break };
            metrics.count(Metric::BusPublishFailures);
            if !error.is_retryable() {
                let lost = give_up(&mut messages, self.context.bus.largest_message(), &error);
                self.context.metrics.lost(lost, Lost::Refused);
                warn!(dialog = %self.dialog.root, channel = self.dialog.channel(), lost, %error, "events are lost: they cannot be published");
                continue;
            }
            self.note_away();
            wait_for_broker(self.context, &mut pauses).await;
            if self.reader.is_none() {
                // What came before it may be lost too: the link tells.
                self.dialog.delivery.not_sent(batch);
                return Ok(());
            }
        }
        metrics.add(Metric::EventsSent, batch.events.len());
        metrics.add(Metric::EventsResent, batch.repeated);
        self.dialog.delivery.sent(batch);
        Ok(())
    }

    /// An event as it goes to the worker.
    fn wrap(&self, seq: u64, event: &KeptEvent) -> Option<Bytes> {
        if self.owner.version_1 && event.is_gap() {
            return None;
        }
        let bytes = self.envelope(seq, event);
        let largest = self.context.bus.largest_message();
        if bytes.len() <= largest {
            return Some(bytes);
        }
        self.context.metrics.lost(1, Lost::TooLarge);
        let (dialog, kind, size) = (&self.dialog.root, &event.kind, bytes.len());
        warn!(%dialog, channel = self.dialog.channel(), ?kind, size, "an event is lost: the bus carries {largest} bytes in a message");
        // Version 1 has no word for it.
        (!self.owner.version_1).then(|| self.envelope(seq, &event.too_large(size, largest)))
    }

    fn envelope(&self, seq: u64, event: &KeptEvent) -> Bytes {
        let body = EventBody::new(event.body.as_str(), self.owner.bodies);
        let mut message = Event::of(event.at, &self.context.config.server_id, &event.kind, body);
        message.dialog_id = Some(self.owner.dialog_id.as_str().into());
        message.term = Some(self.owner.term);
        message.seq = Some(seq);
        message.synthetic = event.synthetic;
        serde_json::to_vec(&message).unwrap_or_default().into()
    }
}

/// Removes the messages that cannot be published; says how many. A broker may carry less than before a reconnect: what is
/// small enough still goes out.
fn give_up(messages: &mut Vec<Bytes>, largest: usize, error: &BusError) -> usize {
    let before = messages.len();
    if error.kind() == BusErrorKind::TooLarge {
        messages.retain(|message| message.len() <= largest);
    }
    if messages.len() == before {
        messages.clear();
    }
    before - messages.len()
}

impl Resends {
    /// Plans the next one, if there is anything left to do.
    fn plan(&mut self, delivery: &Delivery) {
        let Progress { settled, reached, acknowledges, reports } = delivery.progress();
        // A worker that never says what it has is left alone while events follow each other: their numbers tell it more. Nor
        // does what was sent in vain count against what comes after it.
        let more = reached != self.since.1 && (!acknowledges || self.done >= RESENDS);
        if settled != self.since.0 || more {
            *self = Self { since: (settled, reached), ..Self::default() };
        }
        let (first, most) =
            if acknowledges { (RESEND_FIRST, RESENDS) } else { (RESEND_UNASKED_FIRST, RESENDS_UNASKED) };
        // Who tells what has arrived asks for the rest.
        if settled >= reached || reports {
            self.due = None;
        } else if self.done < most {
            let pause = first.saturating_mul(1 << self.done);
            self.due.get_or_insert_with(|| Instant::now() + pause.min(RESEND_LONGEST));
        } else if !acknowledges {
            delivery.settle_all();
        }
    }

    /// Sends it again.
    fn run(&mut self, delivery: &Delivery) {
        self.due = None;
        self.done += 1;
        delivery.again_some();
    }
}

#[cfg(test)]
mod tests {
    use ari_bus::{Bus as _, Topics, memory::MemoryBus};
    use serde_json::Value;

    use super::*;
    use crate::dialog::testing::{context, dialog, event, owner};

    /// Runs an outlet while something else is done.
    async fn beside<T>(outlet: &mut Outlet<'_>, context: &Context, other: impl Future<Output = T>) -> T {
        let (activity, resting) = (Arc::new(Activity::new(&context.clock)), Resting::default());
        tokio::select! {
            () = outlet.run(&activity, &resting) => panic!("the outlet ended"),
            done = other => done,
        }
    }

    #[tokio::test]
    async fn what_the_bus_did_not_take_comes_when_it_is_back() {
        let bus = MemoryBus::new();
        let mut events = bus.subscribe(Topics::One("mine".to_owned())).await.unwrap();
        let context = context(bus.clone());
        let ((dialog, _mail), owner) = (dialog(&context), owner(&context, "mine"));
        dialog.delivery.begin(1, false, dialog.start());
        let mut outlet = Outlet::new(&context, &dialog, &owner);
        let look = async {
            for (number, kind) in (1..).zip(["First", "Second", "Third"]) {
                bus.set_available(number % 2 == 1);
                dialog.delivery.push(event(kind));
                tokio::task::yield_now().await;
                bus.set_available(true);
                let message = loop {
                    let next = events.next().await.unwrap();
                    let message: Value = serde_json::from_slice(&next.payload).unwrap();
                    // What came before the outage may come again.
                    if message["seq"].as_u64() >= Some(number) {
                        break message;
                    }
                };
                assert_eq!((message["type"].as_str(), message["seq"].as_u64()), (Some(kind), Some(number)));
                dialog.delivery.acknowledge(1, number).unwrap();
            }
        };
        beside(&mut outlet, &context, look).await;
        assert_eq!(context.metrics.get(Metric::EventsLost), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_event_comes_again_until_it_is_acknowledged_and_not_for_ever() {
        let bus = MemoryBus::new();
        let mut events = bus.subscribe(Topics::One("mine".to_owned())).await.unwrap();
        let context = context(bus.clone());
        let ((dialog, _mail), owner) = (dialog(&context), owner(&context, "mine"));
        dialog.delivery.begin(1, false, dialog.start());
        let mut outlet = Outlet::new(&context, &dialog, &owner);
        let mut came = async |hours: u64| {
            let mut came = 0;
            let count = async {
                loop {
                    events.next().await.unwrap();
                    came += 1;
                }
            };
            let _ = tokio::time::timeout(std::time::Duration::from_secs(hours * 3600), count).await;
            came
        };
        dialog.delivery.push(event("First"));
        let blind = beside(&mut outlet, &context, came(1)).await;
        assert_eq!(blind, 1 + RESENDS_UNASKED);
        dialog.delivery.push(event("Second"));
        dialog.delivery.next(9);
        dialog.delivery.acknowledge(1, 1).unwrap();
        let telling = beside(&mut outlet, &context, came(1)).await;
        assert_eq!(telling, RESENDS);
        dialog.delivery.acknowledge(1, 2).unwrap();
        assert_eq!(beside(&mut outlet, &context, came(1)).await, 0);
    }

    #[tokio::test]
    async fn an_event_that_the_bus_does_not_carry_leaves_a_gap_that_says_so() {
        let bus = MemoryBus::new();
        let mut events = bus.subscribe(Topics::One("mine".to_owned())).await.unwrap();
        let context = context(bus.clone());
        let ((dialog, _mail), owner) = (dialog(&context), owner(&context, "mine"));
        dialog.delivery.begin(1, false, dialog.start());
        let body = "x".repeat(context.bus.largest_message());
        dialog.delivery.push(KeptEvent::new("Huge", body.into()));
        dialog.delivery.push(event("Next"));
        let mut outlet = Outlet::new(&context, &dialog, &owner);
        let look = async {
            for (number, kind) in [(1, "ProxyGap"), (2, "Next")] {
                let message: Value = serde_json::from_slice(&events.next().await.unwrap().payload).unwrap();
                assert_eq!((message["type"].as_str(), message["seq"].as_u64()), (Some(kind), Some(number)));
            }
        };
        beside(&mut outlet, &context, look).await;
        assert_eq!(context.metrics.get(Metric::EventsLost), 1);
    }
}
