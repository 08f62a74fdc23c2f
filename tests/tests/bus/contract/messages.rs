//! Messages: in order, byte for byte, as large as promised and no larger.

use std::sync::Arc;

use ari_bus::{Bus, BusErrorKind, Subscription, Topics};
use bytes::Bytes;

use super::{
    brokers::Broker,
    support::{bytes, connected, next, publish, unique, within},
};

pub(crate) async fn one_sender_s_messages_keep_their_order<B: Broker>() {
    const MESSAGES: usize = 10_000;
    /// Every other time one alone, as an event comes, else as many as a backlog has.
    const BATCH: usize = 199;
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("order");
    let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();

    let sending = tokio::spawn(async move {
        let mut sent = 0;
        while sent < MESSAGES {
            publish(&*sender, &topic, sent).await;
            let batch: Vec<Bytes> = (sent + 1..MESSAGES.min(sent + 1 + BATCH)).map(bytes).collect();
            sent += 1 + batch.len();
            sender.publish_all(&topic, batch).await.unwrap();
        }
        sender
    });
    for number in 0..MESSAGES {
        assert_eq!(next(&mut subscription).await, number.to_string());
    }
    sending.await.unwrap();
}

pub(crate) async fn eight_senders_do_not_disturb_each_other<B: Broker>() {
    const TASKS: usize = 8;
    const MESSAGES: usize = 2_000;
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("eight");
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let topic = format!("{topic}.{task}");
        let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();
        let sender = Arc::clone(&sender);
        tasks.push(tokio::spawn(async move {
            for number in 0..MESSAGES {
                publish(&*sender, &topic, format!("{task} {number}")).await;
            }
        }));
        tasks.push(tokio::spawn(async move {
            for number in 0..MESSAGES {
                assert_eq!(next(&mut subscription).await, format!("{task} {number}"));
            }
        }));
    }
    for task in tasks {
        within("the end of a task", task).await.unwrap();
    }
}

pub(crate) async fn payloads_arrive_as_they_were<B: Broker>() {
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("bytes");
    let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();
    let payloads: Vec<Bytes> = [
        &b""[..],
        b"\0",
        b"a\0b\0",
        b"\xff\xfe\x00\xc3\x28",
        b"\r\nPUB x 0\r\n\r\n",
        "Gr\u{fc}\u{df}e, \u{1f4de}".as_bytes(),
        &(0..=255).collect::<Vec<u8>>().repeat(257),
    ]
    .into_iter()
    .map(Bytes::copy_from_slice)
    .collect();

    sender.publish_all(&topic, payloads.clone()).await.unwrap();
    for payload in payloads {
        let message = within("a message", subscription.next()).await.unwrap();
        assert_eq!((message.topic, message.payload), (topic.clone(), payload));
    }
}

pub(crate) async fn the_largest_payload_arrives_and_a_larger_one_is_refused<B: Broker>() {
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("largest");
    let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();
    let largest = sender.largest_message();
    assert!(largest >= 1 << 20, "{largest}");
    let payload = |length| Bytes::from(vec![b'x'; length]);

    sender.publish(&topic, payload(largest)).await.unwrap();
    let message = within("the largest message", subscription.next()).await.unwrap();
    assert!(message.payload == payload(largest), "{} bytes came", message.payload.len());

    let error = sender.publish(&topic, payload(largest + 1)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (BusErrorKind::TooLarge, false));
    let error = sender.publish_all(&topic, vec![bytes("small"), payload(largest + 1)]).await.unwrap_err();
    assert_eq!(error.kind(), BusErrorKind::TooLarge);
    // Nothing of the refused ones was sent, and the connection is as it was.
    publish(&*sender, &topic, "after").await;
    assert_eq!(next(&mut subscription).await, "after");
    assert!(sender.link().is_up());
}

pub(crate) async fn a_topic_that_nobody_reads_is_no_error<B: Broker>() {
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    for topic in [unique("nobody"), unique("ari.worker.") + ".events.1", unique("commands_srv.")] {
        publish(&*sender, &topic, "lost").await;
    }
    // The connection is as it was.
    let topic = unique("somebody");
    let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*sender, &topic, "read").await;
    assert_eq!(next(&mut subscription).await, "read");
}

pub(crate) async fn topics_that_no_bus_carries_are_refused<B: Broker>() {
    let broker = B::shared().await;
    let bus = connected(broker).await;
    for topic in ["", "a b", "a\r\nPUB x 0\r\n", "a.*", "a.>", ">", ".a", "a..b", "a.", &"t".repeat(256)] {
        let kind = |result: Result<(), ari_bus::BusError>| result.map_err(|error| error.kind());
        let invalid = Err(BusErrorKind::Invalid);
        assert_eq!(kind(bus.publish(topic, bytes("x")).await), invalid, "publish to {topic:?}");
        let offered = bus.offer(topic, bytes("x"), super::support::EXPIRES).await;
        assert_eq!(kind(offered.map(drop)), invalid, "offer to {topic:?}");
        assert_eq!(kind(bus.join(topic, "g").await.map(drop)), invalid, "join {topic:?}");
        let subscribed = bus.subscribe(Topics::One(topic.to_owned())).await;
        assert_eq!(kind(subscribed.map(drop)), invalid, "subscribe to {topic:?}");
    }
    assert!(bus.link().is_up());
}

pub(crate) async fn a_reader_that_does_not_read_disturbs_no_other<B: Broker>() {
    /// More than a bus hands to one reader in advance.
    const MESSAGES: usize = 20_000;
    let mut stuck = flooded(B::shared().await, MESSAGES).await;
    for number in 0..MESSAGES {
        assert_eq!(next(&mut stuck.subscription).await, number.to_string());
    }
}

/// A subscription that was not read while so many messages, numbered from 0, were sent to it.
pub(crate) struct Flooded {
    pub(crate) sender: Arc<dyn Bus>,
    pub(crate) topic: String,
    pub(crate) reader: Arc<dyn Bus>,
    pub(crate) subscription: Subscription,
}

/// Floods one subscription while another of the same connection is read, and misses nothing.
pub(crate) async fn flooded<B: Broker>(broker: &B, messages: usize) -> Flooded {
    const BATCH: usize = 500;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let (stuck, lively) = (unique("stuck"), unique("lively"));
    let subscription = reader.subscribe(Topics::One(stuck.clone())).await.unwrap();
    let mut read = reader.subscribe(Topics::One(lively.clone())).await.unwrap();
    for batch in 0..messages / BATCH {
        let payloads = (batch * BATCH..(batch + 1) * BATCH).map(bytes).collect();
        sender.publish_all(&stuck, payloads).await.unwrap();
        publish(&*sender, &lively, batch).await;
        assert_eq!(next(&mut read).await, batch.to_string());
    }
    Flooded { sender, topic: stuck, reader, subscription }
}
