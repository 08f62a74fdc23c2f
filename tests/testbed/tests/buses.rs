//! What the buses tell of themselves, asked about real clients.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use ari_testbed::{Nats, Queue, RabbitMq};
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};

/// How long the server may take to show what a client did.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);

/// Asks until the answer is the one expected, or the time is over.
async fn eventually<T: PartialEq + std::fmt::Debug>(expected: T, ask: impl AsyncFn() -> T) {
    let deadline = Instant::now() + SHOWN_WITHIN;
    loop {
        let answer = ask().await;
        if answer == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{answer:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn nats() {
    let nats = Nats::start_with("jetstream { store_dir: $TESTBED_DATA }").await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut subscriber = client.queue_subscribe("ari.app.hello", "workers".to_owned()).await.unwrap();
    client.publish("ari.app.hello", "one".into()).await.unwrap();
    assert_eq!(subscriber.next().await.unwrap().payload, "one");
    assert_eq!(nats.subscriptions().await.unwrap(), ["ari.app.hello"]);
    assert_eq!(nats.connections().await.unwrap(), 1);

    subscriber.unsubscribe().await.unwrap();
    eventually(Vec::new(), async || nats.subscriptions().await.unwrap()).await;
    drop((client, subscriber));
    eventually(0, async || nats.connections().await.unwrap()).await;
}

#[tokio::test]
async fn rabbitmq_answers_many_at_once() {
    let rabbitmq = RabbitMq::start().await.unwrap();
    for _ in 0..20 {
        let (one, two, three) =
            tokio::join!(rabbitmq.queues(), rabbitmq.connections(), rabbitmq.json("lists:seq(1, 3)"));
        assert_eq!((one.unwrap(), two.unwrap(), three.unwrap()), (vec![], 0, serde_json::json!([1, 2, 3])));
    }
}

#[tokio::test]
async fn rabbitmq() {
    let rabbitmq = RabbitMq::start().await.unwrap();
    let connection = Connection::connect(&rabbitmq.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("ari.app.hällo".into(), durable, FieldTable::default()).await.unwrap();
    for _ in 0..3 {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        channel.basic_publish("".into(), "ari.app.hällo".into(), options, b"one", properties).await.unwrap();
    }
    let queue = |messages, consumers| vec![Queue { name: "ari.app.hällo".to_owned(), messages, consumers }];
    eventually(queue(3, 0), async || rabbitmq.queues().await.unwrap()).await;
    assert_eq!(rabbitmq.connections().await.unwrap(), 1);

    let options = BasicConsumeOptions::default();
    let consumed =
        channel.basic_consume("ari.app.hällo".into(), "".into(), options, FieldTable::default()).await;
    let mut consumer = consumed.unwrap();
    consumer.next().await.unwrap().unwrap().acker.ack(Default::default()).await.unwrap();
    eventually(queue(2, 1), async || rabbitmq.queues().await.unwrap()).await;

    rabbitmq.close_connections().await.unwrap();
    eventually(0, async || rabbitmq.connections().await.unwrap()).await;
    // The queue and what is in it are on disk.
    rabbitmq.restart().await.unwrap();
    let names: Vec<String> = rabbitmq.queues().await.unwrap().into_iter().map(|queue| queue.name).collect();
    assert_eq!(names, ["ari.app.hällo"]);
}
