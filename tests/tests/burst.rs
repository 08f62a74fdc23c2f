//! Many calls whose events come without pause right after StasisStart, to workers that are late: nothing is lost,
//! doubled or swapped. The numbers are Asterisk's, inside the ARI body.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, ari},
    figures::Durations,
    go_worker::{GoDialog, GoPool},
    on_both_buses,
    oracle::{Verdict, number},
    proxies::RunningProxy,
    wait::ok,
    worlds::start_simulator,
};
use asterisk_sim::LoadPlan;
use serde_json::Value;
use tokio::{sync::Mutex, task::JoinSet, time::Instant};

on_both_buses!(
    a_version_2_worker_that_accepts_late,
    a_version_1_worker_that_subscribes_late,
    the_way_from_stasis_start_to_an_idle_worker,
);

const CALLS: u64 = 500;
const CALLS_A_SECOND: f64 = 100.0;
const EVENTS: u64 = 20;
/// How late the workers are.
const LATE: Duration = Duration::from_millis(100);
/// How long a call lasts: longer than its worker is late.
const CALL: Duration = Duration::from_secs(2);

/// These load the machine: one at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

fn plan(application: &str) -> LoadPlan {
    LoadPlan {
        application: application.to_owned(),
        rate: CALLS_A_SECOND,
        calls: CALLS,
        events_per_call: EVENTS,
        hang_up_after: Some(CALL),
        ..LoadPlan::default()
    }
}

fn judge(kind: Kind, version: u8, dialogs: &[Vec<u64>]) {
    let mut verdict = Verdict::default();
    for numbers in dialogs {
        verdict.add(Verdict::of(numbers, EVENTS));
    }
    println!("{kind:?}, version {version}: {} dialogs, {verdict}", dialogs.len());
    assert_eq!(dialogs.len() as u64, CALLS);
    assert!(verdict.is_clean(), "{verdict}");
}

async fn a_version_2_worker_that_accepts_late(kind: Kind) {
    let _alone = ALONE.lock().await;
    let broker = Broker::shared(kind).await;
    let simulator = start_simulator().await;
    let proxy = RunningProxy::between(&simulator, broker, "burst-2", "burst2");
    let desk = Arc::new(Desk::open(broker.connect("burst").await).await);
    let mut pool = desk.join("burst2").await;
    simulator.wait_registered("burst2").await;

    let load = simulator.load(plan("burst2"));
    let mut dialogs = JoinSet::new();
    for _ in 0..CALLS {
        let (offer, desk) = (pool.offer().await, Arc::clone(&desk));
        assert_eq!(offer["term"], 1, "a worker of 100 ms is in time for the first offer");
        dialogs.spawn(async move {
            tokio::time::sleep(LATE).await;
            let dialog = desk.accept(&offer).await;
            dialog.event("ProxyEnded").await;
            dialog
                .events()
                .iter()
                .filter(|event| event["type"] == "ChannelUserevent")
                .map(ari)
                .collect::<Vec<_>>()
        });
    }
    load.wait_ended().await;
    let dialogs = dialogs.join_all().await;
    judge(
        kind,
        2,
        &dialogs.iter().map(|events| events.iter().filter_map(number).collect()).collect::<Vec<_>>(),
    );
    proxy.stop().await;
}

async fn a_version_1_worker_that_subscribes_late(kind: Kind) {
    let _alone = ALONE.lock().await;
    let broker = Broker::shared(kind).await;
    let simulator = start_simulator().await;
    let proxy = RunningProxy::between(&simulator, broker, "burst-1", "burst1");
    let pool = GoPool::join(broker, "burst1").await;
    simulator.wait_registered("burst1").await;

    let load = simulator.load(plan("burst1"));
    let pool = Arc::new(pool);
    let mut dialogs = JoinSet::new();
    for _ in 0..CALLS {
        let (app_start, pool) = (pool.app_start().await, Arc::clone(&pool));
        dialogs.spawn(async move { numbers_of(pool.take(&app_start, LATE).await).await });
    }
    load.wait_ended().await;
    judge(kind, 1, &dialogs.join_all().await);
    proxy.stop().await;
}

/// Reads a dialog until its StasisEnd and returns the numbers of its events.
async fn numbers_of(mut dialog: GoDialog) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(event) = dialog.event_within(ari_tests::wait::DEADLINE).await {
        if event["type"] == "StasisEnd" {
            return numbers;
        }
        numbers.extend(number(&ari(&event)));
    }
    panic!("no StasisEnd came");
}

async fn the_way_from_stasis_start_to_an_idle_worker(kind: Kind) {
    let _alone = ALONE.lock().await;
    let broker = Broker::shared(kind).await;
    let simulator = start_simulator().await;
    let proxy = RunningProxy::between(&simulator, broker, "latency", "latency");
    let desk = Desk::open(broker.connect("latency").await).await;
    let mut pool = desk.join("latency").await;
    simulator.wait_registered("latency").await;

    let plan = LoadPlan { application: "latency".into(), rate: 50.0, calls: 200, ..LoadPlan::default() };
    let load = simulator.load(plan);
    let mut came: HashMap<String, Instant> = HashMap::new();
    for _ in 0..200 {
        let offer = pool.offer().await;
        let at = Instant::now();
        let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
        came.insert(start["channel"]["id"].as_str().unwrap_or_default().to_owned(), at);
        desk.accept(&offer).await;
    }
    let mut way = Durations::default();
    for call in load.wait().await.calls {
        way.add(came[&call.channel_id].into_std() - call.at);
    }
    println!("{kind:?}: StasisStart to an idle worker: {way}");
    proxy.stop().await;
}
