//! Calls and dialogs whose way is not straight: late accepts, an Asterisk that answers with errors, gaps, overload.

use std::time::Duration;

use ari_proxy::Metric;
use ari_tests::{
    brokers::Kind,
    desk::{Desk, ari},
    on_both_buses,
    oracle::number,
    wait::{eventually, soon},
    worlds::{Simulated, until_ended},
};
use asterisk_sim::{CallEnd, Cut, LoadPlan, RestFault};
use serde_json::{Value, json};

on_both_buses!(
    an_accept_between_two_offers_counts,
    a_call_is_given_back_however_often_that_fails,
    a_call_that_may_be_in_the_dialplan_is_not_hung_up,
    a_replacing_channel_is_given_back_too,
    a_dialog_ends_though_nobody_told_the_end,
    a_channel_that_was_never_made_holds_no_dialog,
    commands_that_a_stop_drops_are_counted,
    dropped_events_leave_a_gap_that_says_so,
    an_accept_cannot_take_topics_of_others,
);

fn short_offers(config: &mut Value) {
    config["dialog"] = json!({"offer_timeout": "200ms", "offer_deadline": "5s"});
}

async fn an_accept_between_two_offers_counts(kind: Kind) {
    let world = Simulated::new(kind, short_offers).await;
    let desk = Desk::open(world.broker.connect("late").await).await;
    let mut pool = desk.join(&world.application).await;
    let call = world.simulator.call(&world.application).place();
    let offer = pool.offer().await;
    // The only worker leaves the pool, and accepts when the next offer finds nobody.
    drop(pool);
    tokio::time::sleep(Duration::from_millis(800)).await;
    let dialog = desk.accept(&offer).await;
    assert_eq!(dialog.event("StasisStart").await["term"], offer["term"]);
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command("DELETE", &url, json!("")).await.0, 204);
    world.proxy.stop().await;
}

async fn a_call_is_given_back_however_often_that_fails(kind: Kind) {
    let world = Simulated::new(kind, |config| {
        config["dialog"] = json!({"offer_deadline": "300ms"});
    })
    .await;
    for path in ["/channels/*/continue", "/channels/*"] {
        world.simulator.faults().add(RestFault::on("*", path).times(3).answer(503, "{}"));
    }
    let call = world.simulator.call(&world.application).place();
    let end = until_ended(&call).await;
    assert!(matches!(end, CallEnd::Continued { .. }), "{end:?}");
    world.proxy.stop().await;
}

async fn a_call_that_may_be_in_the_dialplan_is_not_hung_up(kind: Kind) {
    let world = Simulated::new(kind, |config| {
        config["dialog"] = json!({"offer_deadline": "300ms"});
        config["asterisk"] = json!({"command_timeout": "500ms"});
    })
    .await;
    // Asterisk acts, and nobody learns of it.
    let untold = RestFault::on("POST", "/channels/*/continue").times(1).silence().acted_upon();
    world.simulator.faults().add(untold);
    let call = world.simulator.call(&world.application).place();
    let end = until_ended(&call).await;
    assert!(matches!(end, CallEnd::Continued { .. }), "{end:?}");
    let again = world.simulator.wait_for_requests("POST", "/channels/*/continue", 2);
    assert!(soon("a second try", again).await.is_some());
    world.proxy.stop().await;
    assert_eq!(world.simulator.count_requests("DELETE", "/channels/*"), 0);
}

async fn a_replacing_channel_is_given_back_too(kind: Kind) {
    let world = Simulated::new(kind, |config| {
        config["dialog"] = json!({"offer_deadline": "1s"});
    })
    .await;
    let call = world.simulator.call(&world.application).place();
    let opened = async || world.proxy.metrics.get(Metric::DialogsOpened) == 1;
    eventually("a dialog", opened).await;
    let (application, replaced) = (&world.application, call.channel_id());
    let start = json!({
        "type": "StasisStart", "application": application, "args": [],
        "channel": {"id": "second"}, "replace_channel": {"id": replaced},
    });
    let end = json!({"type": "StasisEnd", "application": application, "channel": {"id": replaced}});
    for event in [start, end] {
        assert!(world.simulator.send_raw(application, &event.to_string()));
    }
    let given_back = world.simulator.wait_for_requests("POST", "/channels/second/continue", 1);
    assert!(soon("the second channel given back", given_back).await.is_some());
    assert_eq!(world.proxy.metrics.get(Metric::DialogsOpened), 1, "one call with another leg");
    world.proxy.stop().await;
}

