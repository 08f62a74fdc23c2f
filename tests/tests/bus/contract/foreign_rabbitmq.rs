//! RabbitMQ as version-1 programs use it: queues that they declare durable, not exclusive, not auto-delete and without
//! arguments, the default exchange, no properties.

use ari_bus::{BusErrorKind, Reach, Retention, Topics};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

use super::{
    brokers::{Broker, RealRabbitMq},
    support::{connected, next, offer, publish, unique, until, within},
};

/// A program that knows nothing of us.
struct Foreigner {
    channel: Channel,
    _connection: Connection,
}

impl Foreigner {
    async fn connect(broker: &RealRabbitMq) -> Self {
        let connection = Connection::connect(&broker.0.url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { channel, _connection: connection }
    }

    /// As that library does, before each use; the broker refuses it where the queue differs.
    async fn declare(&self, queue: &str) {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(ShortString::from(queue), options, FieldTable::default());
        declared
            .await
            .unwrap_or_else(|error| panic!("{queue} differs from what version 1 declares: {error}"));
    }

    async fn publish(&self, queue: &str, text: &str) {
        self.declare(queue).await;
        let (exchange, queue) = (ShortString::from(""), ShortString::from(queue));
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        self.channel.basic_publish(exchange, queue, options, text.as_bytes(), properties).await.unwrap();
    }

    async fn consume(&self, queue: &str) -> Consumer {
        self.declare(queue).await;
        let (queue, tag) = (ShortString::from(queue), ShortString::from(""));
        self.channel
            .basic_consume(queue, tag, BasicConsumeOptions::default(), FieldTable::default())
            .await
            .unwrap()
    }
}

async fn next_foreign(consumer: &mut Consumer) -> String {
    let delivery = within("a delivery", consumer.next()).await.unwrap().unwrap();
    delivery.ack(BasicAckOptions::default()).await.unwrap();
    super::support::text(&delivery.data)
}

#[tokio::test]
async fn queues_that_a_foreigner_declared_are_used() {
    let broker = RealRabbitMq::shared().await;
    let (bus, foreigner) = (connected(broker).await, Foreigner::connect(broker).await);
    let [pool, plain, prefix] = ["app", "responses_srv", "commands_srv"].map(unique);
    let under = format!("{prefix}.1");
    for queue in [&pool, &plain, &under] {
        foreigner.declare(queue).await;
        assert_eq!(bus.declare(queue).await.unwrap(), Retention::Kept);
    }
    let mut subscriptions = [
        (pool.clone(), bus.join(&pool, "ignored").await.unwrap()),
        (plain.clone(), bus.subscribe(Topics::One(plain)).await.unwrap()),
        (under.clone(), bus.subscribe(Topics::Under(format!("{prefix}."))).await.unwrap()),
    ];
    // Where it was subscribed to after it was declared.
    bus.declare(&under).await.unwrap();
    for (queue, subscription) in &mut subscriptions {
        for round in 0..3 {
            foreigner.publish(queue, &format!("{queue} {round}")).await;
            assert_eq!(next(subscription).await, format!("{queue} {round}"));
        }
    }
}

#[tokio::test]
async fn queues_of_ours_can_be_used_by_a_foreigner() {
    let broker = RealRabbitMq::shared().await;
    let (bus, foreigner) = (connected(broker).await, Foreigner::connect(broker).await);
    let [pool, plain, declared] = ["app", "responses_srv", "events_srv.1."].map(unique);
    let mut member = bus.join(&pool, "ignored").await.unwrap();
    let mut reader = bus.subscribe(Topics::One(plain.clone())).await.unwrap();
    bus.declare(&declared).await.unwrap();
    // Each declares the queue first, and would fail if ours differed.
    foreigner.publish(&pool, "to the pool").await;
    foreigner.publish(&plain, "to the reader").await;
    assert_eq!(next(&mut member).await, "to the pool");
    assert_eq!(next(&mut reader).await, "to the reader");
    publish(&*bus, &declared, "an event").await;
    let mut events = foreigner.consume(&declared).await;
    assert_eq!(next_foreign(&mut events).await, "an event");
}

#[tokio::test]
async fn a_foreign_worker_is_offered_calls() {
    let broker = RealRabbitMq::shared().await;
    let (proxy, foreigner) = (connected(broker).await, Foreigner::connect(broker).await);
    let application = unique("app");
    foreigner.declare(&application).await;
    assert_eq!(offer(&*proxy, &application, "too early").await, Reach::Nobody);
    let mut calls = foreigner.consume(&application).await;
    until("it is seen", async || offer(&*proxy, &application, "call").await == Reach::Somebody).await;
    assert_eq!(next_foreign(&mut calls).await, "call");
}

/// A queue that somebody declared otherwise is an error that says so, and no other operation suffers.
#[tokio::test]
async fn a_queue_that_differs_is_refused() {
    let broker = RealRabbitMq::shared().await;
    let (bus, foreigner) = (connected(broker).await, Foreigner::connect(broker).await);
    let (other, good) = (unique("other"), unique("good"));
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), 7i32.into());
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    foreigner.channel.queue_declare(ShortString::from(other.as_str()), options, arguments).await.unwrap();

    let mut subscription = bus.subscribe(Topics::One(good.clone())).await.unwrap();
    assert_eq!(bus.declare(&other).await.unwrap_err().kind(), BusErrorKind::Refused);
    assert_eq!(bus.join(&other, "ignored").await.unwrap_err().kind(), BusErrorKind::Refused);
    publish(&*bus, &good, "unharmed").await;
    assert_eq!(next(&mut subscription).await, "unharmed");
}
