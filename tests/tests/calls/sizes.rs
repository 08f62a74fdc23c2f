//! Large answers, and answers that are no text, from a real Asterisk, whole.
//!
//! The list of 2,000 channels has some 680 kB. NATS is told to carry messages of 32 KiB, so that it comes in many parts,
//! and a recording in two. On RabbitMQ a message of ours carries 4 MiB, more than any answer here: that answers come in
//! parts there too is shown with a fake Asterisk, in `bad_input`.

use std::{collections::BTreeSet, time::Duration};

use ari_client::{Call, Method, Worker};
use ari_testbed::{AsteriskOptions, Nats};
use ari_tests::{
    brokers::{Broker, Kind},
    crew::ALONE,
    figures::Durations,
    on_both_buses,
    proxies::Ari,
    wait::{eventually, ok, soon},
    worlds::Real,
};
use bytes::Bytes;
use serde_json::Value;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

on_both_buses!(two_thousand_channels, a_stored_recording);

/// Somebody who speaks.
const SPEAK: &str = "exten => speak,1,Answer()\n same => n,Playback(hello-world&hello-world&hello-world)\n same => n,Wait(3600)";

/// What one message of NATS carries here: less than the answers have.
const NATS_MESSAGE: usize = 32_768;

/// A broker of the test's own.
async fn broker(kind: Kind) -> Broker {
    match kind {
        Kind::Nats => Broker::Nats(ok(Nats::start_with(&format!("max_payload: {NATS_MESSAGE}")).await)),
        Kind::Rabbitmq => Broker::start(kind).await,
    }
}

/// Makes one call, lets a handler work in it, and returns what the handler sends.
async fn one_call<F>(
    world: &Real<'_>,
    handler: impl Fn(Call, mpsc::Sender<Bytes>) -> F + Send + Sync + 'static,
) -> Vec<Bytes>
where
    F: Future<Output = ari_client::Result> + Send + 'static,
{
    let stop = CancellationToken::new();
    let (sender, mut results) = mpsc::channel(100);
    let worker = ok(Worker::connect(world.broker.url()).await);
    let worker = worker.application(&world.application).shutdown(stop.clone());
    let worker = tokio::spawn(worker.run(move |call| handler(call, sender.clone())));
    let call = format!("/channels?endpoint=Local/speak@default&app={}", world.application);
    assert_eq!(ok(world.asterisk.ari("POST", &call).await).0, 200);
    let mut came = vec![];
    came.extend(soon("what the handler sends", results.recv()).await);
    // The worker drains: the handler ends first.
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
    while let Ok(more) = results.try_recv() {
        came.push(more);
    }
    came
}

/// The ids in a list of channels.
fn ids(channels: &[u8]) -> BTreeSet<String> {
    let channels: Vec<Value> = ok(serde_json::from_slice(channels));
    channels.iter().filter_map(|channel| channel["id"].as_str().map(str::to_owned)).collect()
}

async fn two_thousand_channels(kind: Kind) {
    const CALLS: usize = 1_000;
    let _alone = ALONE.lock().await;
    let broker = broker(kind).await;
    let world = Real::on(&broker, AsteriskOptions::new().extensions(SPEAK)).await;
    // Each Local channel has two halves, and both are in the dialplan: they need no worker.
    for _ in 0..CALLS {
        let park = "/channels?endpoint=Local/park@default&extension=park&context=default";
        assert_eq!(ok(world.asterisk.ari("POST", park).await).0, 200);
    }
    eventually("2,000 channels", async || ok(world.asterisk.channels().await) >= 2 * CALLS).await;
    let before = ids(&Ari::from(&world.asterisk).get("/channels").await.1);
    let begun = Instant::now();
    let bodies = one_call(&world, |call, results| async move {
        let response = call.command(Method::Get, "/channels").send().await?;
        ok(results.send(response.body().clone()).await);
        call.channel().hangup().await
    })
    .await;
    let [body] = bodies.as_slice() else { panic!("{} bodies", bodies.len()) };
    let came = ids(body);
    println!(
        "{kind:?}: GET /channels: {} channels, {} bytes, {:.2?}",
        came.len(),
        body.len(),
        begun.elapsed()
    );
    assert_eq!(before.len(), 2 * CALLS);
    assert!(before.is_subset(&came), "channels are missing");
    assert_eq!(came.len(), before.len() + 2, "besides them there are the two halves of the call itself");
    if kind == Kind::Nats {
        assert!(body.len() > 10 * NATS_MESSAGE, "it takes many messages");
    }
    world.proxy.stop().await;
}

async fn a_stored_recording(kind: Kind) {
    const NAME: &str = "hello";
    const FETCHED: usize = 10;
    let broker = broker(kind).await;
    let world = Real::on(&broker, AsteriskOptions::new().extensions(SPEAK)).await;
    let bodies = one_call(&world, |call, results| async move {
        let channel = call.channel();
        // What the other half of the call says is recorded; then the file is fetched.
        let recording = channel.record(NAME).format("wav").max_duration(Duration::from_secs(3)).await?;
        recording.finished().await?;
        let mut ways = Durations::default();
        for _ in 0..FETCHED {
            let begun = Instant::now();
            let file = format!("/recordings/stored/{NAME}/file");
            let response = call.command(Method::Get, file).send().await?;
            ways.add(begun.elapsed());
            ok(results.send(response.body().clone()).await);
        }
        println!("fetched: {ways}");
        channel.hangup().await
    })
    .await;
    let (_, direct) = Ari::from(&world.asterisk).get(&format!("/recordings/stored/{NAME}/file")).await;
    println!("{kind:?}: a stored recording of {} bytes", direct.len());
    assert!(direct.len() > 1_000 && direct.starts_with(b"RIFF"));
    assert!(std::str::from_utf8(&direct).is_err(), "it is no text");
    if kind == Kind::Nats {
        assert!(direct.len() * 4 / 3 > NATS_MESSAGE, "in base64 it takes two messages");
    }
    assert_eq!(bodies.len(), FETCHED);
    assert!(bodies.iter().all(|body| *body == direct), "equal byte for byte");
    world.proxy.stop().await;
}
