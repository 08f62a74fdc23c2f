//! How many records a second each broker takes: printed, not asserted.

use std::time::Duration;

use ari_bus::stream::{ExchangeKind, Record, SinkOptions, StreamOptions};
use ari_testbed::{Nats, RabbitMq};
use ari_tests::wait::ok;
use bytes::Bytes;
use tokio::time::Instant;

use super::{
    jetstream::start,
    reader::Program,
    support::{exchange, publish, ready, stream},
};

/// How long each is measured.
const MEASURED: Duration = Duration::from_secs(2);
/// Records in a batch, and bytes in a body: those of a usual event.
const BATCH: usize = 256;
const BODY: usize = 700;

async fn measure(what: &str, url: &str, options: SinkOptions) {
    let sink = ready(url, options).await;
    let body = Bytes::from(vec![b'x'; BODY]);
    let mut sent = 0;
    let began = Instant::now();
    while began.elapsed() < MEASURED {
        let batch: Vec<Record> = (sent..sent + BATCH)
            .map(|number| Record {
                key: format!("stasis.channel.{}", number % 100),
                headers: vec![("name", "ChannelDtmfReceived".to_owned()), ("category", "stasis".to_owned())],
                body: body.clone(),
                id: format!("id-{number}"),
            })
            .collect();
        publish(&*sink, &batch).await;
        sent += BATCH;
    }
    let rate = sent as f64 / began.elapsed().as_secs_f64();
    println!("{what}: {rate:.0} records/s in batches of {BATCH}, {BODY} bytes each");
    sink.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_a_second() {
    let broker = ok(RabbitMq::start().await);
    let options = || exchange("rate", ExchangeKind::Topic);
    measure("RabbitMQ, nothing bound", &broker.url(), options()).await;
    let program = Program::connect(&broker).await;
    program.bind("rate", "rate", "stasis.#", &[]).await;
    measure("RabbitMQ, a durable queue bound", &broker.url(), options()).await;
    let nats = ok(Nats::start().await);
    measure("NATS", &nats.url(), SinkOptions::default()).await;
    let nats = start().await;
    measure("JetStream", &nats.url(), stream(StreamOptions::default())).await;
}
