//! A broker that goes away in the middle: whoever sends again what failed loses nothing.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use ari_bus::stream::{ExchangeKind, Record, Sink, SinkOptions, StreamOptions};
use ari_testbed::{Nats, RabbitMq, Server};
use ari_tests::wait::{eventually, ok, soon};

use super::{
    jetstream::{all, plain, start},
    reader::Program,
    support::{exchange, publish, publish_in_the_end, ready, records, stream},
};

/// Records in a batch.
const BATCH: usize = 256;
/// Batches before the broker is killed, and after it is back.
const AROUND: usize = 20;

/// Publishes batches while the broker is killed and started again; returns how many records, and how often a batch failed.
async fn through_a_kill(sink: &Arc<dyn Sink>, server: &Server) -> (usize, usize) {
    let (batches, mut killed) = tokio::sync::watch::channel((0, false));
    let publishing = {
        let sink = Arc::clone(sink);
        tokio::spawn(async move {
            let (mut failed, mut after) = (0, 0);
            while after < AROUND {
                let batch = batches.borrow().0;
                failed += publish_in_the_end(&*sink, &records(batch * BATCH..(batch + 1) * BATCH)).await;
                batches.send_modify(|(batches, _)| *batches += 1);
                after += usize::from(failed > 0);
            }
            (batches.borrow().0 * BATCH, failed)
        })
    };
    ok(soon("some batches", killed.wait_for(|(batches, _)| *batches >= AROUND)).await);
    ok(server.kill().await);
    ok(server.start_again().await);
    ok(soon("the batches after it", publishing).await)
}

/// The numbers in the ids of messages, each with how often it came.
fn counted(ids: impl IntoIterator<Item = String>) -> BTreeMap<usize, usize> {
    let mut counted = BTreeMap::new();
    for id in ids {
        *counted.entry(id.strip_prefix("id-").unwrap().parse().unwrap()).or_default() += 1;
    }
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_killed_in_the_middle_loses_nothing_that_is_sent_again() {
    let broker = ok(RabbitMq::start().await);
    let sink = ready(&broker.url(), exchange("killed", ExchangeKind::Topic)).await;
    let program = Program::connect(&broker).await;
    program.bind("killed", "killed", "#", &[]).await;
    let (sent, failed) = through_a_kill(&sink, &broker).await;
    assert!(failed > 0, "the broker was killed beside the stream");

    // Exchange, binding and messages outlive a restart without us.
    sink.close().await;
    ok(broker.restart().await);
    let program = Program::connect(&broker).await;
    ok(program.exchange("killed", lapin::ExchangeKind::Topic, true).await);
    let held = ok(broker.queues().await).into_iter().find(|queue| queue.name == "killed").unwrap().messages;
    let held = usize::try_from(held).unwrap();
    let seen = program.consume("killed").await.take(held).await;
    let counted = counted(seen.iter().map(|seen| seen.id()));
    assert_eq!(counted.keys().copied().collect::<Vec<_>>(), (0..sent).collect::<Vec<_>>());
    let doubled = counted.values().filter(|times| **times > 1).count();
    println!("{sent} records, {failed} failed batches, {doubled} doubled, each known by its id");
    assert!(doubled <= failed * BATCH, "{doubled}");
    first_ones_keep_their_order(seen.into_iter().map(|seen| (seen.key.clone(), seen.id())));
}

#[tokio::test(flavor = "multi_thread")]
async fn jetstream_killed_in_the_middle_has_each_record_once() {
    let nats = start().await;
    let sink = ready(&nats.url(), stream(StreamOptions::default())).await;
    let (sent, failed) = through_a_kill(&sink, &nats).await;
    assert!(failed > 0, "the server was killed beside the stream");
    let seen = all(&plain(&nats).await, "ARI").await;
    let id = |message: &async_nats::jetstream::Message| {
        message.headers.as_ref().unwrap().get("Nats-Msg-Id").unwrap().to_string()
    };
    let counted = counted(seen.iter().map(id));
    println!("{sent} records, {failed} failed batches");
    assert_eq!(counted, (0..sent).map(|number| (number, 1)).collect());
    first_ones_keep_their_order(seen.iter().map(|seen| (seen.subject.to_string(), id(seen))));
}

/// Of each key, what comes for the first time comes in its turn; those of a batch that was sent again come a second time.
fn first_ones_keep_their_order(messages: impl Iterator<Item = (String, String)>) {
    let mut turns: HashMap<String, usize> = HashMap::new();
    for (key, id) in messages {
        let number: usize = id.strip_prefix("id-").unwrap().parse().unwrap();
        let turn = turns.entry(key).or_insert(number % 3);
        assert!(number <= *turn, "{number} came before {turn}");
        if number == *turn {
            *turn += 3;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_killed_and_back_goes_on() {
    let nats = ok(Nats::start().await);
    let sink = ready(&nats.url(), SinkOptions::default()).await;
    let (_, failed) = through_a_kill(&sink, &nats).await;
    assert!(failed > 0, "the server was killed beside the stream");
}

/// A broker that stands still answers nobody; whoever publishes learns that, and closing does not hang.
async fn stands_still(server: &Server, sink: Arc<dyn Sink>) {
    let batch: Vec<Record> = records(0..10);
    publish(&*sink, &batch).await;
    ok(server.pause().await);
    let error = soon("an answer", sink.publish(&batch)).await.expect_err("nobody can have taken it");
    assert!(error.is_retryable(), "{error:?}");
    ok(server.resume());
    publish_in_the_end(&*sink, &batch).await;
    ok(server.pause().await);
    soon("the close", sink.close()).await;
    ok(server.resume());
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_stands_still() {
    let broker = ok(RabbitMq::start().await);
    let sink = ready(&broker.url(), exchange("still", ExchangeKind::Topic)).await;
    stands_still(&broker, sink).await;
    eventually("the connection is gone", async || ok(broker.connections().await) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jetstream_stands_still() {
    let nats = start().await;
    let sink = ready(&nats.url(), stream(StreamOptions::default())).await;
    stands_still(&nats, sink).await;
    assert_eq!(all(&plain(&nats).await, "ARI").await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_stands_still() {
    let nats = ok(Nats::start().await);
    let sink = ready(&nats.url(), SinkOptions::default()).await;
    stands_still(&nats, sink).await;
}
