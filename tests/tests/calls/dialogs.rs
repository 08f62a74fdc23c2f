//! Dialogs with the fake Asterisk, a worker written by hand, and real brokers: the protocol as its document tells it.

use std::time::Duration;

use ari_bus::protocol::Names;
use ari_proxy::Metric;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, Pool, ari},
    on_both_buses,
    proxies::RunningProxy,
    wait::{ok, soon},
    worlds::{Simulated, until_ended},
};
use asterisk_sim::{CallEnd, Simulator};
use serde_json::{Value, json};

on_both_buses!(
    a_call_from_start_to_end,
    the_first_accept_wins,
    a_declined_call_goes_to_another,
    a_worker_that_declines_everything_is_not_asked_without_end,
    a_control_that_nobody_knows_is_answered,
    nested_bodies,
    commands_run_in_the_order_issued,
    ids_left_open_are_chosen,
    what_a_command_makes_is_the_dialog_s_before_any_answer,
    a_call_that_nobody_takes_goes_on_in_the_dialplan,
    a_prefix_goes_before_every_topic,
    a_stop_finishes_what_is_in_flight,
);

/// A fake Asterisk, a proxy and a desk, for an application of the test's own.
struct World {
    simulator: Simulator,
    proxy: RunningProxy,
    desk: Desk,
    pool: Pool,
    application: String,
}

impl World {
    async fn new(kind: Kind, change: impl FnOnce(&mut Value)) -> Self {
        let mut prefix = String::new();
        let Simulated { simulator, proxy, broker, application } = Simulated::new(kind, |config| {
            change(config);
            prefix.push_str(config["bus_config"]["prefix"].as_str().unwrap_or_default());
        })
        .await;
        let desk = Desk::open(broker.connect("a desk").await).await;
        let pool = desk.join(&Names::new(prefix).application(&application)).await;
        Self { simulator, proxy, desk, pool, application }
    }

    async fn plain(kind: Kind) -> Self {
        Self::new(kind, |_| {}).await
    }
}

async fn a_call_from_start_to_end(kind: Kind) {
    let mut world = World::plain(kind).await;
    let call = world.simulator.call(&world.application).args(["one", "two"]).place();
    let offer = world.pool.offer().await;
    assert_eq!(offer["application"], world.application.as_str());
    assert_eq!((&offer["protocol"], &offer["term"]), (&json!(2), &json!(1)));
    assert_eq!(offer["root"], offer["dialog_id"]);
    assert!(offer["dialog_id"].as_str().is_some_and(|id| id.starts_with("pbx%20app-")), "{offer}");
    let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
    assert_eq!(start["channel"]["id"], call.channel_id());

    // An accept that lacks something is told what.
    let clumsy = world.desk.owned(&offer);
    let accept =
        json!({"control": "accept", "term": 1, "unique_id": "x", "responses": clumsy.responses_topic});
    clumsy.send(&accept).await;
    let (status, text) = clumsy.answer("x").await;
    assert!(status == 400 && text.contains("events"), "{status} {text}");

    let dialog = world.desk.accept(&offer).await;
    assert_eq!(dialog.answer("accept").await.0, 204);
    let first = dialog.event("StasisStart").await;
    assert_eq!((&first["seq"], &first["term"]), (&json!(1), &json!(1)));
    assert_eq!(first["dialog_id"], offer["dialog_id"]);
    assert_eq!(first["ari_body"], offer["start"], "byte for byte the same");

    let channel = call.channel_id();
    assert_eq!(dialog.command("POST", &format!("/channels/{channel}/answer"), json!("")).await.0, 204);
    let play = format!("/channels/{channel}/play");
    let (status, playback) = dialog.command("POST", &play, json!({"media": "sound:hello-world"})).await;
    assert_eq!(status, 201);
    let playback: Value = ok(serde_json::from_str(&playback));
    let finished = ari(&dialog.event("PlaybackFinished").await);
    assert_eq!(finished["playback"]["id"], playback["id"]);
    assert_eq!(dialog.command("DELETE", &format!("/channels/{channel}"), json!({})).await.0, 204);
    dialog.event("StasisEnd").await;
    let ended = dialog.event("ProxyEnded").await;
    let numbers: Vec<u64> = dialog.events().iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(ended["seq"].as_u64(), Some(numbers.len() as u64), "the last of all");
    world.proxy.stop().await;
}

