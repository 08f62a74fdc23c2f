//! RabbitMQ: what a consumer sees, and what becomes of the exchange.

use ari_bus::{
    BusErrorKind,
    stream::{Exchange, ExchangeKind, SinkOptions},
};
use ari_testbed::RabbitMq;
use ari_tests::{
    brokers::{Broker, Kind},
    wait::{eventually, ok, soon},
};
use bytes::Bytes;
use lapin::{
    options::{ExchangeDeleteOptions, QueueBindOptions},
    types::{AMQPValue, FieldTable},
};

use super::{
    reader::Program,
    support::{
        down, exchange, failure, opened, places, publish, publish_in_the_end, ready, record, records, up,
    },
};

pub(crate) async fn shared() -> &'static RabbitMq {
    match Broker::shared(Kind::Rabbitmq).await {
        Broker::Rabbitmq(rabbitmq) => rabbitmq,
        Broker::Nats(_) => unreachable!("RabbitMQ was asked for"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_gets_persistent_messages_in_order_by_their_keys() {
    let broker = shared().await;
    let sink = ready(&broker.url(), exchange("plain", ExchangeKind::Topic)).await;
    let program = Program::connect(broker).await;
    program.bind("plain.channels", "plain", "stasis.channel.#", &[]).await;
    program.bind("plain.one", "plain", "stasis.app.hello", &[]).await;
    publish(&*sink, &[record("stasis.app.hello", 1000), record("stasis.app.other", 1001)]).await;
    let sent = records(0..600);
    publish(&*sink, &sent).await;

    let seen = program.consume("plain.channels").await.take(sent.len()).await;
    for (seen, sent) in seen.iter().zip(&sent) {
        assert_eq!((seen.key.as_str(), seen.body.as_bytes()), (sent.key.as_str(), &*sent.body));
        assert_eq!(seen.id(), sent.id);
    }
    let properties = &seen[0].properties;
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(
        properties.content_type().as_ref().map(ToString::to_string).as_deref(),
        Some("application/json")
    );
    let headers = seen[0].headers();
    assert_eq!(headers.len(), 2);
    assert_eq!((headers["name"].as_str(), headers["category"].as_str()), ("StasisStart", "stasis"));

    let mut one = program.consume("plain.one").await;
    assert_eq!(one.next().await.body, "stasis.app.hello 1000");
    publish(&*sink, &[record("stasis.app.hello", 1002)]).await;
    assert_eq!(one.next().await.body, "stasis.app.hello 1002", "what was under another key came as well");
    sink.close().await;
    assert_eq!(failure(sink.publish(&sent[..1]).await).kind(), BusErrorKind::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headers_exchange_routes_by_the_headers() {
    let broker = shared().await;
    let sink = ready(&broker.url(), exchange("by_headers", ExchangeKind::Headers)).await;
    let program = Program::connect(broker).await;
    let wanted = [("x-match", "all"), ("name", "StasisStart"), ("category", "stasis")];
    program.bind("by_headers", "by_headers", "", &wanted).await;
    let mut other = record("a", 1);
    other.headers[0].1 = "StasisEnd".to_owned();
    publish(&*sink, &[other, record("", 2), record("anything at all", 3)]).await;
    let seen = program.consume("by_headers").await.take(2).await;
    assert_eq!(seen.iter().map(|seen| seen.body.as_str()).collect::<Vec<_>>(), [" 2", "anything at all 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_sent_blocks_no_other() {
    let broker = shared().await;
    let sink = ready(&broker.url(), exchange("bad", ExchangeKind::Topic)).await;
    let program = Program::connect(broker).await;
    program.bind("bad", "bad", "#", &[]).await;
    let mut sent = records(0..6);
    sent[1].key = "k".repeat(256);
    sent[2].body = Bytes::from(vec![b' '; sink.largest_message() + 1]);
    sent[4].headers[0].1 = "v".repeat(5000);
    let rejected = ok(sink.publish(&sent).await);
    let expected = [(1, BusErrorKind::Invalid), (2, BusErrorKind::TooLarge), (4, BusErrorKind::TooLarge)];
    assert_eq!(places(&rejected), expected);
    assert!(rejected[0].error.to_string().contains("kkkk"), "{}", rejected[0].error);
    let seen = program.consume("bad").await.take(3).await;
    assert_eq!(seen.iter().map(|seen| seen.id()).collect::<Vec<_>>(), ["id-0", "id-3", "id-5"]);
    // The largest that is allowed does come.
    let mut largest = record("stasis.channel.0", 6);
    largest.body = Bytes::from(vec![b' '; sink.largest_message()]);
    publish(&*sink, &[largest]).await;
    assert_eq!(program.consume("bad").await.next().await.body.len(), sink.largest_message());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_that_refuses_more_holds_no_other_reader_up() {
    let broker = shared().await;
    let sink = ready(&broker.url(), exchange("full", ExchangeKind::Topic)).await;
    let program = Program::connect(broker).await;
    let full = [
        ("x-max-length", AMQPValue::LongInt(3)),
        ("x-overflow", AMQPValue::LongString("reject-publish".into())),
    ];
    program.bind("full_other", "full", "#", &[]).await;
    program.declare("full_one", &full).await;
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    ok(program.channel.queue_bind("full_one".into(), "full".into(), "#".into(), options, none).await);
    let rejected = ok(sink.publish(&records(0..500)).await);
    assert!(
        rejected.iter().all(|rejected| rejected.error.kind() == BusErrorKind::Unavailable),
        "{rejected:?}"
    );
    let mut expected: Vec<_> = (0..500).map(|n| format!("id-{n}")).collect();
    let seen = program.consume("full_other").await.take(500).await;
    assert_eq!(seen.iter().map(|seen| seen.id()).collect::<Vec<_>>(), expected);
    // A broker looks at the length now and then only: a few more than three may be in it.
    let refused: Vec<_> = rejected.iter().map(|rejected| format!("id-{}", rejected.index)).collect();
    expected.retain(|id| !refused.contains(id));
    assert!(expected.len() >= 3 && refused.len() > 1, "{expected:?}");
    let seen = program.consume("full_one").await.take(expected.len()).await;
    assert_eq!(seen.iter().map(|seen| seen.id()).collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_of_another_type_is_refused_until_it_is_gone() {
    let broker = shared().await;
    let program = Program::connect(broker).await;
    ok(program.exchange("taken", lapin::ExchangeKind::Fanout, false).await);
    let sink = opened(&broker.url(), exchange("taken", ExchangeKind::Topic));
    down(&*sink, "exchange_type").await;
    let error = failure(sink.publish(&records(0..1)).await);
    assert_eq!(error.kind(), BusErrorKind::Refused);
    assert!(error.to_string().contains("taken") && error.to_string().contains("exchange_type"), "{error}");
    ok(program.channel.exchange_delete("taken".into(), ExchangeDeleteOptions::default()).await);
    up(&*sink).await;
    publish(&*sink, &records(0..1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_not_declared_has_to_be_there() {
    let broker = shared().await;
    let there = Exchange { name: "by_hand".to_owned(), declare: false, ..Exchange::default() };
    let sink = opened(&broker.url(), SinkOptions { exchange: there, ..SinkOptions::default() });
    down(&*sink, "declare").await;
    let error = failure(sink.publish(&records(0..1)).await);
    assert_eq!(error.kind(), BusErrorKind::Refused, "{error}");
    let program = Program::connect(broker).await;
    // Of whatever type.
    ok(program.exchange("by_hand", lapin::ExchangeKind::Fanout, false).await);
    program.bind("by_hand", "by_hand", "", &[]).await;
    up(&*sink).await;
    publish(&*sink, &records(0..1)).await;
    assert_eq!(program.consume("by_hand").await.next().await.id(), "id-0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_somebody_deletes_is_made_again() {
    let broker = shared().await;
    let sink = ready(&broker.url(), exchange("deleted", ExchangeKind::Topic)).await;
    publish(&*sink, &records(0..1)).await;
    let program = Program::connect(broker).await;
    ok(program.channel.exchange_delete("deleted".into(), ExchangeDeleteOptions::default()).await);
    let error = failure(sink.publish(&records(0..300)).await);
    assert!(error.is_retryable(), "{error:?}");
    publish_in_the_end(&*sink, &records(0..300)).await;
    ok(program.exchange("deleted", lapin::ExchangeKind::Topic, true).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_short_of_memory_makes_nobody_wait_for_ever() {
    let broker = ok(RabbitMq::start().await);
    let sink = ready(&broker.url(), exchange("blocked", ExchangeKind::Topic)).await;
    let program = Program::connect(&broker).await;
    program.bind("blocked", "blocked", "#", &[]).await;
    ok(broker.json("vm_memory_monitor:set_vm_memory_high_watermark(0.0001), true").await);
    // The broker says so when it has something to refuse.
    let error = failure(soon("an answer", sink.publish(&records(0..10))).await);
    assert!(error.is_retryable(), "{error:?}");
    down(&*sink, "takes no messages").await;
    let error = failure(sink.publish(&records(0..10)).await);
    assert_eq!(error.kind(), BusErrorKind::Unavailable, "{error}");
    ok(broker.json("vm_memory_monitor:set_vm_memory_high_watermark(0.6), true").await);
    publish_in_the_end(&*sink, &records(0..10)).await;
    let mut ids = std::collections::HashSet::new();
    let mut messages = program.consume("blocked").await;
    while ids.len() < 10 {
        ids.insert(messages.next().await.id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_one_connection_and_leaves_it_with_a_goodbye() {
    let broker = ok(RabbitMq::start().await);
    let sink = ready(&broker.url(), exchange("one", ExchangeKind::Topic)).await;
    publish(&*sink, &records(0..1)).await;
    assert_eq!(ok(broker.connections().await), 1);
    sink.close().await;
    eventually("the connection is gone", async || ok(broker.connections().await) == 0).await;
    assert!(
        !broker.log().contains("closed_abruptly") && !broker.log().contains("unexpectedly"),
        "{}",
        broker.log()
    );
    // A sink that is dropped takes its connection with it.
    let sink = ready(&broker.url(), exchange("one", ExchangeKind::Topic)).await;
    assert_eq!(ok(broker.connections().await), 1);
    drop(sink);
    eventually("the connection is gone", async || ok(broker.connections().await) == 0).await;
}
