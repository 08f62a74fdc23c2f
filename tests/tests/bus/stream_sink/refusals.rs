//! What a login may not do: told, and in the way of nothing else.

use std::collections::HashSet;

use ari_bus::{
    BusError, BusErrorKind,
    stream::{ExchangeKind, Record, Rejected, Sink, SinkOptions, StreamOptions},
};
use ari_testbed::Nats;
use ari_tests::wait::{eventually, ok};
use futures_util::StreamExt as _;

use super::{
    jetstream::all,
    nats::listening,
    rabbitmq::shared,
    reader::Program,
    support::{down, exchange, failure, opened, places, publish, ready, record, records, stream, up},
};

const SECRET: &str = "s3cr3t";

/// A login on RabbitMQ that may configure and write what these patterns match; its URL.
async fn login(user: &str, configure: &str, write: &str) -> String {
    let broker = shared().await;
    let make = format!(
        "rabbit_auth_backend_internal:add_user(<<\"{user}\">>, <<\"{SECRET}\">>, <<\"test\">>), \
         rabbit_auth_backend_internal:set_permissions(<<\"{user}\">>, <<\"/\">>, <<\"{configure}\">>, <<\"{write}\">>, <<\"\">>, \
         <<\"test\">>), true"
    );
    ok(broker.json(&make).await);
    format!("amqp://{user}:{SECRET}@127.0.0.1:{}/%2f", broker.port())
}

/// What becomes of records that the broker refuses. The broker ends the connection, and not the channel alone, where the client
/// library was still sending on that; then it is tried again.
async fn refused(sink: &dyn Sink, records: &[Record]) -> Result<Vec<Rejected>, BusError> {
    loop {
        match sink.publish(records).await {
            Err(error) if error.is_retryable() => up(sink).await,
            result => return result,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_may_refuse_the_exchange_as_such() {
    let neither = login("neither", "^$", "^$").await;
    let sink = opened(&neither, exchange("not_mine", ExchangeKind::Topic));
    down(&*sink, "declare").await;
    let error = failure(sink.publish(&records(0..1)).await);
    assert_eq!(error.kind(), BusErrorKind::Refused);
    assert!(!format!("{error:?} {sink:?} {:?}", sink.link()).contains(SECRET), "{error:?}");

    let readonly = login("readonly", ".*", "^$").await;
    let sink = ready(&readonly, exchange("read_only", ExchangeKind::Topic)).await;
    for _ in 0..20 {
        let error = refused(&*sink, &records(0..256)).await.expect_err("it may not write");
        assert_eq!(error.kind(), BusErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("read_only"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_may_refuse_a_key() {
    let broker = shared().await;
    let url = login("some_keys", ".*", ".*").await;
    let topics = "rabbit_auth_backend_internal:set_topic_permissions(<<\"some_keys\">>, <<\"/\">>, <<\"keys\">>, \
                  <<\"^stasis[.]channel[.][01]$\">>, <<\".*\">>, <<\"test\">>), true";
    let sink = ready(&url, exchange("keys", ExchangeKind::Topic)).await;
    // Of an exchange that is there.
    ok(broker.json(topics).await);
    let program = Program::connect(broker).await;
    program.bind("keys", "keys", "#", &[]).await;
    let sent = records(0..30);
    let rejected = ok(refused(&*sink, &sent).await);
    let expected: Vec<_> = (2..30).step_by(3).map(|index| (index, BusErrorKind::Refused)).collect();
    assert_eq!(places(&rejected), expected);
    assert!(rejected[0].error.to_string().contains("stasis.channel.2"), "{}", rejected[0].error);
    let mut messages = program.consume("keys").await;
    let mut ids = HashSet::new();
    while ids.len() < 20 {
        let seen = messages.next().await;
        assert!(!seen.key.ends_with('2'), "{seen:?}");
        ids.insert(seen.id());
    }
}

const SOME_SUBJECTS: &str = "authorization { users: [
     { user: all, password: all },
     { user: some, password: s3cr3t, permissions: { publish: { deny: [\"stasis.channel.2\"] } } },
     { user: data, password: s3cr3t, permissions: { publish: { deny: [\"$JS.API.>\"] } } } ] }";

/// A plain client that may do everything.
async fn everything(nats: &Nats) -> async_nats::Client {
    let options = async_nats::ConnectOptions::with_user_and_password("all".to_owned(), "all".to_owned());
    ok(options.connect(nats.url()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_may_refuse_a_subject() {
    let nats = ok(Nats::start_with(SOME_SUBJECTS).await);
    let sink =
        ready(&format!("nats://some:{SECRET}@127.0.0.1:{}", nats.port()), SinkOptions::default()).await;
    let client = everything(&nats).await;
    // The very first refusal of a connection may be told by the log alone.
    let first = [record("stasis.channel.2", 0)];
    eventually("it is told", async || !ok(sink.publish(&first).await).is_empty()).await;
    let mut listener = listening(&client).await;
    let rejected = ok(sink.publish(&records(0..300)).await);
    let expected: Vec<_> = (2..300).step_by(3).map(|index| (index, BusErrorKind::Refused)).collect();
    assert_eq!(places(&rejected), expected);
    assert!(rejected[0].error.to_string().contains("stasis.channel.2"), "{}", rejected[0].error);
    publish(&*sink, &[record("stasis.end", 1)]).await;
    let mut heard = 0;
    while listener.next().await.expect("it goes on").subject.as_str() != "stasis.end" {
        heard += 1;
    }
    assert_eq!(heard, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_may_refuse_a_subject_of_a_stream_or_jetstream_as_such() {
    let configuration = format!("jetstream {{ store_dir: $TESTBED_DATA }}\n{SOME_SUBJECTS}");
    let nats = ok(Nats::start_with(&configuration).await);
    let url = |user: &str| format!("nats://{user}:{SECRET}@127.0.0.1:{}", nats.port());
    let sink = ready(&url("some"), stream(StreamOptions::default())).await;
    let rejected = ok(sink.publish(&records(0..300)).await);
    let expected: Vec<_> = (2..300).step_by(3).map(|index| (index, BusErrorKind::Refused)).collect();
    assert_eq!(places(&rejected), expected);
    assert_eq!(all(&async_nats::jetstream::new(everything(&nats).await), "ARI").await.len(), 200);

    let sink = opened(&url("data"), stream(StreamOptions::default()));
    down(&*sink, "does not allow this login to use JetStream").await;
    let error = failure(sink.publish(&records(0..1)).await);
    assert_eq!(error.kind(), BusErrorKind::Refused);
    assert!(!format!("{error:?} {sink:?}").contains(SECRET), "{error:?}");
}
