//! Every call has one owner: it goes on with another worker when that is gone or cut off, and the old one's commands reach
//! Asterisk no more. Nobody loses a call because somebody else stood still.

use std::time::{Duration, Instant};

use ari_proxy::Metric;
use ari_tests::{
    brokers::Setup,
    crew::ROOM,
    fault_proxy::Way,
    handlers::{Handler, What},
    on_every_bus_in_time,
    oracle::{Gaps, Ledger},
    programs,
    stage::Stage,
    wait::{eventually, ok},
};
use asterisk_sim::RestFault;
use tokio::time::sleep;

on_every_bus_in_time!(
    the_calls_of_a_killed_worker_go_on_with_another,
    a_worker_that_was_stopped_comes_too_late,
    commands_that_were_held_up_on_their_way_come_too_late,
    a_proxy_that_was_stopped_takes_no_call_from_its_owner,
    a_call_is_offered_once_or_twice_past_workers_that_are_full,
);

/// Longer than any lease.
const STOPPED: Duration = Duration::from_secs(10);
/// Between the events of a call.
const PAUSE: Duration = Duration::from_millis(250);
/// What the time until then is printed against; on a busy machine it says nothing.
const LIMIT: Duration = Duration::from_secs(3);

async fn the_calls_of_a_killed_worker_go_on_with_another(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let workers = stage.workers(2, Handler::Steps).await;
    // So that some are killed between a command and its answer.
    let late = RestFault::on("POST", "/channels/*/variable").acted_upon().late(Duration::from_millis(50));
    stage.simulator.faults().add(late);
    let load = stage.calls_up(200, PAUSE).await;
    // A second step comes after the first was saved.
    let calls: Vec<_> = load.calls().into_iter().map(|call| call.channel_id).collect();
    stage.until_each_steps(&calls, Instant::now()).await;
    let lost = stage.calls_of("w1");
    assert!(!lost.is_empty(), "the worker had calls");
    let killed = Instant::now();
    assert!(!ok(workers[0].kill().await).success());
    let moved = stage.moved_on(&lost, "w1", killed).await;
    let entries = stage.entries();
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: from the kill to the other worker's next command: {moved}; to be under {LIMIT:?}");
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    assert_eq!(moved.len(), lost.len(), "all moved on");
    for call in &lost {
        let with_state = |what: &What| matches!(what, What::Began { resumed: Some(_) });
        assert!(
            entries
                .iter()
                .any(|entry| entry.channel == *call && entry.worker == "w2" && with_state(&entry.what)),
            "{call} went on without its state"
        );
    }
    let [_, other] = <[_; 2]>::try_from(workers).unwrap_or_else(|_| unreachable!("there are two"));
    other.stop().await;
    proxy.stop().await;
}

async fn a_worker_that_was_stopped_comes_too_late(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let workers = stage.workers(2, Handler::Signs).await;
    let load = stage.calls_up(40, PAUSE).await;
    let lost = stage.calls_of("w1");
    assert!(!lost.is_empty(), "the worker had calls");
    let stopped = Instant::now();
    ok(workers[0].pause().await);
    let moved = stage.moved_on(&lost, "w1", stopped).await;
    sleep(STOPPED.saturating_sub(stopped.elapsed())).await;
    let continued = Instant::now();
    ok(workers[0].resume());
    // It learns of its loss, and tells its handlers.
    eventually("the end of its handlers", async || {
        let entries = stage.entries();
        lost.iter().all(|call| {
            entries.iter().any(|entry| {
                entry.worker == "w1" && entry.channel == *call && matches!(entry.what, What::Ended { .. })
            })
        })
    })
    .await;
    let mut ledger = Ledger::default();
    ledger.read(&stage.simulator);
    let late = lost.iter().flat_map(|call| ledger.of(call)).filter(|of| of.is_of("w1") && of.at > continued);
    assert_eq!(late.count(), 0, "late commands that reached Asterisk");
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: from the stop to the other worker's next command: {moved}");
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    assert_eq!(moved.len(), lost.len(), "all moved on");
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}

async fn commands_that_were_held_up_on_their_way_come_too_late(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let (network, behind) = stage.broker.behind_a_network().await;
    let held = stage.worker_at(&behind, "w1", ROOM, Handler::Signs);
    stage.broker.until_read_by(&stage.application, 1).await;
    let load = stage.calls_up(20, PAUSE).await;
    let lost = stage.calls_of("w1");
    let other = stage.worker("w2", ROOM, Handler::Signs);
    stage.broker.until_read_by(&stage.application, 2).await;
    // It hears all, and is not heard.
    let stalled = Instant::now();
    network.stall(Way::ToServer);
    let moved = stage.moved_on(&lost, "w1", stalled).await;
    network.resume();
    // What was held up has its way now.
    stage.until_each_steps(&lost, Instant::now()).await;
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: from the stall to the other worker's next command: {moved}");
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    assert_eq!(moved.len(), lost.len(), "all moved on");
    held.stop().await;
    other.stop().await;
    proxy.stop().await;
}

async fn a_proxy_that_was_stopped_takes_no_call_from_its_owner(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let workers = stage.workers(2, Handler::Signs).await;
    let load = stage.calls_up(40, PAUSE).await;
    let before = stage.owners();
    ok(proxy.pause().await);
    sleep(STOPPED).await;
    ok(proxy.resume());
    // Long enough for a lease to end that should not.
    let calls: Vec<_> = before.keys().cloned().collect();
    for _ in 0..3 {
        stage.until_each_steps(&calls, Instant::now()).await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(stage.owners(), before);
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}

async fn a_call_is_offered_once_or_twice_past_workers_that_are_full(setup: Setup) {
    const FULL: usize = 9;
    const CALLS: u64 = 20;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy_here(&stage.config()).await;
    let mut workers: Vec<_> =
        (1..=FULL).map(|number| stage.worker(&format!("w{number}"), 1, Handler::Holds)).collect();
    stage.broker.until_read_by(&stage.application, FULL as u64).await;
    let mut calls: Vec<_> = (0..FULL).map(|_| stage.simulator.call(&stage.application).place()).collect();
    eventually("nine calls at nine workers", async || stage.owners().len() == FULL).await;
    eventually("full workers leave", async || stage.broker.readers(&stage.application).await == 0).await;
    workers.push(stage.worker("w10", ROOM, Handler::Holds));
    stage.broker.until_read_by(&stage.application, 1).await;
    let mut most = 0;
    for _ in 0..CALLS {
        let before = (proxy.metrics.get(Metric::Offers), stage.owners().len());
        calls.push(stage.simulator.call(&stage.application).place());
        eventually("an owner", async || stage.owners().len() > before.1).await;
        most = most.max(proxy.metrics.get(Metric::Offers) - before.0);
    }
    println!("{setup:?}: past {FULL} full workers each of {CALLS} calls was offered {most} times at most");
    assert!(most <= 2, "a call was offered {most} times");
    assert_eq!(stage.calls_of("w10").len() as u64, CALLS);
    calls.iter().for_each(asterisk_sim::Call::hangup);
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}
