//! A handler that fails takes nothing with it but its own call.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use ari_tests::{
    brokers::Setup,
    handlers::{Handler, PANIC},
    on_every_bus,
    oracle::Gaps,
    programs,
    stage::Stage,
    wait::soon,
};
use asterisk_sim::{CallEnd, LoadPlan};

on_every_bus!(a_handler_that_panics_and_99_calls_beside_it_in_the_same_worker);

async fn a_handler_that_panics_and_99_calls_beside_it_in_the_same_worker(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let worker = stage.workers(1, Handler::Panics).await.remove(0);
    let others = stage.calls_up(99, Duration::from_millis(200)).await;
    let beside: BTreeSet<_> = stage.calls_of(worker.name()).into_iter().collect();
    assert_eq!(beside.len(), 99);

    let one = stage.simulator.load(LoadPlan {
        application: stage.application.clone(),
        args: vec![PANIC.to_owned()],
        calls: 1,
        events_per_call: 5,
        pause: Duration::from_millis(50),
        ..LoadPlan::default()
    });
    let report = soon("the call whose handler panics", one.wait()).await;
    let panicked = &report.calls[0];
    soon("its end", panicked.wait_ended()).await;
    let panic = Instant::now();
    let end = panicked.state().end;
    assert!(matches!(end, Some(CallEnd::HungUpByAri { .. })), "{end:?}");

    // Each goes on, in the same worker, to its planned end.
    let beside: Vec<_> = beside.into_iter().collect();
    stage.until_each_steps(&beside, panic).await;
    let findings = stage.finish(others, Gaps::None).await;
    println!("{setup:?}: beside a handler that panicked: {findings}");
    findings.must_be_clean();
    let owners = stage.owners();
    assert!(owners.values().all(|(term, owner)| (*term, owner.as_str()) == (1, worker.name())), "{owners:?}");
    worker.stop().await;
    proxy.stop().await;
}
