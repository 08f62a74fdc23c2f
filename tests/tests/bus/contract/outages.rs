//! The broker goes away and comes back: subscriptions return by themselves, operations fail at once meanwhile.

use std::{sync::Arc, time::Duration};

use ari_bus::{Bus, BusErrorKind, BusOptions, Reach, Subscription, Topics};

use super::{
    brokers::Broker,
    closing::all_fail,
    support::{
        bytes, connected, connected_with, down, next_message, offer, options, publish, unique, until, up,
        within,
    },
};

/// How long a broker is away in most tests.
const SHORT: Duration = Duration::from_secs(1);
/// How long one is away where it takes patience: longer than the usual heartbeats and retries of client libraries.
const LONG: Duration = Duration::from_secs(90);

pub(crate) async fn a_stopped_broker_comes_back<B: Broker>() {
    let broker = B::start().await;
    let mut readers = Readers::start(&broker).await;
    for _ in 0..2 {
        readers.check().await;
        broker.stop().await;
        readers.away(SHORT).await;
        broker.start_again().await;
    }
    readers.check().await;
}

pub(crate) async fn a_killed_broker_comes_back<B: Broker>() {
    let broker = B::start().await;
    let mut readers = Readers::start(&broker).await;
    readers.check().await;
    broker.kill().await;
    readers.away(SHORT).await;
    broker.start_again().await;
    readers.check().await;
}

pub(crate) async fn a_broker_that_is_away_for_long_comes_back<B: Broker>() {
    let broker = B::start().await;
    let mut readers = Readers::start(&broker).await;
    broker.kill().await;
    readers.away(LONG).await;
    broker.start_again().await;
    readers.check().await;
}

pub(crate) async fn what_failed_in_an_outage_is_not_sent_later<B: Broker>() {
    let broker = B::start().await;
    let mut readers = Readers::start(&broker).await;
    broker.kill().await;
    down(&*readers.sender).await;
    for number in 0..100 {
        let (topic, payload) = (readers.pool_topic.clone(), bytes(format_args!("stale {number}")));
        readers.sender.publish(&topic, payload.clone()).await.unwrap_err();
        readers.sender.offer(&topic, payload, super::support::EXPIRES).await.unwrap_err();
    }
    broker.start_again().await;
    // These expect the first message to be a fresh one.
    readers.check().await;
}

/// What an error was returned for may not reach anybody later, not even from a queue of the client library's.
pub(crate) async fn what_timed_out_before_a_crash_is_not_sent_later<B: Broker>() {
    let broker = B::start().await;
    let mut readers = Readers::start(&broker).await;
    let deadline = Duration::from_secs(1);
    let hasty = connected_with(&broker, BusOptions { deadline, ..options() }).await;
    broker.server().pause().await.unwrap();
    // More than the system's buffers hold, so that the offers after it stay in this process.
    let filler = bytes("x".repeat(100_000));
    let _ = within("a full socket", hasty.publish_all(&unique("filler"), vec![filler; 1_000])).await;
    for _ in 0..3 {
        hasty.offer(&readers.pool_topic, bytes("stale"), super::support::EXPIRES).await.unwrap_err();
    }
    broker.kill().await;
    readers.away(SHORT).await;
    broker.start_again().await;
    up(&*hasty).await;
    readers.check().await;
    // Behind whatever the connection may still have had in its hands.
    let (topic, member) = &mut readers.subscriptions[1];
    assert_eq!(offer(&*hasty, topic, "fresh").await, Reach::Somebody);
    assert_eq!(next_message(member).await, (topic.clone(), "fresh".to_owned()));
}

pub(crate) async fn a_broker_that_comes_late_is_found<B: Broker>() {
    let broker = B::start().await;
    broker.kill().await;
    let bus = broker.connect(options());
    all_fail(&*bus, BusErrorKind::Unavailable).await;
    // Time for attempts to fail; it is no error of the bus if there were none.
    tokio::time::sleep(SHORT).await;
    all_fail(&*bus, BusErrorKind::Unavailable).await;
    broker.start_again().await;
    up(&*bus).await;
    let topic = unique("late");
    let mut subscription = bus.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*bus, &topic, "hello").await;
    assert_eq!(next_message(&mut subscription).await, (topic, "hello".to_owned()));
}

