//! NATS with JetStream: the stream that keeps what is published.

use std::time::Duration;

use ari_bus::{
    BusErrorKind,
    stream::{Record, StreamOptions},
};
use ari_testbed::Nats;
use ari_tests::{brokers::prepare_process, wait::ok};
use async_nats::jetstream::{self, Context, Message, consumer, stream::Config, stream::DiscardPolicy};
use futures_util::StreamExt as _;

use super::support::{
    down, failure, opened, places, publish, publish_in_the_end, ready, record, records, stream, up,
};

pub(crate) async fn start() -> Nats {
    ok(Nats::start_with("jetstream { store_dir: $TESTBED_DATA }").await)
}

pub(crate) async fn plain(nats: &Nats) -> Context {
    prepare_process();
    jetstream::new(ok(async_nats::connect(nats.url()).await))
}

/// All that a stream holds, as a plain consumer reads it.
pub(crate) async fn all(context: &Context, name: &str) -> Vec<Message> {
    let stream = ok(context.get_stream(name).await);
    let count = usize::try_from(stream.cached_info().state.messages).unwrap();
    let consumer = ok(stream.create_consumer(consumer::pull::OrderedConfig::default()).await);
    let messages = ok(consumer.messages().await);
    messages.take(count).map(ok).collect().await
}

fn named(name: &str) -> StreamOptions {
    StreamOptions { name: name.to_owned(), ..StreamOptions::default() }
}

fn config(name: &str, subject: &str) -> Config {
    Config { name: name.to_owned(), subjects: vec![subject.to_owned()], ..Config::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_made_and_has_each_record_once() {
    let nats = start().await;
    let wanted = StreamOptions {
        max_bytes: Some(10_000_000),
        max_age: Some(Duration::from_secs(3600)),
        duplicates: Duration::from_secs(60),
        ..named("CALLS")
    };
    let sink = ready(&nats.url(), stream(wanted)).await;
    let sent: Vec<Record> = records(0..3000);
    publish(&*sink, &sent).await;
    // Again, as after an answer that was lost.
    publish(&*sink, &sent[100..400]).await;

    let context = plain(&nats).await;
    let made = ok(context.get_stream("CALLS").await).cached_info().config.clone();
    assert_eq!((made.max_bytes, made.max_age), (10_000_000, Duration::from_secs(3600)));
    assert_eq!((made.duplicate_window, made.num_replicas), (Duration::from_secs(60), 1));
    assert_eq!(made.subjects, ["stasis.>"]);
    assert_eq!(made.storage, jetstream::stream::StorageType::File);
    let seen = all(&context, "CALLS").await;
    assert_eq!(seen.len(), sent.len());
    for (seen, sent) in seen.iter().zip(&sent) {
        assert_eq!((seen.subject.as_str(), &seen.payload), (sent.key.as_str(), &sent.body));
        let headers = seen.headers.as_ref().expect("headers");
        let header = |name: &str| headers.get(name).map(ToString::to_string).unwrap_or_default();
        assert_eq!((header("Nats-Msg-Id"), header("name")), (sent.id.clone(), "StasisStart".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_there_is_left_as_it_is() {
    let nats = start().await;
    let context = plain(&nats).await;
    let theirs = Config { max_messages: 77, ..config("THEIRS", ">") };
    // With everything, so the server wants no acknowledgement of its own questions.
    let theirs = Config { subjects: vec!["stasis.>".to_owned(), "other.>".to_owned()], ..theirs };
    ok(context.create_stream(theirs).await);
    let sink = ready(&nats.url(), stream(named("THEIRS"))).await;
    publish(&*sink, &records(0..100)).await;
    let mut there = ok(context.get_stream("THEIRS").await);
    let info = ok(there.info().await);
    assert_eq!((info.config.max_messages, info.state.messages), (77, 77));
    assert_eq!(info.config.subjects.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_does_not_carry_ours_is_refused_until_it_does() {
    let nats = start().await;
    let context = plain(&nats).await;
    ok(context.create_stream(config("NARROW", "stasis.app.>")).await);
    let sink = opened(&nats.url(), stream(named("NARROW")));
    down(&*sink, "does not carry stasis.>").await;
    let error = failure(sink.publish(&records(0..1)).await);
    assert_eq!(error.kind(), BusErrorKind::Refused);
    assert!(error.to_string().contains("jetstream.name"), "{error}");
    // One of another name has the subjects: the server's word is told.
    let overlapping = opened(&nats.url(), stream(named("OTHER")));
    down(&*overlapping, "overlap").await;
    assert_eq!(failure(overlapping.publish(&records(0..1)).await).kind(), BusErrorKind::Refused);

    ok(context.update_stream(config("NARROW", "stasis.>")).await);
    up(&*sink).await;
    publish(&*sink, &records(0..1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_jetstream_says_so() {
    let nats = super::nats::shared().await;
    let sink = opened(&nats.url(), stream(StreamOptions::default()));
    down(&*sink, "has no JetStream").await;
    let error = failure(sink.publish(&records(0..1)).await);
    assert_eq!(error.kind(), BusErrorKind::Refused);
    assert!(error.to_string().contains("has no JetStream"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_somebody_deletes_is_made_again() {
    let nats = start().await;
    let sink = ready(&nats.url(), stream(StreamOptions::default())).await;
    publish(&*sink, &records(0..10)).await;
    let context = plain(&nats).await;
    ok(context.delete_stream("ARI").await);
    let error = failure(sink.publish(&records(10..20)).await);
    assert!(error.is_retryable(), "{error:?}");
    publish_in_the_end(&*sink, &records(10..20)).await;
    assert_eq!(all(&context, "ARI").await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_s_own_limits_are_told_apart() {
    let nats = start().await;
    let context = plain(&nats).await;
    let small = Config { max_message_size: 300, ..config("SMALL", "stasis.>") };
    ok(context.create_stream(small).await);
    let sink = ready(&nats.url(), stream(named("SMALL"))).await;
    let mut sent = records(0..10);
    sent[3].body = vec![b' '; 1000].into();
    sent[5].key = "elsewhere.1".to_owned();
    // In the order in which it is found out.
    let expected = [(5, BusErrorKind::Invalid), (3, BusErrorKind::TooLarge)];
    assert_eq!(places(&ok(sink.publish(&sent).await)), expected);
    assert_eq!(all(&context, "SMALL").await.len(), 8);

    // A full one has room again some day.
    let full = Config { max_messages: 5, discard: DiscardPolicy::New, ..config("FULL", "full.>") };
    ok(context.create_stream(full).await);
    let options = StreamOptions { subjects: vec!["full.>".to_owned()], ..named("FULL") };
    let sink = ready(&nats.url(), stream(options)).await;
    let sent: Vec<_> = (0..8).map(|number| record("full.a", number)).collect();
    let error = failure(sink.publish(&sent).await);
    assert_eq!(error.kind(), BusErrorKind::Unavailable, "{error}");
    ok(ok(context.get_stream("FULL").await).purge().await);
    publish(&*sink, &sent[5..]).await;
}