async fn the_first_accept_wins(kind: Kind) {
    let mut world = World::plain(kind).await;
    let call = world.simulator.call(&world.application).place();
    let offer = world.pool.offer().await;
    let winner = world.desk.accept(&offer).await;
    winner.event("StasisStart").await;
    let loser = world.desk.accept(&offer).await;
    let gone = loser.event("ProxyGone").await;
    assert!(gone.get("seq").is_none());
    assert_eq!(loser.answer("accept").await.0, 409);
    assert_eq!(winner.command("DELETE", &format!("/channels/{}", call.channel_id()), json!({})).await.0, 204);
    winner.event("ProxyEnded").await;
    let late = world.desk.accept(&offer).await;
    late.event("ProxyGone").await;
    world.proxy.stop().await;
}

async fn a_declined_call_goes_to_another(kind: Kind) {
    let mut world = World::plain(kind).await;
    let _call = world.simulator.call(&world.application).place();
    let first = world.pool.offer().await;
    let declined = world.desk.owned(&first);
    let responses = &declined.responses_topic;
    let message =
        json!({"control": "decline", "term": 1, "reason": "full", "unique_id": "no", "responses": responses});
    declined.send(&message).await;
    assert_eq!(declined.answer("no").await.0, 204);
    let second = world.pool.offer().await;
    assert_eq!((&second["term"], &second["root"]), (&json!(2), &first["root"]));
    assert_ne!(second["dialog_id"], first["dialog_id"]);
    let stale = world.desk.owned(&first);
    let dialog = world.desk.accept(&second).await;
    assert_eq!(dialog.event("StasisStart").await["term"], 2);
    let accept = json!({"control": "accept", "term": 1, "events": stale.events_topic, "responses": "x"});
    stale.send(&accept).await;
    assert_eq!(stale.event("ProxyGone").await["dialog_id"], first["dialog_id"]);
    world.proxy.stop().await;
}

async fn a_worker_that_declines_everything_is_not_asked_without_end(kind: Kind) {
    let mut world = World::new(kind, |config| {
        config["dialog"] = json!({"offer_deadline": "3s"});
    })
    .await;
    let call = world.simulator.call(&world.application).place();
    let mut terms = 0;
    let decline = async {
        loop {
            let offer = world.pool.offer().await;
            terms = offer["term"].as_u64().unwrap_or_default();
            world.desk.owned(&offer).send(&json!({"control": "decline", "term": terms})).await;
        }
    };
    tokio::select! {
        end = call.wait_ended() => assert!(matches!(end, CallEnd::Continued { .. }), "{end:?}"),
        () = decline => {}
    }
    // The first ten follow each other at once, then one comes a second.
    assert!((2..20).contains(&terms), "{terms} offers");
    world.proxy.stop().await;
}

async fn a_control_that_nobody_knows_is_answered(kind: Kind) {
    let mut world = World::plain(kind).await;
    let _call = world.simulator.call(&world.application).place();
    let dialog = world.desk.accept(&world.pool.offer().await).await;
    dialog.event("StasisStart").await;
    dialog.send(&json!({"control": "dance", "term": 1, "unique_id": "1"})).await;
    let (status, text) = dialog.answer("1").await;
    assert!(status == 501 && text.contains("dance") && text.contains("not supported yet"), "{status} {text}");
    // Half a message is none.
    for control in ["ack", "resend", "save", "release"] {
        dialog.send(&json!({"control": control, "unique_id": control})).await;
        assert_eq!(dialog.answer(control).await.0, 400, "{control}");
    }
    world.proxy.stop().await;
}

