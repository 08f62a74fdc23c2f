//! Whatever dies and comes back, the proxy carries the next call: the websocket, the broker, Asterisk itself.

use std::time::Duration;

use ari_client::{Call, Worker};
use ari_proxy::Metric;
use ari_testbed::{Asterisk, AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    crew::ALONE,
    desk::Desk,
    on_both_buses,
    proxies::{RunningProxy, config_json},
    wait::{DEADLINE, eventually, ok, soon},
    worlds::{start_asterisk, start_simulator, until_connected, until_ended, until_registered},
};
use asterisk_sim::{Cut, Refusal, Simulator, SimulatorOptions};
use serde_json::json;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

on_both_buses!(
    the_broker_is_killed_and_restarted,
    asterisk_is_killed_and_restarted,
    the_websocket_is_cut,
    everything_starts_in_any_order,
    a_broker_that_stands_still_does_not_hold_asterisk_up,
    a_wrong_password_is_no_reason_to_spin,
);

/// A worker that answers and hangs up.
struct Answerer {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Answerer {
    async fn start(broker: &Broker) -> Self {
        let worker = Self::begin(broker);
        broker.until_read("hello").await;
        worker
    }

    /// Starts one that waits for its broker if it must.
    fn begin(broker: &Broker) -> Self {
        let (stop, url) = (CancellationToken::new(), broker.url());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let worker = ok(Worker::connect(url).await).application("hello").shutdown(stopped);
            let run = worker.run(|call: Call| async move {
                let channel = call.channel();
                channel.answer().await?;
                channel.play("sound:hello-world").await?.finished().await?;
                channel.hangup().await
            });
            ok(run.await);
        });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        ok(soon("the worker's end", self.task).await);
    }
}

/// The next call goes well: one call, no second try.
async fn a_call_goes_well(asterisk: &Asterisk, after: &str) {
    let options = SippOptions::new().timeout(DEADLINE);
    let begun = Instant::now();
    let report = ok(Sipp::call(asterisk, &Scenario::Answered, &options).await);
    assert!(report.all_went_well(1), "the call after {after}: {}\n{}", report.errors, asterisk.log());
    println!("the call after {after} took {:.2?}", begun.elapsed());
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
    until_connected(&simulator, "hello").await;
    for cut in [Cut::Clean, Cut::Abrupt] {
        let handshakes = simulator.handshakes().len();
        // An Asterisk that has as many sessions as it may, the one that it is about to miss among them.
        simulator.faults().refuse_websockets(Refusal::Silence);
        simulator.faults().drop_websockets(cut);
        eventually("a refused handshake", async || simulator.handshakes().len() > handshakes).await;
        simulator.faults().accept_websockets();
        until_connected(&simulator, "hello").await;
        let call = simulator.call("hello").place();
        until_ended(&call).await;
        assert!(call.state().answered, "after {cut:?}");
    }
    worker.stop().await;
    proxy.stop().await;
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Bus,
    Asterisk,
    Worker,
}

async fn everything_starts_in_any_order(kind: Kind) {
    use Part::{Asterisk, Bus, Worker};
    let broker = Broker::start(kind).await;
    for order in [[Bus, Asterisk, Worker], [Asterisk, Worker, Bus], [Worker, Bus, Asterisk]] {
        let simulator = start_simulator().await;
        simulator.faults().refuse_websockets(Refusal::Connection);
        ok(broker.server().stop().await);
        let proxy = RunningProxy::between(&simulator, &broker, "pbx-o", "hello");
        let mut worker = None;
        for part in order {
            match part {
                Bus => ok(broker.server().start_again().await),
                Asterisk => simulator.faults().accept_websockets(),
                Worker => worker = Some(Answerer::begin(&broker)),
            }
        }
        until_connected(&simulator, "hello").await;
        let call = simulator.call("hello").place();
        until_ended(&call).await;
        assert!(call.state().answered, "{order:?}");
        if let Some(worker) = worker {
            worker.stop().await;
        }
        proxy.stop().await;
    }
}

/// Asterisk closes a socket whose reader stalls: the proxy reads on whatever becomes of the events.
async fn a_broker_that_stands_still_does_not_hold_asterisk_up(kind: Kind) {
    // More than a dialog holds, and the system's buffers besides.
    const EVENTS: u64 = 30_000;
    let _alone = ALONE.lock().await;
    let broker = Broker::start(kind).await;
    // Longer than a real Asterisk waits, and than a busy machine stalls anybody.
    let write_timeout = Some(Duration::from_secs(5));
    let options = SimulatorOptions { write_timeout, ..SimulatorOptions::default() };
    let simulator = ok(Simulator::start(options).await);
    let proxy = RunningProxy::between(&simulator, &broker, "pbx-s", "hello");
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join("hello").await;
    until_connected(&simulator, "hello").await;
    let call = simulator.call("hello").place();
    let dialog = desk.accept(&pool.offer().await).await;
    dialog.event("StasisStart").await;

    ok(broker.server().pause().await);
    let received = proxy.metrics.get(Metric::EventsReceived);
    let event = json!({
        "type": "ChannelUserevent", "application": "hello", "channel": {"id": call.channel_id()},
        "userevent": {"filler": "x".repeat(2_000)},
    })
    .to_string();
    for _ in 0..EVENTS {
        assert!(simulator.send_raw("hello", &event));
    }
    eventually("all events at the proxy, while the broker stands still", async || {
        // The proxy's own mark of the channel has an event, too, which may come before or after.
        proxy.metrics.get(Metric::EventsReceived) >= received + EVENTS
    })
    .await;
    assert_eq!(simulator.handshakes().len(), 1, "it was never cut off");
    ok(broker.server().resume());
    call.hangup();
    dialog.event("ProxyEnded").await;
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
