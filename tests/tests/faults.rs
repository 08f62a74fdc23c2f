//! Whatever dies and comes back, the proxy carries the next call: the websocket, the broker, Asterisk itself.

use std::time::Duration;

use ari_client::{Call, Worker};
use ari_testbed::{Asterisk, AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    proxies::{RunningProxy, config_json},
    wait::{DEADLINE, eventually, ok, soon},
    worlds::{start_asterisk, start_simulator, until_registered},
};
use asterisk_sim::{Cut, Refusal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

on_both_buses!(
    the_broker_is_killed_and_restarted,
    asterisk_is_killed_and_restarted,
    the_websocket_is_cut,
    everything_starts_in_any_order,
    a_wrong_password_is_no_reason_to_spin,
);

/// A worker that answers and hangs up.
struct Answerer {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Answerer {
    async fn start(broker: &Broker) -> Self {
        let stop = CancellationToken::new();
        let worker = ok(Worker::connect(broker.url()).await).application("hello").shutdown(stop.clone());
        let run = worker.run(|call: Call| async move {
            let channel = call.channel();
            channel.answer().await?;
            channel.play("sound:hello-world").await?.finished().await?;
            channel.hangup().await
        });
        Self { stop, task: tokio::spawn(async move { ok(run.await) }) }
    }

    async fn stop(self) {
        self.stop.cancel();
        ok(soon("the worker's end", self.task).await);
    }
}

/// Calls until a call goes well: how soon that is, is for the figures; that it comes to be is asserted.
async fn a_call_goes_well(asterisk: &Asterisk, after: &str) {
    let until = tokio::time::Instant::now() + DEADLINE;
    let options = SippOptions::new().timeout(Duration::from_secs(20));
    for attempt in 1.. {
        let report = ok(Sipp::call(asterisk, &Scenario::Answered, &options).await);
        if report.all_went_well(1) {
            return println!("{after}: call number {attempt} went well");
        }
        assert!(tokio::time::Instant::now() < until, "no call goes well after {after}: {}", report.errors);
    }
}

async fn the_broker_is_killed_and_restarted(kind: Kind) {
    let broker = Broker::start(kind).await;
    let asterisk = start_asterisk(AsteriskOptions::new()).await;
    let proxy = RunningProxy::between(&asterisk, &broker, "pbx", "hello");
    let worker = Answerer::start(&broker).await;
    until_registered(&asterisk, "hello").await;
    a_call_goes_well(&asterisk, "the start").await;
    ok(broker.server().kill().await);
    ok(broker.server().start_again().await);
    a_call_goes_well(&asterisk, "a killed broker").await;
    worker.stop().await;
    proxy.stop().await;
}

async fn asterisk_is_killed_and_restarted(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let asterisk = start_asterisk(AsteriskOptions::new()).await;
    let proxy = RunningProxy::between(&asterisk, broker, "pbx-a", "hello");
    let worker = Answerer::start(broker).await;
    until_registered(&asterisk, "hello").await;
    a_call_goes_well(&asterisk, "the start").await;
    ok(asterisk.kill().await);
    ok(asterisk.start_again().await);
    until_registered(&asterisk, "hello").await;
    a_call_goes_well(&asterisk, "a killed Asterisk").await;
    worker.stop().await;
    proxy.stop().await;
}

async fn the_websocket_is_cut(kind: Kind) {
    let broker = Broker::start(kind).await;
    let simulator = start_simulator().await;
    let proxy = RunningProxy::between(&simulator, &broker, "pbx-w", "hello");
    let worker = Answerer::start(&broker).await;
    simulator.wait_registered("hello").await;
    for (number, cut) in [Cut::Clean, Cut::Abrupt].into_iter().enumerate() {
        simulator.faults().drop_websockets(cut);
        eventually("a new handshake", async || simulator.handshakes().len() >= number + 2).await;
        simulator.wait_registered("hello").await;
        let call = simulator.call("hello").place();
        soon("the call's end", call.wait_ended()).await;
        assert!(call.state().answered, "after {cut:?}");
    }
    worker.stop().await;
    proxy.stop().await;
}

async fn everything_starts_in_any_order(kind: Kind) {
    let broker = Broker::start(kind).await;
    let simulator = start_simulator().await;
    simulator.faults().refuse_websockets(Refusal::Connection);
    ok(broker.server().stop().await);
    let config = config_json(&(&simulator).into(), kind, &broker.url(), "pbx-o", &["hello"]);
    let proxy = RunningProxy::start(&config);
    // First the bus, then Asterisk with a call, then the worker.
    ok(broker.server().start_again().await);
    simulator.faults().accept_websockets();
    simulator.wait_registered("hello").await;
    let call = simulator.call("hello").place();
    let worker = Answerer::start(&broker).await;
    soon("the call's end", call.wait_ended()).await;
    assert!(call.state().answered);
    worker.stop().await;
    proxy.stop().await;
}

async fn a_wrong_password_is_no_reason_to_spin(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let simulator = start_simulator().await;
    let mut config = config_json(&(&simulator).into(), kind, &broker.url(), "pbx-p", &["hello"]);
    config["ws_password"] = "wrong".into();
    let proxy = RunningProxy::start(&config);
    eventually("a first try", async || !simulator.handshakes().is_empty()).await;
    // Long enough for thousands of tries in a row.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let tries = simulator.handshakes();
    assert_eq!(tries.len(), 1, "it waits for a person to change something");
    assert_eq!(tries[0].status, Some(401));
    assert!(!tries[0].query.contains("wrong"), "no credentials in a URL");
    proxy.stop().await;
}