async fn nested_bodies(kind: Kind) {
    let mut world = World::plain(kind).await;
    let call = world.simulator.call(&world.application).place();
    let offer = world.pool.offer().await;
    let dialog = world.desk.owned(&offer);
    let (events, responses) = (&dialog.events_topic, &dialog.responses_topic);
    let accept =
        json!({"control": "accept", "term": 1, "events": events, "responses": responses, "bodies": "nested"});
    dialog.send(&accept).await;
    assert_eq!(dialog.event("StasisStart").await["ari"]["channel"]["id"], call.channel_id());
    let url = format!("/channels/{}", call.channel_id());
    dialog.send(&json!({"unique_id": "1", "method": "GET", "url": url})).await;
    dialog.answer("1").await;
    assert_eq!(dialog.answers()[0]["response"]["id"], call.channel_id());
    // The proxy's own answers too.
    dialog.send(&json!({"control": "dance", "term": 1, "unique_id": "2"})).await;
    dialog.answer("2").await;
    assert!(dialog.answers()[1]["response"]["message"].is_string(), "{}", dialog.answers()[1]);
    world.proxy.stop().await;
}

async fn commands_run_in_the_order_issued(kind: Kind) {
    const COMMANDS: usize = 500;
    let mut world = World::plain(kind).await;
    let call = world.simulator.call(&world.application).place();
    let dialog = world.desk.accept(&world.pool.offer().await).await;
    for number in 0..COMMANDS {
        let url = format!("/channels/{}/variable?variable=N&value={number}", call.channel_id());
        dialog.send(&json!({"unique_id": number.to_string(), "method": "POST", "url": url})).await;
    }
    dialog.answer(&(COMMANDS - 1).to_string()).await;
    let requests = world.simulator.requests();
    let numbers: Vec<String> = requests
        .iter()
        .filter(|request| request.is("POST", "*/variable"))
        // The proxy's own mark is none of them.
        .filter_map(|request| request.query.split("value=").nth(1).map(str::to_owned))
        .collect();
    assert_eq!(numbers, (0..COMMANDS).map(|number| number.to_string()).collect::<Vec<_>>());
    let answered: Vec<Value> =
        dialog.answers().iter().map(|answer| answer["unique_id"].clone()).skip(1).collect();
    assert_eq!(answered, (0..COMMANDS).map(|number| json!(number.to_string())).collect::<Vec<_>>());
    for request in requests {
        assert!(request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
        assert_eq!(request.header("origin"), Some("http://localhost"));
        assert!(!request.query.contains("api_key"));
    }
    assert_eq!(world.simulator.handshakes()[0].header("origin"), Some("http://localhost"));
    world.proxy.stop().await;
}

async fn ids_left_open_are_chosen(kind: Kind) {
    let mut world = World::plain(kind).await;
    let call = world.simulator.call(&world.application).place();
    let dialog = world.desk.accept(&world.pool.offer().await).await;
    let body = json!({"endpoint": "Local/callee@default", "app": world.application});
    let (status, channel) = dialog.command("POST", "/channels", body).await;
    assert_eq!(status, 200, "{channel}");
    let callee = ok(serde_json::from_str::<Value>(&channel))["id"].as_str().unwrap_or_default().to_owned();
    let starts = |events: &[Value]| {
        let start = events.iter().filter(|event| event["type"] == "StasisStart").nth(1)?;
        Some(ari(start)["channel"]["id"].clone())
    };
    let started = world.desk.until(&dialog.events_topic, "the callee's StasisStart", starts).await;
    assert_eq!(started, callee.as_str(), "it came to the dialog that made the channel");
    // The dialog lives on while the callee does.
    call.hangup();
    dialog.event("StasisEnd").await;
    let (status, _) = dialog.command("GET", &format!("/channels/{callee}"), json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(world.proxy.metrics.get(Metric::DialogsOpened), 1);
    world.proxy.stop().await;
}

async fn what_a_command_makes_is_the_dialog_s_before_any_answer(kind: Kind) {
    let mut world = World::new(kind, |config| config["asterisk"] = json!({"command_timeout": "1s"})).await;
    let _call = world.simulator.call(&world.application).place();
    let dialog = world.desk.accept(&world.pool.offer().await).await;
    // Asterisk does what it is told, and never says so: whatever comes, comes before the answer.
    for path in ["/channels", "/bridges/*"] {
        world.simulator.faults().add(asterisk_sim::RestFault::on("POST", path).silence().acted_upon());
    }
    let body = json!({"endpoint": "Local/callee@default", "app": world.application});
    dialog.send(&json!({"unique_id": "channel", "method": "POST", "url": "/channels", "body": body})).await;
    let starts =
        |events: &[Value]| events.iter().filter(|event| event["type"] == "StasisStart").nth(1).map(ari);
    let start = world.desk.until(&dialog.events_topic, "the callee's StasisStart", starts).await;
    assert_eq!(start["channel"]["name"].as_str().map(|name| name.starts_with("Local/callee")), Some(true));

    dialog.send(&json!({"unique_id": "bridge", "method": "POST", "url": "/bridges/lobby"})).await;
    soon("the bridge at Asterisk", world.simulator.wait_for_requests("POST", "/bridges/lobby", 1)).await;
    // An event that names the bridge and nothing else, as an application gets them that is subscribed to it.
    let about = json!({"type": "BridgeCreated", "bridge": {"id": "lobby"}, "application": world.application});
    assert!(world.simulator.send_raw(&world.application, &about.to_string()));
    dialog.event("BridgeCreated").await;
    assert_eq!(world.proxy.metrics.get(Metric::DialogsOpened), 1);
    world.proxy.stop().await;
}

async fn a_call_that_nobody_takes_goes_on_in_the_dialplan(kind: Kind) {
    let change = |config: &mut Value| {
        config["dialog"] = json!({"offer_timeout": "100ms", "offer_deadline": "5s"});
    };
    let mut world = World::new(kind, change).await;
    let call = world.simulator.call(&world.application).place();
    let (first, second) = (world.pool.offer().await, world.pool.offer().await);
    assert_eq!(second["root"], first["root"]);
    assert!(second["term"].as_u64() > first["term"].as_u64(), "it is offered again: {second}");
    assert!(matches!(until_ended(&call).await, CallEnd::Continued { .. }));
    // A worker that comes too late is told so.
    let late = world.desk.accept(&first).await;
    late.event("ProxyGone").await;
    assert_eq!(world.proxy.metrics.get(Metric::DialogsUnwanted), 1);
    world.proxy.stop().await;
}

async fn a_prefix_goes_before_every_topic(kind: Kind) {
    let mut world = World::new(kind, |config| config["bus_config"]["prefix"] = json!("acme.")).await;
    let call = world.simulator.call(&world.application).place();
    let offer = world.pool.offer().await;
    assert!(
        offer["commands"].as_str().is_some_and(|topic| topic.starts_with("acme.ari.pbx%20app-")),
        "{offer}"
    );
    // On RabbitMQ the name of an inbox depends on the prefix: a desk that knows it.
    let broker = Broker::shared(kind).await;
    let names = Names::new("acme.");
    let options = ari_bus::BusOptions { names, ..ari_bus::BusOptions::default() };
    let bus = ok(ari_bus::connect(&broker.url(), options));
    assert!(bus.link().up().await);
    let desk = Desk::open_under(bus, "acme.").await;
    let dialog = desk.accept(&offer).await;
    dialog.event("StasisStart").await;
    assert_eq!(dialog.command("DELETE", &format!("/channels/{}", call.channel_id()), json!({})).await.0, 204);
    world.proxy.stop().await;
}

async fn a_stop_finishes_what_is_in_flight(kind: Kind) {
    let mut world = World::plain(kind).await;
    let call = world.simulator.call(&world.application).place();
    let dialog = world.desk.accept(&world.pool.offer().await).await;
    dialog.event("StasisStart").await;
    let late = asterisk_sim::RestFault::on("POST", "*/answer").late(Duration::from_millis(500));
    world.simulator.faults().add(late);
    let url = format!("/channels/{}/answer", call.channel_id());
    dialog.send(&json!({"unique_id": "slow", "method": "POST", "url": url})).await;
    soon("the command at Asterisk", world.simulator.wait_for_requests("POST", "*/answer", 1)).await;
    world.proxy.stop().await;
    assert_eq!(dialog.answer("slow").await.0, 204, "answered before the proxy stopped");
    dialog.event("ProxyGone").await;
}