/// A broker that is stopped in its tracks keeps its connections open and answers nothing.
pub(crate) async fn a_paused_broker_costs_no_more_than_the_deadline<B: Broker>() {
    let broker = B::start().await;
    // Well below the seconds after which a bus gives a silent connection up.
    let deadline = Duration::from_secs(1);
    let bus = connected_with(&broker, BusOptions { deadline, ..options() }).await;
    let topic = unique("paused");
    let member = bus.join(&topic, "workers").await.unwrap();
    let closing = connected_with(&broker, BusOptions { deadline, ..options() }).await;
    let mut ended = closing.subscribe(Topics::One(unique("paused"))).await.unwrap();

    broker.server().pause().await.unwrap();
    let offered = within("an offer", bus.offer(&topic, bytes("x"), super::support::EXPIRES)).await;
    assert_eq!(
        offered.map_err(|error| (error.kind(), error.is_retryable())),
        Err((BusErrorKind::Timeout, true))
    );
    // Whether a publish can be known to have failed is the bus's matter (NATS confirms none). It must not hang.
    let _ = within("a publish", bus.publish(&topic, bytes("x"))).await;
    let large = bytes("x".repeat(100_000));
    let _ = within("many publishes", bus.publish_all(&topic, vec![large; 1_000])).await;
    let joined = within("a join", bus.join(&topic, "workers")).await;
    assert!(joined.unwrap_err().is_retryable());
    let _ = within("a declare", bus.declare(&unique("paused"))).await;
    let _ = within("a delete", bus.delete(&unique("paused"))).await;
    within("a leave", member.leave()).await;
    within("a close", closing.close()).await;
    assert_eq!(within("the end", ended.next()).await, None);
    down(&*bus).await;
    all_fail(&*bus, BusErrorKind::Unavailable).await;

    broker.server().resume().unwrap();
    up(&*bus).await;
    // What the broker had in its hands when it was paused may still come; a topic of its own is free of that.
    let topic = unique("resumed");
    let mut member = bus.join(&topic, "workers").await.unwrap();
    assert_eq!(offer(&*bus, &topic, "fresh").await, Reach::Somebody);
    assert_eq!(next_message(&mut member).await, (topic, "fresh".to_owned()));
}

/// One subscription of each kind, and another connection that sends to them.
struct Readers {
    sender: Arc<dyn Bus>,
    reader: Arc<dyn Bus>,
    pool_topic: String,
    subscriptions: Vec<(String, Subscription)>,
    round: usize,
}

impl Readers {
    async fn start<B: Broker>(broker: &B) -> Self {
        let (sender, reader) = (connected(broker).await, connected(broker).await);
        let (plain, pool) = (unique("plain"), unique("pool"));
        let (inbox, declared) = (format!("ari.worker.{}.", unique("in")), unique("commands_srv") + ".");
        let subscriptions = vec![
            (plain.clone(), reader.subscribe(Topics::One(plain)).await.unwrap()),
            (pool.clone(), reader.join(&pool, "workers").await.unwrap()),
            (format!("{inbox}events.1"), reader.subscribe(Topics::Under(inbox)).await.unwrap()),
            (format!("{declared}1"), reader.subscribe(Topics::Under(declared.clone())).await.unwrap()),
        ];
        reader.declare(&format!("{declared}1")).await.unwrap();
        Self { sender, reader, pool_topic: pool, subscriptions, round: 0 }
    }

    /// Everything arrives where it should.
    async fn check(&mut self) {
        up(&*self.sender).await;
        up(&*self.reader).await;
        self.round += 1;
        let text = format!("round {}", self.round);
        for (topic, subscription) in &mut self.subscriptions {
            publish(&*self.sender, topic, &text).await;
            assert_eq!(next_message(subscription).await, (topic.clone(), text.clone()));
        }
        let (topic, member) = &mut self.subscriptions[1];
        assert_eq!(offer(&*self.sender, topic, &text).await, Reach::Somebody);
        assert_eq!(next_message(member).await, (topic.clone(), text));
    }

    /// The broker is away: both connections say so, and nothing waits for it.
    async fn away(&self, time: Duration) {
        let until_back = tokio::time::Instant::now() + time;
        for bus in [&self.sender, &self.reader] {
            down(&**bus).await;
        }
        until("the broker was away for long enough", async || {
            for bus in [&self.sender, &self.reader] {
                assert!(!bus.link().is_up());
                all_fail(&**bus, BusErrorKind::Unavailable).await;
            }
            tokio::time::Instant::now() > until_back
        })
        .await;
    }
}