async fn a_dialog_ends_though_nobody_told_the_end(kind: Kind) {
    let world = Simulated::new(kind, |_| {}).await;
    let desk = Desk::open(world.broker.connect("gap").await).await;
    let mut pool = desk.join(&world.application).await;
    let ends = world.simulator.call(&world.application).place();
    let dialog = desk.accept(&pool.offer().await).await;
    dialog.event("StasisStart").await;
    let stays = world.simulator.call(&world.application).place();
    let standing = desk.accept(&pool.offer().await).await;
    standing.event("StasisStart").await;
    // The caller hangs up while nobody hears it, and Asterisk is not ready at once afterwards.
    let connected = world.simulator.handshakes().len();
    world.simulator.faults().add(RestFault::on("GET", "/applications/*").times(2).answer(503, "{}"));
    world.simulator.faults().refuse_websockets(asterisk_sim::Refusal::Status(503));
    world.simulator.faults().drop_websockets(Cut::Abrupt);
    eventually("the socket gone", async || !world.simulator.is_registered(&world.application)).await;
    ends.hangup();
    world.simulator.faults().accept_websockets();
    eventually("connected again", async || world.simulator.handshakes().len() > connected).await;
    dialog.event("ProxyEnded").await;
    // The other call is as it was.
    let url = format!("/channels/{}", stays.channel_id());
    assert_eq!(standing.command("GET", &url, json!("")).await.0, 200);
    assert!(!standing.events().iter().any(|event| event["type"] == "ProxyEnded"));
    world.proxy.stop().await;
}

async fn a_channel_that_was_never_made_holds_no_dialog(kind: Kind) {
    let world = Simulated::new(kind, |config| {
        config["asterisk"] = json!({"command_timeout": "500ms"});
    })
    .await;
    let desk = Desk::open(world.broker.connect("never").await).await;
    let mut pool = desk.join(&world.application).await;
    let call = world.simulator.call(&world.application).place();
    let dialog = desk.accept(&pool.offer().await).await;
    world.simulator.faults().add(RestFault::on("POST", "/channels").silence());
    world.simulator.faults().add(RestFault::on("GET", "/channels/*").answer(503, "{}"));
    let body = json!({"endpoint": "PJSIP/x", "app": world.application, "channelId": "never-made"});
    let (status, text) = dialog.command("POST", "/channels", body).await;
    assert!(status == 504 && text.contains("not known"), "{status} {text}");
    // The worker is told before Asterisk can be asked what became of it.
    world.simulator.faults().clear_rest();
    call.hangup();
    dialog.event("ProxyEnded").await;
    world.proxy.stop().await;
}

async fn commands_that_a_stop_drops_are_counted(kind: Kind) {
    let world = Simulated::new(kind, |config| config["stop_timeout"] = json!("300ms")).await;
    let desk = Desk::open(world.broker.connect("dropped").await).await;
    let mut pool = desk.join(&world.application).await;
    let call = world.simulator.call(&world.application).place();
    let dialog = desk.accept(&pool.offer().await).await;
    world.simulator.faults().add(RestFault::on("POST", "*/answer").silence());
    let url = format!("/channels/{}/answer", call.channel_id());
    for id in ["runs", "waits", "waits too"] {
        dialog.send(&json!({"unique_id": id, "method": "POST", "url": url})).await;
    }
    // Control messages pass commands by: when this one is answered the others were read.
    dialog.send(&json!({"control": "resend", "term": 1, "from": 1, "unique_id": "read"})).await;
    assert_eq!(dialog.answer("read").await.0, 204);
    let metrics = world.proxy.metrics.clone();
    world.proxy.stop().await;
    assert_eq!(metrics.get(Metric::AnswersLost), 3);
}

