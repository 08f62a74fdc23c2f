//! What the tests of ownership and delivery are worth: with each thing that these stand on switched off in the proxy, the
//! oracle finds what is then wrong.

use std::time::{Duration, Instant};

use ari_proxy::Sabotage;
use ari_tests::{
    brokers::Setup,
    crew::{ALONE, ROOM},
    fault_proxy::{Cut, Way},
    handlers::Handler,
    on_every_bus_in_time,
    oracle::{Fault, Findings, Gaps},
    programs,
    proxies::RunningProxy,
    stage::Stage,
    wait::{ok, soon},
    worlds::until_connected,
};
use asterisk_sim::RestFault;
use tokio::time::sleep;

on_every_bus_in_time!(
    without_resending_the_oracle_finds_lost_events,
    without_deduplication_the_oracle_finds_steps_that_are_taken_twice,
    without_terms_the_oracle_finds_late_commands,
);

/// Between the events of a call.
const PAUSE: Duration = Duration::from_millis(100);
/// How long calls may take to end that may never end. Less than that makes the findings worse, never better.
const PATIENCE: Duration = Duration::from_secs(15);

/// A proxy that does not do what it must.
async fn sabotaged(stage: &Stage, sabotage: Sabotage) -> RunningProxy {
    let proxy = RunningProxy::sabotaged(&stage.config(), sabotage);
    until_connected(&stage.simulator, &stage.application).await;
    proxy
}

fn must_find(setup: Setup, findings: &Findings, what: &str, which: impl Fn(&Fault) -> bool) {
    let found = findings.count(which);
    println!("{setup:?}: found {found} {what}");
    assert!(found > 0, "the oracle saw no {what}: {findings}");
}

async fn without_resending_the_oracle_finds_lost_events(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let _proxy = sabotaged(&stage, Sabotage { resending: true, ..Sabotage::default() }).await;
    let (network, behind) = stage.broker.behind_a_network().await;
    let worker = stage.worker_at(&behind, "w1", ROOM, Handler::Steps);
    stage.broker.until_read_by(&stage.application, 1).await;
    let load = stage.calls_up(10, PAUSE).await;
    network.stall(Way::ToClient);
    load.finish();
    let report = soon("the last events sent", load.wait()).await;
    // Under way for long enough.
    sleep(Duration::from_millis(500)).await;
    network.cut(Cut::Reset).await;
    network.resume();
    let findings = stage.judge_after(&report, Gaps::None, PATIENCE).await;
    must_find(setup, &findings, "lost events", |fault| matches!(fault, Fault::Missing { .. }));
    must_find(setup, &findings, "calls without an end", |fault| matches!(fault, Fault::WrongEnd { .. }));
    ok(worker.kill().await);
}

async fn without_deduplication_the_oracle_finds_steps_that_are_taken_twice(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let _proxy = sabotaged(&stage, Sabotage { deduplication: true, ..Sabotage::default() }).await;
    // Most of the time each handler waits for the answer to a step that was taken.
    let late = RestFault::on("POST", "/channels/*/variable").acted_upon().late(PAUSE);
    stage.simulator.faults().add(late);
    let workers = stage.workers(1, Handler::Steps).await;
    let load = stage.calls_up(40, PAUSE).await;
    let other = stage.worker("w2", ROOM, Handler::Steps);
    stage.broker.until_read_by(&stage.application, 2).await;
    let (lost, killed) = (stage.calls_of("w1"), Instant::now());
    ok(workers[0].kill().await);
    stage.moved_on(&lost, "w1", killed).await;
    load.finish();
    let report = soon("the last events sent", load.wait()).await;
    let findings = stage.judge_after(&report, Gaps::None, PATIENCE).await;
    must_find(setup, &findings, "steps taken twice", |fault| {
        matches!(fault, Fault::RequestedAgain { signed: None, .. })
    });
    ok(other.kill().await);
}

async fn without_terms_the_oracle_finds_late_commands(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let _proxy = sabotaged(&stage, Sabotage { terms: true, ..Sabotage::default() }).await;
    let (network, behind) = stage.broker.behind_a_network().await;
    let held = stage.worker_at(&behind, "w1", ROOM, Handler::Signs);
    stage.broker.until_read_by(&stage.application, 1).await;
    let load = stage.calls_up(20, PAUSE).await;
    let lost = stage.calls_of("w1");
    let other = stage.worker("w2", ROOM, Handler::Signs);
    stage.broker.until_read_by(&stage.application, 2).await;
    let stalled = Instant::now();
    network.stall(Way::ToServer);
    stage.moved_on(&lost, "w1", stalled).await;
    network.resume();
    // What was held up has its way now.
    sleep(Duration::from_secs(2)).await;
    load.finish();
    let report = soon("the last events sent", load.wait()).await;
    let findings = stage.judge_after(&report, Gaps::None, PATIENCE).await;
    must_find(setup, &findings, "late commands", |fault| matches!(fault, Fault::Late { .. }));
    for worker in [held, other] {
        ok(worker.kill().await);
    }
}
