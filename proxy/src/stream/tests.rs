//! The stream against a broker of our own, which takes and refuses as it is told.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ari_bus::{BusError, BusErrorKind, Link, LinkState, stream::Rejected};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::*;
use crate::{
    asterisk::event::Header,
    testing::{config, log},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// In the key of what goes to somebody's full queue.
const FULL: &str = "overfull";

/// Takes records, unless an answer says otherwise.
#[derive(Debug)]
pub(super) struct Broker {
    answers: Mutex<VecDeque<BusErrorKind>>,
    /// Records with such a key are refused.
    poison: &'static str,
    /// How many records it takes in its time.
    at_once: usize,
    /// How often a record was not taken by somebody's full queue, which such a key goes to.
    overfull: Mutex<usize>,
    taken: Mutex<Vec<Record>>,
    took: Notify,
    link: watch::Sender<Link>,
    largest: usize,
}

impl Broker {
    pub(super) fn new(poison: &'static str, answers: &[BusErrorKind]) -> Arc<Self> {
        Self::slow(poison, answers, usize::MAX)
    }

    fn slow(poison: &'static str, answers: &[BusErrorKind], at_once: usize) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.iter().copied().collect()),
            poison,
            at_once,
            overfull: Mutex::default(),
            taken: Mutex::default(),
            took: Notify::new(),
            link: watch::Sender::new(Link::Up),
            largest: 2_000,
        })
    }

    pub(super) fn taken(&self) -> Vec<Record> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has so many.
    async fn has(&self, count: usize) -> Vec<Record> {
        let wait = async {
            loop {
                let taken = self.taken();
                if taken.len() >= count {
                    return taken;
                }
                self.took.notified().await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("has {}, not {count}", self.taken().len()))
    }
}

#[async_trait]
impl Sink for Broker {
    fn largest_message(&self) -> usize {
        self.largest
    }

    fn link(&self) -> LinkState {
        LinkState::new(self.link.subscribe())
    }

    async fn publish(&self, records: &[Record]) -> Result<Vec<Rejected>, BusError> {
        if let Link::Down(why) = &*self.link.borrow() {
            return Err(BusError::new(BusErrorKind::Unavailable, why.clone()));
        }
        if let Some(kind) = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            return Err(BusError::new(kind, "as told"));
        }
        if records.len() > self.at_once {
            return Err(BusError::new(BusErrorKind::Timeout, "too much"));
        }
        let (mut rejected, mut taken) =
            (Vec::new(), self.taken.lock().unwrap_or_else(PoisonError::into_inner));
        for (index, record) in records.iter().enumerate() {
            if record.body.len() > self.largest {
                rejected.push(Rejected { index, error: BusError::new(BusErrorKind::TooLarge, "too large") });
            } else if record.key.contains(self.poison) {
                rejected.push(Rejected { index, error: BusError::new(BusErrorKind::Refused, "poison") });
            } else if record.key.contains(FULL) {
                *self.overfull.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                rejected.push(Rejected { index, error: BusError::new(BusErrorKind::Unavailable, FULL) });
            } else {
                taken.push(record.clone());
            }
        }
        self.took.notify_one();
        Ok(rejected)
    }

    async fn close(&self) {}
}

pub(super) fn stream(broker: &Arc<Broker>, section: Value) -> Stream {
    let config = config("localhost");
    let section: StreamConfig = serde_json::from_value(section).unwrap();
    let words = Words::of(&section).unwrap();
    let sink = Arc::clone(broker) as Arc<dyn Sink>;
    let metrics = Arc::new(crate::metrics::Metrics::new(&config.server_id, &config.applications));
    Stream::new(&config, &section, words, sink, metrics)
}

pub(super) fn data(record: &Record) -> Value {
    serde_json::from_slice::<Value>(&record.body).unwrap()["data"].take()
}

fn offer(stream: &Stream, number: usize, filler: usize) {
    let event = json!({"type": "X", "n": number, "filler": "x".repeat(filler)});
    stream.offer(Origin::Application, "X", "hello", &event.to_string());
}

fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().filter_map(|record| data(record)["n"].as_u64()).collect()
}

pub(super) async fn finish(publishing: Publishing) {
    publishing.finish(Instant::now() + PATIENCE).await;
}