async fn dropped_events_leave_a_gap_that_says_so(kind: Kind) {
    const EVENTS: u64 = 12_000;
    let world = Simulated::new(kind, |config| {
        config["dialog"] = json!({"offer_timeout": "20s"});
    })
    .await;
    let desk = Desk::open(world.broker.connect("gap").await).await;
    let mut pool = desk.join(&world.application).await;
    let plan = LoadPlan {
        application: world.application.clone(),
        calls: 1,
        events_per_call: EVENTS,
        ..LoadPlan::default()
    };
    let load = world.simulator.load(plan);
    let offer = pool.offer().await;
    // More events than a dialog holds come before its worker takes it.
    let metrics = world.proxy.metrics.clone();
    eventually("all events at the proxy", async || metrics.get(Metric::EventsReceived) > EVENTS).await;
    let dialog = desk.accept(&offer).await;
    // From now on the queue has room for the call's end.
    dialog.event("StasisStart").await;
    let call = soon("the call", load.wait()).await.calls.remove(0);
    let url = format!("/channels/{}", call.channel_id);
    assert_eq!(dialog.command("DELETE", &url, json!("")).await.0, 204);
    let ended = dialog.event("ProxyEnded").await;
    // The StasisStart was one of them, and is told all the same.
    let lost = metrics.get(Metric::EventsLost) - 1;
    assert!(lost > 0, "not more came than is kept");
    let events = dialog.events();
    assert_eq!(ended["seq"].as_u64(), Some(events.len() as u64));
    assert_eq!(events[1]["type"], "ProxyGap");
    assert_eq!(ari(&events[1])["events"].as_u64(), Some(lost));
    let numbers: Vec<u64> = events
        .iter()
        .filter(|event| event["type"] == "ChannelUserevent")
        .map(ari)
        .filter_map(|event| number(&event))
        .collect();
    assert_eq!(numbers.len() as u64, EVENTS - lost);
    assert!(numbers.is_sorted(), "in order");
    world.proxy.stop().await;
}

async fn an_accept_cannot_take_topics_of_others(kind: Kind) {
    let world = Simulated::new(kind, |_| {}).await;
    let desk = Desk::open(world.broker.connect("thief").await).await;
    let mut pool = desk.join(&world.application).await;
    let _call = world.simulator.call(&world.application).place();
    let offer = pool.offer().await;
    let dialog = desk.owned(&offer);
    let commands = format!("commands_{}", offer["dialog_id"].as_str().unwrap_or_default());
    for (number, events) in [
        &commands,
        "commands_other.1",
        &dialog.commands_topic,
        "ari.other.incarnation.1",
        "ari.other.queues",
        "ari.other.control",
        "$SYS.x",
        &world.application,
    ]
    .iter()
    .enumerate()
    {
        let id = number.to_string();
        let responses = &dialog.responses_topic;
        let accept = json!({"control": "accept", "term": 1, "unique_id": id, "events": events, "responses": responses});
        dialog.send(&accept).await;
        let (status, text) = dialog.answer(&id).await;
        assert!(status == 400 && text.contains("no worker's topic"), "{events}: {status} {text}");
    }
    // Nor is an answer sent to such a topic: the pool gets nothing but the next offer.
    let responses = &world.application;
    dialog.send(&json!({"control": "decline", "term": 1, "unique_id": "x", "responses": responses})).await;
    let offer = pool.offer().await;
    assert_eq!(offer["term"], 2, "{offer}");
    let wrong = desk.owned(&offer);
    let (events, responses) = (&wrong.events_topic, &wrong.responses_topic);
    let accept =
        json!({"control": "accept", "term": 7, "unique_id": "x", "events": events, "responses": responses});
    wrong.send(&accept).await;
    let (status, text) = wrong.answer("x").await;
    assert!(status == 409 && text.contains("term 7") && text.contains("term 2"), "{status} {text}");
    let honest = desk.accept(&offer).await;
    honest.event("StasisStart").await;
    world.proxy.stop().await;
}
