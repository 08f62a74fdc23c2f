//! Who is told to end hands over what it has and ends in good order: a pool is upgraded worker by worker with calls up, and
//! a second signal waits for nothing.

use std::time::{Duration, Instant};

use ari_tests::{
    brokers::Setup,
    crew::{ALONE, ROOM},
    handlers::Handler,
    on_every_bus_in_time,
    oracle::{Gaps, Ledger},
    programs,
    stage::Stage,
    wait::{DEADLINE, eventually, ok},
};
use asterisk_sim::{LoadPlan, RestFault};

on_every_bus_in_time!(
    a_rolling_restart_of_three_workers_under_load,
    a_worker_that_ends_hands_over_calls_that_are_quiet,
    a_proxy_that_ends_finishes_the_commands_it_has,
    a_second_signal_ends_a_worker_and_a_proxy_at_once,
);

/// How long each step of the restart is looked at before the next.
const BETWEEN: Duration = Duration::from_secs(2);

async fn a_rolling_restart_of_three_workers_under_load(setup: Setup) {
    let _alone = ALONE.lock().await;
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let old = stage.workers(3, Handler::Steps).await;
    let load = stage.simulator.load(LoadPlan {
        application: stage.application.clone(),
        rate: 50.0,
        calls: 0,
        events_per_call: 10,
        pause: Duration::from_millis(200),
        ..LoadPlan::default()
    });
    let mut new = Vec::new();
    for (number, worker) in old.into_iter().enumerate() {
        tokio::time::sleep(BETWEEN).await;
        let (begun, calls) = (Instant::now(), stage.calls_of(worker.name()).len());
        worker.stop().await;
        println!("{setup:?}: the end of a worker that has had {calls} calls took {:.2?}", begun.elapsed());
        new.push(stage.worker(&format!("n{number}"), ROOM, Handler::Steps));
        stage.broker.until_read_by(&stage.application, 3).await;
    }
    tokio::time::sleep(BETWEEN).await;
    let findings = stage.finish(load, Gaps::None).await;
    let moved = stage.owners().values().filter(|(term, _)| *term > 1).count();
    println!("{setup:?}: {moved} calls changed their worker; {findings}");
    findings.must_be_clean();
    assert!(moved > 0, "calls were handed over");
    for worker in new {
        worker.stop().await;
    }
    proxy.stop().await;
}

/// Their handlers wait for an event that comes much later, and take no step by themselves.
async fn a_worker_that_ends_hands_over_calls_that_are_quiet(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let proxy = stage.proxy().await;
    let mut workers = stage.workers(1, Handler::Steps).await;
    let load = stage.calls_up(20, Duration::from_secs(10)).await;
    workers.push(stage.worker("w2", ROOM, Handler::Steps));
    stage.broker.until_read_by(&stage.application, 2).await;
    let begun = Instant::now();
    workers.remove(0).stop().await;
    println!("{setup:?}: the end of a worker with 20 quiet calls took {:.2?}", begun.elapsed());
    eventually("all calls at the other", async || stage.calls_of("w2").len() == 20).await;
    let findings = stage.finish(load, Gaps::None).await;
    println!("{setup:?}: {findings}");
    findings.must_be_clean();
    workers.remove(0).stop().await;
    proxy.stop().await;
}

async fn a_proxy_that_ends_finishes_the_commands_it_has(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let mut config = stage.config();
    // The only variables are the workers'.
    config["asterisk"]["mark_channels"] = false.into();
    let proxy = stage.proxy_with(&config).await;
    let workers = stage.workers(1, Handler::Steps).await;
    let slow = RestFault::on("POST", "/channels/*/variable").hesitate(Duration::from_secs(2));
    stage.simulator.faults().add(slow);
    let calls: Vec<_> = (0..5).map(|_| numbered_call(&stage)).collect();
    let arrived = async || stage.simulator.count_requests("POST", "/channels/*/variable") == calls.len();
    eventually("a command of each call", arrived).await;
    let begun = Instant::now();
    proxy.stop().await;
    println!(
        "{setup:?}: the end of a proxy with a command of 2 s in each of 5 calls took {:.2?}",
        begun.elapsed()
    );
    let requests = stage.simulator.requests();
    let steps = requests.iter().filter(|request| request.path.ends_with("/variable"));
    for step in steps {
        assert_eq!(step.status, Some(204), "{step:?}");
    }
    // What becomes of calls without a proxy is another matter.
    for worker in workers {
        ok(worker.kill().await);
    }
}

async fn a_second_signal_ends_a_worker_and_a_proxy_at_once(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let mut config = stage.config();
    // Longer than the test waits.
    config["stop_timeout"] = "10m".into();
    config["asterisk"] = serde_json::json!({"command_timeout": "10m"});
    let proxy = stage.proxy_with(&config).await;
    let worker = stage.worker("w1", ROOM, Handler::Steps);
    stage.broker.until_read_by(&stage.application, 1).await;
    stage.simulator.faults().add(RestFault::on("POST", "/channels/*/variable").silence());
    numbered_call(&stage);
    let mut ledger = Ledger::default();
    eventually("a command that hangs", async || ledger.read(&stage.simulator) > 0).await;
    for program in [&worker, &proxy] {
        ok(program.terminate());
        // It has heard the first, or both would count as one.
        tokio::time::sleep(Duration::from_millis(500)).await;
        // It may have had nothing left to wait for.
        let _ = program.terminate();
        let status = ok(program.ended(DEADLINE).await);
        println!("{setup:?}: after a second signal {} ended with {status}", program.name());
    }
}

/// A call with one numbered event, which is not its last.
fn numbered_call(stage: &Stage) -> asterisk_sim::Call {
    let call = stage.simulator.call(&stage.application).place();
    let event = serde_json::json!({
        "type": "ChannelUserevent", "application": stage.application, "eventname": "load",
        "channel": {"id": call.channel_id()}, "userevent": {"eventname": "load", "n": 1},
    });
    assert!(stage.simulator.send_raw(&stage.application, &event.to_string()));
    call
}
