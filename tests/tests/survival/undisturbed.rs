//! What the tests of faults stand on: where nothing fails, nothing is found wrong, and the figures are those of good days.

use std::time::Duration;

use ari_tests::{
    brokers::Setup,
    crew::{ALONE, ROOM},
    handlers::Handler,
    on_every_bus,
    oracle::Gaps,
    programs,
    stage::Stage,
    wait::soon,
};
use asterisk_sim::LoadPlan;

on_every_bus!(calls_of_two_workers_take_every_step_once);

async fn calls_of_two_workers_take_every_step_once(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let saves = stage.worker("w1", ROOM, Handler::Steps);
    let does_not = stage.worker("w2", ROOM, Handler::Unsaved);
    stage.broker.until_read_by(&stage.application, 2).await;
    let load = stage.simulator.load(LoadPlan {
        application: stage.application.clone(),
        rate: 50.0,
        calls: 100,
        events_per_call: 20,
        pause: Duration::from_millis(50),
        ..LoadPlan::default()
    });
    let report = soon("all events", load.wait()).await;
    let findings = stage.judge(&report, Gaps::None).await;
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    assert!(["w1", "w2"].iter().all(|worker| !stage.calls_of(worker).is_empty()), "both have calls");
    saves.stop().await;
    does_not.stop().await;
    proxy.stop().await;
}
