//! The proxy dies and another process takes its place: workers bring their calls back, seen by one written by hand against
//! docs/protocol.md, and what nobody brings is offered.

use std::time::Duration;

use ari_proxy::Metric;
use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::{
    brokers::Setup,
    crew::Crew,
    desk::{Desk, Owned, Pool, ari},
    handlers::Handler,
    listeners::Listeners,
    on_every_bus,
    oracle::number,
    phones::Phones,
    programs,
    proxies::{Ari, RunningProxy},
    wait::{eventually, ok, soon},
    worlds::{start_asterisk, until_registered},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

on_every_bus!(
    a_worker_brings_its_call_back,
    what_nobody_brings_is_offered_once_and_whole,
    a_killed_proxy_costs_no_worker_a_call,
);

/// The fixed topic of the proxy.
const CONTROL: &str = "ari.pbx.control";
/// Longer than a new process waits for workers.
const WINDOW: Duration = Duration::from_secs(5);

struct World {
    crew: Crew,
    asterisk: Asterisk,
    phones: Phones,
    desk: Desk,
    pool: Pool,
}

impl World {
    async fn new(setup: Setup) -> Self {
        let crew = Crew::new(setup, programs!()).await;
        let asterisk = start_asterisk(AsteriskOptions::new().application(&crew.application)).await;
        let desk = Desk::open(crew.broker.connect("desk").await).await;
        let pool = desk.join(&crew.application).await;
        let phones = Phones::to(Ari::from(&asterisk));
        Self { crew, asterisk, phones, desk, pool }
    }

    fn config(&self) -> Value {
        self.crew.config_for(&Ari::from(&self.asterisk), &self.crew.broker.url())
    }

    /// A proxy's whole life: a call, another leg, and a bridge with both; then it is killed. Returns the offer.
    async fn call_of_a_proxy_that_is_killed(&mut self) -> Value {
        let proxy = self.crew.start_proxy(&self.config());
        until_registered(&self.asterisk, &self.crew.application).await;
        self.phones.call("call").await;
        let offer = self.pool.offer().await;
        let dialog = self.desk.accept(&offer).await;
        dialog.event("StasisStart").await;
        let leg = json!({"endpoint": "Local/park@default", "app": self.crew.application, "channelId": "leg"});
        assert_eq!(dialog.command("POST", "/channels", leg).await.0, 200);
        eventually("the start of the leg", async || starts(&dialog) == 2).await;
        assert_eq!(dialog.command("POST", "/bridges?bridgeId=bridge", json!({})).await.0, 200);
        assert_eq!(
            dialog.command("POST", "/bridges/bridge/addChannel?channel=call,leg", json!({})).await.0,
            204
        );
        let marked = async || {
            let path = "/channels/leg/variable?variable=ARI_PROXY";
            self.asterisk.ari("GET", path).await.is_ok_and(|(status, _)| status == 200)
        };
        eventually("the mark of the leg", marked).await;
        let marks = dialog.events().iter().map(ari).filter(|event| event["variable"] == "ARI_PROXY").count();
        assert_eq!(marks, 0, "the proxy's own marks are no business of the worker's");
        ok(proxy.kill().await);
        offer
    }

    /// A proxy that has connected to Asterisk.
    async fn next_proxy(&self) -> RunningProxy {
        let proxy = RunningProxy::start(&self.config());
        let mut n = 1_000;
        eventually("an event at the next proxy", async || {
            n += 1;
            self.phones.event(&self.crew.application, "call", n).await;
            proxy.metrics.get(Metric::EventsReceived) > 0
        })
        .await;
        proxy
    }

    fn attach(
        &self,
        dialog: &Owned<'_>,
        root: &Value,
        unique_id: &str,
        worker: &str,
        objects: &Value,
    ) -> Value {
        json!({
            "control": "attach", "unique_id": unique_id, "worker_id": worker, "root": root,
            "application": self.crew.application, "objects": objects, "context": "menu=2", "term": 1, "seq": 3,
            "events": dialog.events_topic, "responses": dialog.responses_topic,
        })
    }

    /// Sends a message to the fixed topic and returns its answer.
    async fn control(&self, dialog: &Owned<'_>, message: &Value) -> (u64, Value) {
        let bus = self.crew.broker.connect("control").await;
        ok(bus.publish(CONTROL, message.to_string().into()).await);
        let (status, body) = dialog.answer(message["unique_id"].as_str().unwrap_or_default()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }
}

/// How many channels have entered, as far as a worker was told.
fn starts(dialog: &Owned<'_>) -> usize {
    dialog.events().iter().filter(|event| event["type"] == "StasisStart").count()
}

async fn a_worker_brings_its_call_back(setup: Setup) {
    let mut world = World::new(setup).await;
    let offer = world.call_of_a_proxy_that_is_killed().await;
    let root = &offer["root"];
    let proxy = world.next_proxy().await;
    // Held until the call is there.
    for n in 1..=5 {
        assert!(world.phones.event(&world.crew.application, "call", n).await);
    }
    let objects = json!([{"type": "channel", "id": "call"}, {"type": "channel", "id": "leg"}, {"type": "bridge", "id": "bridge"},
        {"type": "channel", "id": "long-gone"}]);
    let mut dialog = world.desk.owned(&offer);
    let attach = world.attach(&dialog, root, "attach-1", "w1", &objects);
    let (status, reply) = world.control(&dialog, &attach).await;
    assert_eq!((status, &reply["term"]), (200, &json!(2)), "{reply}");
    dialog.commands_topic = reply["commands"].as_str().unwrap_or_default().to_owned();

    let gap = dialog.event("ProxyGap").await;
    assert_eq!((&gap["term"], &gap["seq"]), (&json!(2), &json!(1)));
    let numbers = || {
        dialog
            .events()
            .iter()
            .filter_map(|event| number(&ari(event)))
            .filter(|n| *n < 1_000)
            .collect::<Vec<_>>()
    };
    eventually("the events that were held", async || numbers() == [1, 2, 3, 4, 5]).await;
    let gone = dialog.event("ChannelDestroyed").await;
    assert_eq!((&gone["synthetic"], &ari(&gone)["channel"]["id"]), (&json!(true), &json!("long-gone")));
    assert!(world.phones.event(&world.crew.application, "leg", 6).await);
    eventually("an event of the leg", async || numbers().last() == Some(&6)).await;
    assert_eq!(dialog.command("POST", "/channels/call/answer", json!({})).await.0, 204);
    // Objects that it makes are its own, as before.
    let third =
        json!({"endpoint": "Local/park@default", "app": world.crew.application, "channelId": "third"});
    assert_eq!(dialog.command("POST", "/channels", third).await.0, 200);
    eventually("the start of the third leg", async || starts(&dialog) == 1).await;

    // Said again, it is answered as before; somebody else's is refused.
    let again = json!({"unique_id": "attach-2"});
    let mut repeated = attach.clone();
    repeated["unique_id"] = again["unique_id"].clone();
    assert_eq!(world.control(&dialog, &repeated).await, (200, reply));
    let other = world.desk.owned(&offer);
    let stolen = world.attach(&other, root, "attach-3", "w2", &objects);
    assert_eq!(world.control(&other, &stolen).await.0, 409);
    let nothing = world.attach(
        &other,
        &json!("pbx.of-long-ago"),
        "attach-4",
        "w2",
        &json!([{"type": "channel", "id": "x"}]),
    );
    assert_eq!(world.control(&other, &nothing).await.0, 404);
    let taken = world.attach(&other, &json!("pbx.another"), "attach-5", "w2", &objects);
    assert_eq!(world.control(&other, &taken).await.0, 409);
    assert!(timeout(WINDOW, world.pool.offer()).await.is_err(), "what has a worker is not offered");

    for channel in world.phones.channels().await {
        world.phones.hang_up(&channel).await;
    }
    dialog.event("ProxyEnded").await;
    proxy.stop().await;
}

async fn what_nobody_brings_is_offered_once_and_whole(setup: Setup) {
    let mut world = World::new(setup).await;
    let offer = world.call_of_a_proxy_that_is_killed().await;
    let proxy = world.next_proxy().await;
    // A new call does not wait for anybody.
    world.phones.call("new").await;
    let new = world.pool.offer().await;
    assert_eq!((&new["resume"], &new["term"]), (&Value::Null, &json!(1)));
    let new = world.desk.accept(&new).await;
    new.event("StasisStart").await;

    let resumed = soon("the call that nobody brings", world.pool.offer()).await;
    assert_eq!(
        (&resumed["root"], &resumed["resume"], &resumed["term"]),
        (&offer["root"], &json!(true), &json!(2))
    );
    let objects = json!([{"type": "bridge", "id": "bridge"}, {"type": "channel", "id": "call"}, {"type": "channel", "id": "leg"}]);
    assert_eq!(resumed["objects"], objects);
    let start: Value = ok(serde_json::from_str(resumed["start"].as_str().unwrap_or_default()));
    assert_eq!(start["channel"]["id"], "call");
    let dialog = world.desk.accept(&resumed).await;
    assert_eq!(dialog.event("StasisStart").await["synthetic"], true);
    dialog.event("ProxyGap").await;
    assert_eq!(dialog.command("DELETE", "/bridges/bridge", json!({})).await.0, 204);
    dialog.event("ChannelLeftBridge").await;
    assert!(timeout(WINDOW, world.pool.offer()).await.is_err(), "it is offered once");
    for channel in world.phones.channels().await {
        world.phones.hang_up(&channel).await;
    }
    dialog.event("ProxyEnded").await;
    new.event("ProxyEnded").await;
    proxy.stop().await;
}

/// The proxy and one of two workers die together.
async fn a_killed_proxy_costs_no_worker_a_call(setup: Setup) {
    const CALLS: usize = 40;
    const OF_THE_DEAD: usize = 15;
    let crew = Crew::new(setup, programs!()).await;
    let asterisk = start_asterisk(AsteriskOptions::new().application(&crew.application)).await;
    let phones = Phones::to(Ari::from(&asterisk));
    let config = crew.config_for(&Ari::from(&asterisk), &crew.broker.url());
    let proxy = crew.start_proxy(&config);
    until_registered(&asterisk, &crew.application).await;
    let listeners = Listeners::start(&crew.broker, &crew.application).await;
    let dies = crew.worker("w2", OF_THE_DEAD, Handler::Holds);
    crew.broker.until_read_by(&crew.application, 2).await;
    let calls: Vec<String> = (1..=CALLS).map(|number| format!("call-{number}")).collect();
    for call in &calls {
        phones.call(call).await;
    }
    let up = async || listeners.heard().len() + crew.calls_of("w2").len() == CALLS;
    eventually("all calls with workers", up).await;
    let (kept, orphans) = (listeners.heard(), crew.calls_of("w2"));
    assert!(!kept.is_empty() && !orphans.is_empty(), "both have calls");
    let talk = phones.talk(&crew.application, &calls, 200.0);
    sleep(Duration::from_millis(500)).await;
    ok(proxy.kill().await);
    ok(dies.kill().await);
    sleep(Duration::from_millis(500)).await;

    let begun = Instant::now();
    let next = crew.start_proxy(&config);
    let commands = kept.values().filter_map(|heard| heard.call.clone()).map(|call| async move {
        let set = async || call.channel().set_variable("AGAIN", "1").await.is_ok();
        eventually("a command of its own worker", set).await;
        (call.term(), begun.elapsed())
    });
    let terms_before: Vec<u64> = kept.values().filter_map(|heard| heard.terms.last().copied()).collect();
    let controlled = join_all(commands).await;
    let longest = controlled.iter().map(|(_, after)| *after).max().unwrap_or_default();
    let terms = controlled.iter().map(|(term, _)| term - 1);
    assert!(terms.eq(terms_before), "each goes on in its next term");
    let offered = async || listeners.heard().len() == CALLS;
    eventually("the calls whose worker died too", offered).await;
    println!(
        "{setup:?}: {:.2?} after its successor's start each of {} calls of a killed proxy was its worker's again, {:.2?} after it {} of a dead worker another's",
        longest,
        kept.len(),
        begun.elapsed(),
        orphans.len()
    );
    // Longer than anybody would take to offer something a second time.
    sleep(WINDOW).await;
    let sent = talk.stop().await;
    for channel in phones.channels().await {
        phones.hang_up(&channel).await;
    }
    eventually("the end of every call", async || listeners.heard().values().all(|heard| heard.end.is_some()))
        .await;
    let heard = listeners.heard();
    assert!(heard.values().all(|heard| heard.terms.len() == 1), "each has had one handler here");
    for channel in kept.keys() {
        let missing =
            heard[channel].missing(sent[channel]).unwrap_or_else(|problem| panic!("{channel}: {problem}"));
        assert!(missing > 0 && heard[channel].count("ProxyGap") == 1, "{channel}: the gap is told once");
    }
    listeners.stop().await;
    next.stop().await;
}
