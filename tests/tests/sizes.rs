//! Answers that are larger than a message, from a real Asterisk, whole.

use std::time::Duration;

use ari_client::{Call, Method, Worker};
use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::Kind,
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

/// A call whose handler sends what it fetched.
struct World(Real);

impl World {
    async fn new(kind: Kind) -> Self {
        Self(Real::new(kind, AsteriskOptions::new().extensions(SPEAK)).await)
    }

    /// Makes one call, lets a handler work in it, and returns what the handler sends.
    async fn one_call<F>(
        &self,
        handler: impl Fn(Call, mpsc::Sender<Bytes>) -> F + Send + Sync + 'static,
    ) -> Vec<Bytes>
    where
        F: Future<Output = ari_client::Result> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let (sender, mut results) = mpsc::channel(100);
        let worker = ok(Worker::connect(self.0.broker.url()).await);
        let worker = worker.application(&self.0.application).shutdown(stop.clone());
        let worker = tokio::spawn(worker.run(move |call| handler(call, sender.clone())));
        let call = format!("/channels?endpoint=Local/speak@default&app={}", self.0.application);
        assert_eq!(ok(self.0.asterisk.ari("POST", &call).await).0, 200);
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
}

async fn two_thousand_channels(kind: Kind) {
    const CALLS: usize = 1_000;
    let world = World::new(kind).await;
    // Each Local channel has two halves, and both are in the dialplan: they need no worker.
    for _ in 0..CALLS {
        let park = "/channels?endpoint=Local/park@default&extension=park&context=default";
        assert_eq!(ok(world.0.asterisk.ari("POST", park).await).0, 200);
    }
    eventually("2,000 channels", async || ok(world.0.asterisk.channels().await) >= 2 * CALLS).await;
    let begun = Instant::now();
    let bodies = world
        .one_call(|call, results| async move {
            let response = call.command(Method::Get, "/channels").send().await?;
            ok(results.send(response.body().clone()).await);
            call.channel().hangup().await
        })
        .await;
    let channels: Value = ok(serde_json::from_slice(&bodies[0]));
    let count = channels.as_array().map_or(0, Vec::len);
    println!("{kind:?}: GET /channels: {count} channels, {} bytes, {:.2?}", bodies[0].len(), begun.elapsed());
    assert!(count >= 2 * CALLS, "{count}");
    world.0.proxy.stop().await;
}

async fn a_stored_recording(kind: Kind) {
    const NAME: &str = "hello";
    let world = World::new(kind).await;
    let bodies = world
        .one_call(|call, results| async move {
            let channel = call.channel();
            // What the other half of the call says is recorded; then the file is fetched.
            let recording = channel.record(NAME).format("wav").max_duration(Duration::from_secs(3)).await?;
            recording.finished().await?;
            let mut ways = Durations::default();
            for _ in 0..10 {
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
    let direct = fetch(&Ari::from(&world.0.asterisk), &format!("/recordings/stored/{NAME}/file")).await;
    println!("{kind:?}: a stored recording of {} bytes", direct.len());
    assert!(direct.len() > 1_000 && direct.starts_with(b"RIFF"));
    assert!(std::str::from_utf8(&direct).is_err(), "it is no text");
    assert!(bodies.iter().all(|body| *body == direct), "equal byte for byte");
    world.0.proxy.stop().await;
}

/// Fetches bytes from Asterisk, without anything of ours in between.
async fn fetch(ari: &Ari, path: &str) -> Bytes {
    let client = reqwest::Client::new();
    let request = client.get(format!("{}{path}", ari.rest_url)).basic_auth(&ari.user, Some(&ari.password));
    ok(ok(request.send().await).bytes().await)
}