#[tokio::test]
async fn what_the_broker_did_not_confirm_comes_again_in_order_and_with_its_ids() {
    use BusErrorKind::{Timeout, Unavailable};
    let broker = Broker::new("poison", &[Unavailable, Timeout, Unavailable]);
    let stream = stream(&broker, json!({}));
    (0..300).for_each(|n| offer(&stream, n, 0));
    let publishing = stream.start();
    let taken = broker.has(300).await;
    assert_eq!(numbers(&taken), (0..300).collect::<Vec<_>>());
    let ids: std::collections::HashSet<_> = taken.iter().map(|record| &record.id).collect();
    assert_eq!(ids.len(), 300);
    assert_eq!(taken[0].key, "stasis.app.hello");
    let headers = [("name", "X"), ("category", "stasis"), ("application_name", "hello")];
    assert_eq!(taken[0].headers, headers.map(|(name, value)| (name, value.to_owned())));
    finish(publishing).await;
    assert_eq!(stream.0.metrics.get(Metric::StreamPublished), 300);
}

#[tokio::test]
async fn what_is_too_much_for_the_broker_s_time_goes_in_smaller_batches() {
    let broker = Broker::slow("poison", &[], 10);
    let stream = stream(&broker, json!({}));
    (0..1_000).for_each(|n| offer(&stream, n, 0));
    let publishing = stream.start();
    let taken = broker.has(1_000).await;
    finish(publishing).await;
    assert_eq!(numbers(&taken), (0..1_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_reader_s_full_queue_holds_no_other_up() {
    let broker = Broker::new("poison", &[]);
    let stream = stream(&broker, json!({"channels": true}));
    let publishing = stream.start();
    for n in 0..3 {
        stream.offer(Origin::Channel, "Full", FULL, "{}");
        offer(&stream, n, 0);
        broker.has(n + 1).await;
    }
    finish(publishing).await;
    assert_eq!(numbers(&broker.taken()), [0, 1, 2], "each once");
    assert_eq!(stream.0.metrics.get(Metric::StreamRejected), 3);
    // Once more for the first; it is known then.
    assert_eq!(*broker.overfull.lock().unwrap(), 4);
}

#[tokio::test]
async fn a_record_that_is_refused_or_too_large_is_dropped_and_counted_and_holds_nobody_up() {
    let (_log, mut lines) = log();
    let broker = Broker::new("poison", &[]);
    let stream = stream(&broker, json!({"channels": true}));
    for n in 0..100 {
        offer(&stream, n, if n == 50 { 3_000 } else { 0 });
        if n % 20 == 7 {
            stream.offer(Origin::Channel, "Bad", "poison", "{}");
        }
    }
    let publishing = stream.start();
    let taken = broker.has(99).await;
    finish(publishing).await;
    assert_eq!(numbers(&taken), (0..100).filter(|n| *n != 50).collect::<Vec<_>>());
    assert_eq!(stream.0.metrics.get(Metric::StreamRejected), 6);
    let lines: Vec<_> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    assert_eq!(lines.len(), 2, "each reason once: {lines:?}");
}

#[tokio::test]
async fn what_does_not_fit_is_dropped_counted_and_told_where_it_is_missing() {
    let (_log, mut lines) = log();
    let broker = Broker::new("poison", &[]);
    broker.link.send_replace(Link::Down("gone".to_owned()));
    let stream = stream(&broker, json!({"max_buffer": 1 << 20}));
    let publishing = stream.start();
    (0..2_000).for_each(|n| offer(&stream, n, 1_000));
    let lost = stream.0.metrics.get(Metric::StreamLost);
    assert!(lost > 0 && lost < 2_000, "{lost}");
    broker.link.send_replace(Link::Up);
    let kept = usize::try_from(2_000 - lost).unwrap();
    let taken = broker.has(kept + 1).await;
    offer(&stream, 2_000, 0);
    let after = broker.has(kept + 2).await;
    assert_eq!(numbers(&taken), (0..2_000 - lost).collect::<Vec<_>>());
    let gap = data(&taken[kept]);
    assert_eq!((&gap["type"], &gap["events"]), (&json!("ProxyGap"), &json!(lost)));
    assert_eq!(taken[kept].key, "stasis.app.hello");
    assert_eq!(numbers(&after).last(), Some(&2_000));
    finish(publishing).await;
    let lines: Vec<_> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    let told = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!((told("`stream.max_buffer` is full"), told(&format!("lost={lost}"))), (1, 1), "{lines:?}");
}

#[tokio::test]
async fn an_event_larger_than_the_whole_buffer_holds_nobody_up() {
    let (_log, mut lines) = log();
    let broker = Broker::new("poison", &[]);
    let stream = stream(&broker, json!({"max_buffer": 1 << 20}));
    let publishing = stream.start();
    for n in 0..3 {
        offer(&stream, 100, 1 << 20);
        offer(&stream, n, 0);
    }
    let taken = broker.has(3).await;
    finish(publishing).await;
    assert_eq!(numbers(&taken), [0, 1, 2]);
    assert_eq!(stream.0.metrics.get(Metric::StreamRejected), 3);
    let lines: Vec<_> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    assert!(lines.len() == 1 && lines[0].contains("larger than all of"), "{lines:?}");
}

#[tokio::test]
async fn a_stop_waits_for_the_broker_no_longer_than_it_may() {
    let (_log, mut lines) = log();
    let broker = Broker::new("poison", &[]);
    broker.link.send_replace(Link::Down("gone".to_owned()));
    let stream = stream(&broker, json!({}));
    let publishing = stream.start();
    (0..10).for_each(|n| offer(&stream, n, 0));
    publishing.finish(Instant::now() + Duration::from_millis(50)).await;
    assert_eq!(stream.0.metrics.get(Metric::StreamLost), 10);
    let lines: Vec<_> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    assert!(lines.iter().any(|line| line.contains("left=10")), "{lines:?}");
}

#[tokio::test]
async fn lists_and_variables_decide_what_is_published() {
    for (section, published) in [
        (json!({}), &["A", "B"][..]),
        (json!({"channelvarset": true}), &["A", "B", "ChannelVarset"]),
        (json!({"include": ["A", "ChannelVarset"]}), &["A"]),
        (json!({"exclude": ["A"]}), &["B"]),
        (json!({"include": ["A"], "exclude": ["A"]}), &[]),
    ] {
        let broker = Broker::new("poison", &[]);
        let stream = stream(&broker, section);
        for name in ["A", "B", "ChannelVarset"] {
            stream.offer(Origin::Application, name, "hello", "{}");
        }
        finish(stream.start()).await;
        let names: Vec<_> = broker.taken().iter().map(|record| record.headers[0].1.clone()).collect();
        assert_eq!(names, published);
    }
}

/// What the websocket's reader does with a frame when it has been through the stream: nothing.
struct Nobody;

impl crate::asterisk::websocket::Listener for Nobody {
    fn connected(&mut self, _: &[String], _: &crate::asterisk::websocket::Fence) {}
    fn disconnected(&mut self, _: &[String]) {}
    fn failed(&mut self, _: bool) {}
    fn event(&mut self, _: &Header<'_>, _: &Utf8Bytes) {}
    fn broken_frame(&mut self) {}
}

/// How long the reader of the dialogs' websocket is held up by an event of usual size: printed, for `cargo test --release`.
#[test]
fn what_an_event_costs_the_reader() {
    use crate::{applications::Applications, asterisk::websocket::Listener as _};

    const EVENTS: u32 = 20_000;
    let channel =
        json!({"id": "1732.17", "name": "PJSIP/phone-00000011", "state": "Up", "filler": "x".repeat(500)});
    let event = json!({"type": "ChannelStateChange", "timestamp": "2026-11-20T17:13:34.872+0000", "channel": channel, "application": "hello"});
    let frame = Utf8Bytes::from(event.to_string());
    let broker = Broker::new("poison", &[]);
    for (what, application, kept) in
        [("is published", "hello", EVENTS as usize), ("is of another", "other", 0)]
    {
        let stream = stream(&broker, json!({}));
        let applications = Arc::new(Applications::fixed(&[application.to_owned()]));
        let mut tap = Tap::new(Nobody, Some(stream.clone()), applications, false);
        let began = std::time::Instant::now();
        for _ in 0..EVENTS {
            tap.event(&Header::read(&frame).unwrap(), &frame);
        }
        let each = began.elapsed() / EVENTS;
        assert_eq!(stream.0.buffer.left(), kept);
        println!("an event of {} bytes that {what}: {} ns", frame.len(), each.as_nanos());
    }
}
