//! NATS without JetStream: whoever listens gets it.

use std::collections::HashSet;

use ari_bus::{
    BusErrorKind,
    stream::{Record, SinkOptions},
};
use ari_testbed::Nats;
use ari_tests::{
    brokers::{Broker, Kind},
    wait::{eventually, ok, soon},
};
use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;

use super::support::{failure, places, publish, ready, record, records};

pub(crate) async fn shared() -> &'static Nats {
    match Broker::shared(Kind::Nats).await {
        Broker::Nats(nats) => nats,
        Broker::Rabbitmq(_) => unreachable!("NATS was asked for"),
    }
}

/// A plain client that listens to the stream.
async fn listener(nats: &Nats) -> Subscriber {
    listening(&ok(async_nats::connect(nats.url()).await)).await
}

/// Listens to the stream, and hears itself before it says so: to flush is to write, not to be answered.
pub(crate) async fn listening(client: &Client) -> Subscriber {
    let mut subscriber = ok(client.subscribe("stasis.>").await);
    ok(client.publish("stasis.heard", Bytes::new()).await);
    assert_eq!(next(&mut subscriber).await.subject.as_str(), "stasis.heard");
    subscriber
}

async fn next(subscriber: &mut Subscriber) -> async_nats::Message {
    soon("a message", subscriber.next()).await.expect("the subscription goes on")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_gets_messages_in_order_with_their_headers() {
    let nats = ok(Nats::start().await);
    let sink = ready(&nats.url(), SinkOptions::default()).await;
    let mut all = listener(&nats).await;
    let sent: Vec<Record> = records(0..600);
    publish(&*sink, &sent).await;
    for record in &sent {
        let seen = next(&mut all).await;
        assert_eq!((seen.subject.as_str(), &seen.payload), (record.key.as_str(), &record.body));
        let headers = seen.headers.expect("headers");
        let header = |name: &str| headers.get(name).map(ToString::to_string).unwrap_or_default();
        assert_eq!(header("Nats-Msg-Id"), record.id);
        assert_eq!((header("name").as_str(), header("category").as_str()), ("StasisStart", "stasis"));
    }
    // What nobody listens to is published all the same.
    publish(&*sink, &[record("nobody.there", 1)]).await;
    sink.close().await;
    assert_eq!(failure(sink.publish(&sent[..1]).await).kind(), BusErrorKind::Closed);
    // The listener's own is left.
    eventually("the connection is gone", async || ok(nats.connections().await) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_sent_blocks_no_other_and_costs_no_connection() {
    let nats = ok(Nats::start_with("max_payload: 65536").await);
    let sink = ready(&nats.url(), SinkOptions::default()).await;
    let before = connection(&nats).await;
    let mut all = listener(&nats).await;
    let mut sent = records(0..200);
    sent[1].key = "stasis..app".to_owned();
    sent[2].key = "stasis.*".to_owned();
    sent[3].key = "stasis.a b".to_owned();
    sent[4].key = "stasis.a\r\nPUB x 0".to_owned();
    sent[5].key = String::new();
    sent[6].headers[0].1 = "a\r\nb".to_owned();
    sent[7].body = Bytes::from(vec![b' '; sink.largest_message() + 1]);
    // A multiple of what is sent at once, and more.
    sent[130].body = Bytes::from(vec![b' '; 65536]);
    sent[150].id = "i".repeat(256);
    let rejected = ok(sink.publish(&sent).await);
    let invalid = |index| (index, BusErrorKind::Invalid);
    let mut expected: Vec<_> = (1..7).map(invalid).collect();
    expected.extend([(7, BusErrorKind::TooLarge), (130, BusErrorKind::TooLarge), invalid(150)]);
    assert_eq!(places(&rejected), expected);
    let gone: HashSet<_> = rejected.iter().map(|rejected| rejected.index).collect();
    for (_, record) in sent.iter().enumerate().filter(|(index, _)| !gone.contains(index)) {
        assert_eq!(next(&mut all).await.payload, record.body);
    }
    let mut largest = record("stasis.app.a", 1);
    largest.body = Bytes::from(vec![b' '; sink.largest_message()]);
    largest.headers = vec![("name", "v".repeat(4000))];
    publish(&*sink, &[largest]).await;
    assert_eq!(next(&mut all).await.payload.len(), sink.largest_message());
    assert_eq!(connection(&nats).await, before, "it was connected anew");
}

/// Which connection of the sink's there is.
async fn connection(nats: &Nats) -> u64 {
    let connections = ok(nats.connection_list().await);
    let sink = connections.iter().find(|one| one["name"] == "ari-proxy (event stream)").expect("the sink");
    sink["cid"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_while_the_server_is_away_is_not_kept_behind_the_back() {
    let nats = ok(Nats::start().await);
    let sink = ready(&nats.url(), SinkOptions::default()).await;
    ok(nats.kill().await);
    for number in 0..50 {
        let error = failure(soon("an answer", sink.publish(&[record("stasis.app.away", number)])).await);
        assert!(error.is_retryable(), "{error:?}");
    }
    ok(nats.start_again().await);
    // It is there before the sink can be.
    let mut all = listener(&nats).await;
    super::support::up(&*sink).await;
    publish(&*sink, &[record("stasis.app.back", 1000)]).await;
    assert_eq!(next(&mut all).await.subject.as_str(), "stasis.app.back");
}
