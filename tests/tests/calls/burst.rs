//! Many calls whose events come without pause right after StasisStart, to workers that are late: nothing is lost,
//! doubled or swapped. The numbers are Asterisk's, inside the ARI body.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ari_tests::{
    brokers::{Broker, Kind},
    crew::ALONE,
    desk::{Desk, ari},
    figures::Durations,
    go_worker::GoPool,
    on_both_buses,
    oracle::{Verdict, number},
    proxies::{RunningProxy, config_json},
    wait::{ok, soon},
    worlds::{start_simulator, until_connected},
};
use asterisk_sim::{LoadPlan, Simulator};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

on_both_buses!(
    a_version_2_worker_that_accepts_late,
    a_version_1_worker_that_subscribes_late,
    the_way_from_stasis_start_to_an_idle_worker,
);

const CALLS: u64 = 500;
const CALLS_A_SECOND: f64 = 100.0;
const EVENTS: u64 = 20;
/// The place of a call's last event, behind its start and the numbered ones.
const LAST: u64 = EVENTS + 2;
/// How late the workers are.
const LATE: Duration = Duration::from_millis(100);
/// How long a call lasts: longer than its worker is late.
const CALL: Duration = Duration::from_secs(2);

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

/// Starts a proxy that repeats no offer, however slow the machine is: each call has one dialog of one term.
fn patient_proxy(
    simulator: &Simulator,
    broker: &Broker,
    server: &str,
    application: &str,
    linger: &str,
) -> RunningProxy {
    let mut config = config_json(&simulator.into(), broker.kind(), &broker.url(), server, &[application]);
    config["dialog"] = json!({"offer_timeout": "20s", "linger": linger});
    RunningProxy::start(&config)
}

/// An event's place in its call: the start is 1, the numbered events follow, the end is last. Others have none.
fn place(event: &Value) -> Option<u64> {
    match event["type"].as_str() {
        Some("StasisStart") => Some(1),
        Some("ChannelUserevent") => Some(1 + number(&ari(event))?),
        Some("StasisEnd") => Some(LAST),
        _ => None,
    }
}

fn judge(kind: Kind, version: u8, dialogs: &[Vec<Value>]) {
    let mut verdict = Verdict::default();
    for events in dialogs {
        let places: Vec<u64> = events.iter().filter_map(place).collect();
        verdict.add(Verdict::of(&places, LAST));
    }
    println!("{kind:?}, version {version}: {} dialogs, {verdict}", dialogs.len());
    assert_eq!(dialogs.len() as u64, CALLS);
    assert!(verdict.is_clean(), "{verdict}");
}

async fn a_version_2_worker_that_accepts_late(kind: Kind) {
    let _alone = ALONE.lock().await;
    let broker = Broker::shared(kind).await;
    let simulator = start_simulator().await;
    let proxy = patient_proxy(&simulator, broker, "burst-2", "burst2", "2s");
    let desk = Arc::new(Desk::open(broker.connect("burst").await).await);
    let mut pool = desk.join("burst2").await;
    until_connected(&simulator, "burst2").await;

    let load = simulator.load(plan("burst2"));
    let mut topics = JoinSet::new();
    for _ in 0..CALLS {
        let (offer, desk) = (pool.offer().await, Arc::clone(&desk));
        assert_eq!(offer["term"], 1, "the worker is in time for the first offer");
        topics.spawn(async move {
            tokio::time::sleep(LATE).await;
            let dialog = desk.accept(&offer).await;
            dialog.event("ProxyEnded").await;
            dialog.events_topic
        });
    }
    soon("the end of all calls", load.wait_ended()).await;
    let topics = topics.join_all().await;
    // What would come a second time after the last event would come before this.
    proxy.stop().await;
    desk.fence().await;
    judge(kind, 2, &topics.iter().map(|topic| desk.letters(topic)).collect::<Vec<_>>());
}

async fn a_version_1_worker_that_subscribes_late(kind: Kind) {
    let _alone = ALONE.lock().await;
    // Of its own, so that all it holds is looked at, whatever its name.
    let broker = Broker::start(kind).await;
    let simulator = start_simulator().await;
    // A slow machine's worker must not come to subscribe after its dialog is gone: it would make the queues once more.
    let proxy = patient_proxy(&simulator, &broker, "burst-1", "burst1", "10s");
    let pool = Arc::new(GoPool::join(&broker, "burst1").await);
    until_connected(&simulator, "burst1").await;
    let mut held = broker.contents("").await;

    let load = simulator.load(plan("burst1"));
    let mut dialogs = JoinSet::new();
    for _ in 0..CALLS {
        let (app_start, pool) = (pool.app_start().await, Arc::clone(&pool));
        dialogs.spawn(async move {
            let mut dialog = pool.take(&app_start, LATE).await;
            let events = dialog.events_until("StasisEnd").await;
            (dialog, events)
        });
    }
    soon("the end of all calls", load.wait_ended()).await;
    let dialogs = dialogs.join_all().await;
    held.extend(dialogs.iter().flat_map(|(dialog, _)| dialog.still_held(&broker)));
    held.sort_unstable();
    broker.until_holds("", &held).await;

    proxy.stop().await;
    let mut all = Vec::new();
    for (dialog, mut events) in dialogs {
        events.extend(dialog.rest(&pool).await);
        all.push(events);
    }
    judge(kind, 1, &all);
}

async fn the_way_from_stasis_start_to_an_idle_worker(kind: Kind) {
    let _alone = ALONE.lock().await;
    let broker = Broker::shared(kind).await;
    let simulator = start_simulator().await;
    let proxy = RunningProxy::between(&simulator, broker, "latency", "latency");
    let desk = Desk::open(broker.connect("latency").await).await;
    let mut pool = desk.join("latency").await;
    until_connected(&simulator, "latency").await;

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
    for call in soon("the calls", load.wait()).await.calls {
        way.add(came[&call.channel_id].into_std() - call.at);
    }
    println!("{kind:?}: StasisStart to an idle worker: {way}");
    proxy.stop().await;
}
