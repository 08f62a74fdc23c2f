//! The broker, or the way to it, is away for a while: nothing is lost up to the stated bounds, what is lost past them is
//! announced, and no call changes its owner for it alone.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use ari_proxy::Metric;
use ari_tests::{
    brokers::Setup,
    crew::{ALONE, ROOM},
    fault_proxy::{Cut, FaultProxy, Way},
    handlers::Handler,
    on_every_bus_in_time,
    oracle::{Gaps, Ledger},
    programs,
    stage::Stage,
    wait::{DEADLINE, ok},
    worlds::until_ended,
};
use asterisk_sim::{CallEnd, LoadPlan};
use tokio::time::sleep;

on_every_bus_in_time!(
    the_broker_is_killed_for_five_seconds_under_load,
    #[ignore = "takes minutes: tests/run --long"]
    the_broker_is_away_for_three_minutes,
    the_link_of_a_worker_fails_in_every_way,
    the_link_of_the_proxy_fails_in_every_way,
);

/// 2,000 events a second over so many calls.
const CALLS: u64 = 200;
const PAUSE: Duration = Duration::from_millis(100);

async fn the_broker_is_killed_for_five_seconds_under_load(setup: Setup) {
    const AWAY: Duration = Duration::from_secs(5);
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let workers = stage.workers(2, Handler::Steps).await;
    let load = stage.calls_up(CALLS, PAUSE).await;
    sleep(AWAY).await;
    let owners = stage.owners();
    ok(stage.broker.server().kill().await);
    sleep(AWAY).await;
    ok(stage.broker.server().start_again().await);
    let (back, calls) = (Instant::now(), owners.keys().cloned().collect::<Vec<_>>());
    stage.until_each_steps(&calls, back).await;
    println!("{setup:?}: every call had taken a step {:.2?} after the broker was back", back.elapsed());
    sleep(AWAY).await;
    let moved = stage.owners().iter().filter(|(call, owner)| owners.get(*call) != Some(owner)).count();
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: {moved} calls changed their owner; {findings}");
    findings.must_be_clean();
    assert_eq!(moved, 0, "clocks stand still while the bus is away");
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}

/// As the proxy states it: events kept for one dialog.
const KEPT: u64 = 10_000;

async fn the_broker_is_away_for_three_minutes(setup: Setup) {
    const AWAY: Duration = Duration::from_secs(180);
    const QUIET: u64 = 40;
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy_here(&stage.config()).await;
    let workers = stage.workers(2, Handler::Steps).await;
    let quiet = stage.calls_up(QUIET, Duration::from_secs(1)).await;
    // Some 18,000 events in the outage.
    let loud = stage.simulator.load(LoadPlan {
        application: stage.application.clone(),
        calls: 2,
        pause: Duration::from_millis(10),
        ..LoadPlan::default()
    });
    sleep(Duration::from_secs(5)).await;
    ok(stage.broker.server().kill().await);
    let sent_before: u64 = loud.calls().iter().map(|call| call.events).sum();
    let new = stage.simulator.call(&stage.application).place();
    sleep(AWAY).await;
    // Nobody could take it: it went on in the dialplan, as it is configured.
    let end = until_ended(&new).await;
    assert!(matches!(end, CallEnd::Continued { .. }), "{end:?}");
    let sent_away = loud.calls().iter().map(|call| call.events).sum::<u64>() - sent_before;
    ok(stage.broker.server().start_again().await);
    let (back, calls) = (Instant::now(), quiet.calls().into_iter().chain(loud.calls()));
    let calls: Vec<_> = calls.map(|call| call.channel_id).collect();
    stage.until_each_steps(&calls, back).await;
    println!("{setup:?}: every call had taken a step {:.2?} after the broker was back", back.elapsed());
    // The loud ones catch up before their last event comes.
    let mut ledger = Ledger::default();
    let behind = |ledger: &Ledger| {
        let behind = |call: &asterisk_sim::LoadCall| {
            let done = ledger.last_step(&call.channel_id).map_or(0, |step| step.n);
            call.events.saturating_sub(done)
        };
        loud.calls().iter().map(behind).max().unwrap_or_default()
    };
    let until = Instant::now() + DEADLINE * 5;
    while behind(&ledger) > 100 && Instant::now() < until {
        sleep(Duration::from_millis(100)).await;
        ledger.read(&stage.simulator);
    }
    println!("{setup:?}: and the loud ones had caught up after {:.2?}", back.elapsed());
    let loud = stage.finish(loud, Gaps::Announced).await;
    let quiet = stage.finish(quiet, Gaps::None).await;
    println!("{setup:?}: calls within the bound: {quiet}");
    println!("{setup:?}: calls past it, with {sent_away} events meanwhile: {loud}");
    quiet.must_be_clean();
    loud.must_be_clean();
    assert_eq!(loud.gaps, loud.calls, "each of them was told");
    let within = sent_away.saturating_sub(loud.calls as u64 * KEPT);
    assert!(
        loud.announced as u64 >= within,
        "more was kept than the bound: {} lost of {within}",
        loud.announced
    );
    println!("{setup:?}: events that the proxy dropped: {}", proxy.metrics.get(Metric::EventsLost));
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}

