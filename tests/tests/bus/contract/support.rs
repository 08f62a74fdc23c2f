//! What the tests have in common: names of their own, connections that are up, and waits that end.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ari_bus::{Bus, BusOptions, Link, Reach, Subscription, protocol::Names};
use bytes::Bytes;
use tokio::{sync::mpsc, time::timeout};

use super::brokers::Broker;

/// Only a hang reaches this, even on a machine that compiles and runs three brokers meanwhile.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often a condition is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(10);
/// The operations' own deadline in tests that are not about it.
const GENEROUS: Duration = Duration::from_secs(30);
/// An offer's life in tests that are not about it.
pub(crate) const EXPIRES: Duration = Duration::from_secs(60);

/// A word that no other test of this run uses.
pub(crate) fn unique(word: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{word}{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn options() -> BusOptions {
    BusOptions { client_name: "bus-contract".to_owned(), deadline: GENEROUS, ..BusOptions::default() }
}

/// A connection that is up.
pub(crate) async fn connected<B: Broker>(broker: &B) -> Arc<dyn Bus> {
    connected_with(broker, options()).await
}

pub(crate) async fn connected_with<B: Broker>(broker: &B, options: BusOptions) -> Arc<dyn Bus> {
    let bus = broker.connect(options);
    up(&*bus).await;
    bus
}

pub(crate) fn prefixed(prefix: &str) -> BusOptions {
    BusOptions { names: Names::new(prefix), ..options() }
}

pub(crate) async fn up(bus: &dyn Bus) {
    assert!(within("the link is up", bus.link().up()).await, "closed");
}

pub(crate) async fn down(bus: &dyn Bus) {
    let mut link = bus.link();
    let fall = async { while link.changed().await == Link::Up {} };
    if bus.link().is_up() {
        within("the link is down", fall).await;
    }
}

/// The result of something that must come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("this never came: {what}"))
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    within(what, async {
        while !holds().await {
            tokio::time::sleep(POLL).await;
        }
    })
    .await;
}

/// The next message's payload as text.
pub(crate) async fn next(subscription: &mut Subscription) -> String {
    next_message(subscription).await.1
}

/// The next message's topic and payload.
pub(crate) async fn next_message(subscription: &mut Subscription) -> (String, String) {
    let message = within("a message", subscription.next()).await.expect("the subscription goes on");
    (message.topic, text(&message.payload))
}

pub(crate) fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).into_owned()
}

pub(crate) fn bytes(text: impl fmt::Display) -> Bytes {
    Bytes::from(text.to_string())
}

pub(crate) async fn publish(bus: &dyn Bus, topic: &str, text: impl fmt::Display) {
    bus.publish(topic, bytes(text)).await.unwrap_or_else(|error| panic!("publish to {topic}: {error}"));
}

pub(crate) async fn offer(bus: &dyn Bus, topic: &str, text: impl fmt::Display) -> Reach {
    let offered = bus.offer(topic, bytes(text), EXPIRES).await;
    offered.unwrap_or_else(|error| panic!("offer to {topic}: {error}"))
}

/// Collects what several subscriptions get, together.
pub(crate) struct Collector {
    sender: mpsc::UnboundedSender<(usize, String)>,
    receiver: mpsc::UnboundedReceiver<(usize, String)>,
    /// How often each payload came.
    pub(crate) seen: BTreeMap<String, usize>,
    /// How many messages each reader got.
    pub(crate) by_reader: BTreeMap<usize, usize>,
}

impl Collector {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { sender, receiver, seen: BTreeMap::new(), by_reader: BTreeMap::new() }
    }

    /// Where what was read elsewhere is handed in.
    pub(crate) fn sender(&self) -> mpsc::UnboundedSender<(usize, String)> {
        self.sender.clone()
    }

    /// Reads a subscription to its end, in a task.
    pub(crate) fn read(&self, reader: usize, mut subscription: Subscription) {
        let sender = self.sender();
        tokio::spawn(async move {
            while let Some(message) = subscription.next().await {
                if sender.send((reader, text(&message.payload))).is_err() {
                    break;
                }
            }
        });
    }

    /// Waits until so many different payloads have come.
    pub(crate) async fn until(&mut self, different: usize) {
        while self.seen.len() < different {
            let what = format!("message {} of {different}", self.seen.len() + 1);
            let (reader, payload) = within(&what, self.receiver.recv()).await.unwrap();
            *self.seen.entry(payload).or_default() += 1;
            *self.by_reader.entry(reader).or_default() += 1;
        }
    }

    pub(crate) fn assert_each_once(&self) {
        let repeated: Vec<_> = self.seen.iter().filter(|(_, times)| **times != 1).collect();
        assert!(repeated.is_empty(), "these came more than once: {repeated:?}");
    }
}
