//! Real phone calls: SIPp calls a real Asterisk, its calls become dialogs on a real broker, and workers written with the
//! SDK control them. What happened is read from SIPp's and Asterisk's side.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ari_client::{Call, Worker};
use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::Kind,
    on_both_buses,
    wait::{eventually, ok, soon},
    worlds::Real,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

on_both_buses!(a_phone_call_end_to_end, a_pool_of_three_shares_the_calls, every_call_is_cleaned_up);

/// What a person leaves between two steps. Asterisk answers ARI when digits and hold are queued on the channel, and a
/// hangup overtakes what still waits there.
const STEP: Duration = Duration::from_millis(500);

/// A call's way from SIPp to a worker.
struct World(Real);

impl World {
    async fn new(kind: Kind) -> Self {
        Self(Real::new(kind, AsteriskOptions::new().arguments("en,premium")).await)
    }

    /// A worker in a task of its own, until it is told to stop.
    async fn worker<F>(&self, handler: impl Fn(Call) -> F + Send + Sync + 'static) -> RunningWorker
    where
        F: Future<Output = ari_client::Result> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let worker = ok(Worker::connect(self.0.broker.url()).await);
        let run = worker.application(&self.0.application).shutdown(stop.clone()).run(handler);
        RunningWorker { stop, task: tokio::spawn(async move { ok(run.await) }) }
    }
}

struct RunningWorker {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningWorker {
    async fn stop(self) {
        self.stop.cancel();
        ok(soon("the worker's end", self.task).await);
    }
}

async fn a_phone_call_end_to_end(kind: Kind) {
    let world = World::new(kind).await;
    let worker = world
        .worker(|call: Call| async move {
            assert_eq!(call.args(), ["en", "premium"]);
            assert_eq!(call.dialed(), "1000");
            let channel = call.channel();
            channel.answer().await?;
            channel.play("sound:hello-world").await?.finished().await?;
            channel.send_dtmf("1").await?;
            tokio::time::sleep(STEP).await;
            channel.hold().await?;
            tokio::time::sleep(STEP).await;
            channel.unhold().await?;
            tokio::time::sleep(STEP).await;
            channel.hangup().await
        })
        .await;

    let report = ok(Sipp::call(&world.0.asterisk, &Scenario::HoldAndDtmf, &SippOptions::new()).await);
    assert!(report.all_went_well(1), "{}\n{}", report.errors, world.0.asterisk.log());
    assert!(report.messages.contains("Signal=1"), "the digit reached the phone: {}", report.messages);
    let log = world.0.asterisk.log();
    assert!(log.contains("Playing 'hello-world"), "{log}");
    eventually("no channel in Asterisk", async || ok(world.0.asterisk.channels().await) == 0).await;
    worker.stop().await;
    world.0.proxy.stop().await;
}

async fn a_pool_of_three_shares_the_calls(kind: Kind) {
    const CALLS: u32 = 300;
    let world = World::new(kind).await;
    // Which worker had which channel.
    let taken: Arc<Mutex<HashMap<String, Vec<usize>>>> = Arc::default();
    let mut workers = Vec::new();
    for number in 0..3 {
        let taken = Arc::clone(&taken);
        let worker = world.worker(move |call: Call| {
            let channel = call.channel();
            let id = channel.id().to_owned();
            taken.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().push(number);
            async move {
                channel.answer().await?;
                channel.hangup().await
            }
        });
        workers.push(worker.await);
    }
    let options = SippOptions::new().calls(CALLS).rate(50).timeout(Duration::from_secs(60));
    let report = ok(Sipp::call(&world.0.asterisk, &Scenario::Answered, &options).await);
    assert!(report.all_went_well(CALLS.into()), "{} of {CALLS}: {}", report.successful, report.errors);
    let taken = taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(taken.len(), CALLS as usize, "every call had a worker");
    assert!(taken.values().all(|workers| workers.len() == 1), "and no more than one: {taken:?}");
    let shares: Vec<usize> =
        (0..3).map(|number| taken.values().filter(|workers| workers[0] == number).count()).collect();
    println!("{kind:?}: {CALLS} calls, shares {shares:?}");
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    for worker in workers {
        worker.stop().await;
    }
    world.0.proxy.stop().await;
}

async fn every_call_is_cleaned_up(kind: Kind) {
    const CALLS: u32 = 200;
    let world = World::new(kind).await;
    let worker = world
        .worker(|call: Call| async move {
            let channel = call.channel();
            channel.answer().await?;
            channel.hangup().await
        })
        .await;
    let options = SippOptions::new().calls(CALLS).rate(50).timeout(Duration::from_secs(60));
    let report = ok(Sipp::call(&world.0.asterisk, &Scenario::Answered, &options).await);
    assert!(report.all_went_well(CALLS.into()), "{} of {CALLS}: {}", report.successful, report.errors);
    let token = ari_bus::protocol::server_token(&world.0.application);
    eventually("nothing left of the dialogs", async || {
        !world
            .0
            .broker
            .left_of_dialogs()
            .await
            .iter()
            .any(|name| name.contains(&token) && !name.ends_with('>'))
    })
    .await;
    worker.stop().await;
    world.0.proxy.stop().await;
}