/// What can happen to a link, and how long before it is as it was.
const FAILURES: [(&str, Duration); 7] = [
    ("cut by a reset", Duration::ZERO),
    ("cut cleanly", Duration::ZERO),
    ("refused for a second", Duration::from_secs(1)),
    ("stalled to the broker", Duration::from_secs(1)),
    ("stalled from the broker", Duration::from_secs(1)),
    ("half-open, dead to the broker", Duration::from_secs(1)),
    ("half-open, dead from the broker", Duration::from_secs(1)),
];

async fn fail(network: &FaultProxy, failure: &str, time: Duration) {
    match failure {
        "cut by a reset" => network.cut(Cut::Reset).await,
        "cut cleanly" => network.cut(Cut::Clean).await,
        "refused for a second" => {
            network.refuse(true).await;
            network.cut(Cut::Reset).await;
        }
        "stalled to the broker" => network.stall(Way::ToServer),
        "stalled from the broker" => network.stall(Way::ToClient),
        "half-open, dead to the broker" => network.halve(Way::ToServer),
        "half-open, dead from the broker" => network.halve(Way::ToClient),
        other => unreachable!("{other}"),
    }
    sleep(time).await;
    network.resume();
    network.refuse(false).await;
}

async fn the_link_of_a_worker_fails_in_every_way(setup: Setup) {
    links_fail(setup, true).await;
}

async fn the_link_of_the_proxy_fails_in_every_way(setup: Setup) {
    links_fail(setup, false).await;
}

/// With another worker that nothing happens to, so that calls have a place to go where their owner is cut off for long.
async fn links_fail(setup: Setup, of_a_worker: bool) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let (network, behind) = stage.broker.behind_a_network().await;
    let mut config = stage.config();
    if !of_a_worker {
        config["bus_config"]["url"] = behind.clone().into();
    }
    let proxy = stage.proxy_with(&config).await;
    let first = if of_a_worker { behind } else { stage.broker.url() };
    let workers =
        [stage.worker_at(&first, "w1", ROOM, Handler::Steps), stage.worker("w2", ROOM, Handler::Steps)];
    stage.broker.until_read_by(&stage.application, 2).await;
    let load = stage.calls_up(40, PAUSE).await;
    let calls: Vec<_> = load.calls().into_iter().map(|call| call.channel_id).collect();
    for (failure, time) in FAILURES {
        let (begun, before) = (Instant::now(), stage.owners());
        fail(&network, failure, time).await;
        stage.until_each_steps(&calls, Instant::now()).await;
        let after = stage.owners().into_iter().collect::<HashSet<_>>();
        let moved = before.into_iter().filter(|owned| !after.contains(owned)).count();
        println!("{setup:?}: {failure}: all go on {:.2?} after it began, {moved} elsewhere", begun.elapsed());
    }
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}
