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
    brokers::{Broker, Kind},
    crew::ALONE,
    on_both_buses,
    proxies::Ari,
    wait::{eventually, ok, soon},
    worlds::Real,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

on_both_buses!(a_phone_call_end_to_end, a_pool_of_three_shares_the_calls, every_call_is_cleaned_up);

/// A worker in a task of its own, until it is told to stop.
struct RunningWorker {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningWorker {
    async fn start<F>(world: &Real<'_>, handler: impl Fn(Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ari_client::Result> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let worker = ok(Worker::connect(world.broker.url()).await);
        let run = worker.application(&world.application).shutdown(stop.clone()).run(handler);
        Self { stop, task: tokio::spawn(async move { ok(run.await) }) }
    }

    async fn stop(self) {
        self.stop.cancel();
        ok(soon("the worker's end", self.task).await);
    }
}

async fn a_phone_call_end_to_end(kind: Kind) {
    let world = Real::new(kind, AsteriskOptions::new().arguments("en,premium")).await;
    let ari = Ari::from(&world.asterisk);
    let worker = RunningWorker::start(&world, move |call: Call| {
        let ari = ari.clone();
        async move {
            assert_eq!(call.args(), ["en", "premium"]);
            assert_eq!(call.dialed(), "1000");
            let channel = call.channel();
            channel.answer().await?;
            let greeting = channel.play("sound:hello-world").await?;
            let playback = format!("/playbacks/{}", greeting.id());
            assert_eq!(ari.get(&playback).await.0, 200, "it is being played");
            greeting.finished().await?;
            assert_eq!(ari.get(&playback).await.0, 404, "Asterisk is through with it");
            channel.send_dtmf("1").await?;
            channel.hold().await?;
            channel.unhold().await?;
            // Asterisk answers when digits and hold are queued on the channel, and a hangup overtakes what still
            // waits there. What is played has its turn behind them.
            channel.play("sound:hello-world").await?.finished().await?;
            channel.hangup().await
        }
    })
    .await;

    let report = ok(Sipp::call(&world.asterisk, &Scenario::HoldAndDtmf, &SippOptions::new()).await);
    assert!(report.all_went_well(1), "{}\n{}", report.errors, world.asterisk.log());
    assert!(report.messages.contains("Signal=1"), "the digit reached the phone: {}", report.messages);
    let log = world.asterisk.log();
    assert_eq!(log.matches("Playing 'hello-world").count(), 2, "{log}");
    eventually("no channel in Asterisk", async || ok(world.asterisk.channels().await) == 0).await;
    worker.stop().await;
    world.proxy.stop().await;
}

async fn a_pool_of_three_shares_the_calls(kind: Kind) {
    const CALLS: u32 = 300;
    let _alone = ALONE.lock().await;
    let world = Real::new(kind, AsteriskOptions::new()).await;
    // Which worker had which channel.
    let taken: Arc<Mutex<HashMap<String, Vec<usize>>>> = Arc::default();
    let mut workers = Vec::new();
    for number in 0..3 {
        let taken = Arc::clone(&taken);
        let worker = RunningWorker::start(&world, move |call: Call| {
            let id = call.channel().id().to_owned();
            taken.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().push(number);
            answer_and_hang_up(call)
        });
        workers.push(worker.await);
    }
    let options = SippOptions::new().calls(CALLS).rate(50).timeout(Duration::from_secs(60));
    let report = ok(Sipp::call(&world.asterisk, &Scenario::Answered, &options).await);
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
    world.proxy.stop().await;
}

async fn every_call_is_cleaned_up(kind: Kind) {
    const CALLS: u32 = 200;
    let _alone = ALONE.lock().await;
    // Of its own, so that all it holds is looked at, whatever its name.
    let broker = Broker::start(kind).await;
    let world = Real::on(&broker, AsteriskOptions::new()).await;
    let worker = RunningWorker::start(&world, answer_and_hang_up).await;
    broker.until_read(&world.application).await;
    let before = broker.contents("").await;
    let options = SippOptions::new().calls(CALLS).rate(50).timeout(Duration::from_secs(60));
    let report = ok(Sipp::call(&world.asterisk, &Scenario::Answered, &options).await);
    assert!(report.all_went_well(CALLS.into()), "{} of {CALLS}: {}", report.successful, report.errors);
    broker.until_holds("", &before).await;
    worker.stop().await;
    world.proxy.stop().await;
}

async fn answer_and_hang_up(call: Call) -> ari_client::Result {
    let channel = call.channel();
    channel.answer().await?;
    channel.hangup().await
}
