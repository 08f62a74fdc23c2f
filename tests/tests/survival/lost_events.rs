//! Events that are lost between the proxy and a worker come again: also the last, which has no successor whose number would
//! show that it is missing.

use std::time::Duration;

use ari_tests::{
    brokers::Setup,
    crew::{ALONE, ROOM},
    fault_proxy::{Cut, Way},
    handlers::Handler,
    on_every_bus_in_time,
    oracle::Gaps,
    programs,
    stage::Stage,
    wait::soon,
};

on_every_bus_in_time!(
    the_last_event_of_a_call_is_lost_on_its_way,
    events_in_the_middle_of_calls_are_lost_on_their_way,
);

/// Between the events of a call.
const PAUSE: Duration = Duration::from_millis(100);
/// Time enough for an event to be under way; if it is not, it is not lost, and the test has seen nothing.
const UNDER_WAY: Duration = Duration::from_millis(500);

async fn the_last_event_of_a_call_is_lost_on_its_way(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let (network, behind) = stage.broker.behind_a_network().await;
    let worker = stage.worker_at(&behind, "w1", ROOM, Handler::Steps);
    stage.broker.until_read_by(&stage.application, 1).await;
    let load = stage.calls_up(10, PAUSE).await;
    network.stall(Way::ToClient);
    load.finish();
    let report = soon("the last events sent", load.wait()).await;
    tokio::time::sleep(UNDER_WAY).await;
    network.cut(Cut::Reset).await;
    network.resume();
    let findings = stage.judge(&report, Gaps::None).await;
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    worker.stop().await;
    proxy.stop().await;
}

async fn events_in_the_middle_of_calls_are_lost_on_their_way(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let (network, behind) = stage.broker.behind_a_network().await;
    let worker = stage.worker_at(&behind, "w1", ROOM, Handler::Steps);
    stage.broker.until_read_by(&stage.application, 1).await;
    let load = stage.calls_up(20, PAUSE).await;
    for how in [Cut::Reset, Cut::Clean, Cut::Reset] {
        network.stall(Way::ToClient);
        tokio::time::sleep(UNDER_WAY).await;
        network.cut(how).await;
        network.resume();
        stage.broker.until_read_by(&stage.application, 1).await;
        let calls: Vec<_> = load.calls().into_iter().map(|call| call.channel_id).collect();
        stage.until_each_steps(&calls, std::time::Instant::now()).await;
    }
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    worker.stop().await;
    proxy.stop().await;
}
