//! Many more calls at once than a proxy can offer while their callers wait: it comes back, and the next callers are served.

use std::time::Duration;

use ari_tests::{
    brokers::Setup,
    crew::{ALONE, Crew},
    desk::Desk,
    figures::Durations,
    on_every_bus,
    operator::Operator,
    programs,
    series::Series,
    wait::{eventually, soon},
    worlds::{start_simulator, until_connected},
};
use asterisk_sim::LoadPlan;
use tokio::time::sleep;

on_every_bus!(the_callers_after_a_burst_are_served);

/// Calls of the burst, all at once.
const BURST: u64 = 20_000;

/// How long their callers wait: not long enough for most.
const IMPATIENT: Duration = Duration::from_secs(1);

/// Calls after it, whose callers wait, and how many a second: less than any machine takes.
const AFTER: u64 = 500;
const RATE: f64 = 50.0;

/// How often it is looked whether they have all come.
const LOOK: Duration = Duration::from_millis(100);

async fn the_callers_after_a_burst_are_served(setup: Setup) {
    let _alone = ALONE.lock().await;
    let crew = Crew::new(setup, programs!()).await;
    let simulator = start_simulator().await;
    let mut config = crew.config_for(&(&simulator).into(), &crew.broker.url());
    let operator = Operator::of(&mut config, None);
    let proxy = crew.start_proxy(&config);
    until_connected(&simulator, &crew.application).await;
    let desk = Desk::open(crew.broker.connect("desk").await).await;
    let mut pool = desk.join(&crew.application).await;
    let calls = |rate, calls, hang_up_after| {
        let application = crew.application.clone();
        simulator.load(LoadPlan { application, rate, calls, hang_up_after, ..LoadPlan::default() })
    };

    let burst = soon("the end of the burst", calls(0.0, BURST, Some(IMPATIENT)).wait_ended());
    let (came, _) = pool.accept_all(&desk, burst).await;
    println!("{setup:?}: {} of {BURST} calls came to a worker", came.len());
    let after = soon("the calls after it", calls(RATE, AFTER, None).wait());
    let (mut came, report) = pool.accept_all(&desk, after).await;
    // However long that takes: the broker may have to work off what was begun for those before.
    let rest = async {
        while !report.calls.iter().all(|call| came.contains_key(&call.channel_id)) {
            for (call, at) in pool.accept_all(&desk, sleep(LOOK)).await.0 {
                came.entry(call).or_insert(at);
            }
        }
    };
    soon("each call at a worker", rest).await;
    let ways: Durations =
        report.calls.iter().map(|call| came[&call.channel_id].saturating_duration_since(call.at)).collect();
    println!("{setup:?}: after it, StasisStart to worker: {ways}");
    assert_eq!(ways.len() as u64, AFTER, "each comes to a worker");
    report.calls.iter().filter_map(|call| simulator.phone(&call.channel_id)).for_each(|phone| phone.hangup());
    let over = async || Series::of(&operator).await.sum("ari_proxy_dialogs", &[]) == 0.0;
    let (_, ()) = pool.accept_all(&desk, eventually("the end of all dialogs", over)).await;
    proxy.stop().await;
}
