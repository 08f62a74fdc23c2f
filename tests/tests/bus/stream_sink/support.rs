//! Sinks and records for the tests.

use std::sync::Arc;

use ari_bus::{
    BusError, Link,
    stream::{Exchange, ExchangeKind, Record, Rejected, Sink, SinkOptions, StreamOptions, open},
};
use ari_tests::{
    brokers::prepare_process,
    wait::{ok, soon},
};
use bytes::Bytes;

/// A sink that may not be up yet.
pub(crate) fn opened(url: &str, options: SinkOptions) -> Arc<dyn Sink> {
    prepare_process();
    ok(open(url, options))
}

/// A sink that is up.
pub(crate) async fn ready(url: &str, options: SinkOptions) -> Arc<dyn Sink> {
    let sink = opened(url, options);
    up(&*sink).await;
    sink
}

pub(crate) async fn up(sink: &dyn Sink) {
    assert!(soon("the link is up", sink.link().up()).await, "closed");
}

/// Waits until the link is down for a reason that has this in it.
pub(crate) async fn down(sink: &dyn Sink, part: &str) {
    let mut link = sink.link();
    let falling = async {
        while !matches!(link.now(), Link::Down(why) if why.contains(part)) {
            link.changed().await;
        }
    };
    soon(&format!("the link is down: {part}"), falling).await;
}

/// Options for an exchange of this name.
pub(crate) fn exchange(name: &str, kind: ExchangeKind) -> SinkOptions {
    let exchange = Exchange { name: name.to_owned(), kind, ..Exchange::default() };
    SinkOptions { exchange, ..SinkOptions::default() }
}

/// Options for a stream of JetStream.
pub(crate) fn stream(stream: StreamOptions) -> SinkOptions {
    SinkOptions { jetstream: Some(stream), ..SinkOptions::default() }
}

/// The record of this number; its body tells key and number.
pub(crate) fn record(key: &str, number: usize) -> Record {
    Record {
        key: key.to_owned(),
        headers: vec![("name", "StasisStart".to_owned()), ("category", "stasis".to_owned())],
        body: body(key, number),
        id: format!("id-{number}"),
    }
}

pub(crate) fn body(key: &str, number: usize) -> Bytes {
    Bytes::from(format!("{key} {number}"))
}

/// Records of these numbers, each of one of three channels.
pub(crate) fn records(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers.map(|number| record(&format!("stasis.channel.{}", number % 3), number)).collect()
}

/// Publishes what is all taken.
pub(crate) async fn publish(sink: &dyn Sink, records: &[Record]) {
    let rejected = ok(sink.publish(records).await);
    assert!(rejected.is_empty(), "{rejected:?}");
}

/// Publishes as whoever loses nothing does: again and again until it is taken. Returns how often that failed.
pub(crate) async fn publish_in_the_end(sink: &dyn Sink, records: &[Record]) -> usize {
    let mut failed = 0;
    loop {
        match sink.publish(records).await {
            Ok(rejected) => {
                assert!(rejected.is_empty(), "{rejected:?}");
                return failed;
            }
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                failed += 1;
                up(sink).await;
            }
        }
    }
}

/// The one error that a call gives, of whichever way.
pub(crate) fn places(rejected: &[Rejected]) -> Vec<(usize, ari_bus::BusErrorKind)> {
    rejected.iter().map(|one| (one.index, one.error.kind())).collect()
}

pub(crate) fn failure(result: Result<Vec<Rejected>, BusError>) -> BusError {
    result.expect_err("it was published")
}
