//! Channels that the broker does not answer on for a while: the rest goes on, and nothing is lost when it answers.

use std::time::Duration;

use ari_bus::{BusErrorKind, BusOptions, Reach, Topics};
use bytes::Bytes;

use super::{
    broker, connect, connected,
    inside::{Stuck, channels, connections, consuming, new_channel},
    next, publish, until, up,
};

/// Operations fail soon in these tests.
fn hasty() -> BusOptions {
    BusOptions { deadline: Duration::from_secs(1), ..BusOptions::default() }
}

/// The answer is an error, which ends the channel: a client that had closed it first would lose the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_question_holds_up_no_other_and_costs_no_connection() {
    let broker = broker().await;
    let bus = connect(&broker.url(), hasty());
    up(&*bus).await;
    let mut inbox = bus.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap();
    bus.declare("kept").await.unwrap();
    let before = channels(&broker).await;
    assert_eq!(bus.unread("kept").await.unwrap(), 0);
    let stuck = Stuck::channel(&broker, &new_channel(&broker, &before).await).await;
    let connected = connections(&broker).await;

    for _ in 0..2 {
        assert_eq!(bus.unread("missing").await.unwrap_err().kind(), BusErrorKind::Timeout);
        assert_eq!(bus.unread("kept").await.unwrap(), 0);
        let offered = bus.offer("app", Bytes::from_static(b"x"), Duration::from_secs(1)).await;
        assert_eq!(offered.unwrap(), Reach::Nobody);
    }
    stuck.resume().await;
    stuck.gone().await;
    until("the question can be asked", async || bus.unread("missing").await.is_ok()).await;
    assert_eq!(connections(&broker).await, connected);
    publish(&*bus, "ari.worker.1.events", "hello").await;
    assert_eq!(next(&mut inbox).await, "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_comes_late_takes_no_messages() {
    let broker = broker().await;
    let (bus, sender) = (connect(&broker.url(), hasty()), connected(&broker).await);
    up(&*bus).await;
    let mut readers = Vec::new();
    // Until each of the channels that such subscriptions share is in use.
    while consuming(&broker).await.len() < 4 {
        let topic = format!("plain.{}", readers.len());
        readers.push(bus.subscribe(Topics::One(topic)).await.unwrap());
    }
    let mut stuck = Vec::new();
    for channel in consuming(&broker).await {
        stuck.push(Stuck::channel(&broker, &channel).await);
    }
    let late = || bus.subscribe(Topics::One("late".to_owned()));
    assert_eq!(late().await.unwrap_err().kind(), BusErrorKind::Timeout);
    for stuck in stuck {
        stuck.resume().await;
    }
    let mut reader = loop {
        match late().await {
            Ok(reader) => break reader,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    };
    until("each queue has one consumer", async || {
        let queues = broker.queues().await.unwrap();
        queues.len() == readers.len() + 1 && queues.iter().all(|queue| queue.consumers == 1)
    })
    .await;
    publish(&*sender, "late", "hello").await;
    assert_eq!(next(&mut reader).await, "hello");
    for (number, reader) in readers.iter_mut().enumerate() {
        publish(&*sender, &format!("plain.{number}"), "hello").await;
        assert_eq!(next(reader).await, "hello");
    }
}
