//! Rules of ARI that clients stumble over, each as a real Asterisk was seen to have it.

mod client;

use asterisk_sim::{CallEnd, MoveOrder, Outcome, SimulatorOptions};
use client::{Client, start, start_with};
use serde_json::json;

#[tokio::test]
async fn a_move_sends_end_and_start_in_the_order_asked_for() {
    for (order, expected) in [
        (MoveOrder::EndFirst, ["StasisEnd", "StasisStart"]),
        (MoveOrder::StartFirst, ["StasisStart", "StasisEnd"]),
    ] {
        let options = SimulatorOptions { move_order: order, ..SimulatorOptions::default() };
        let (sim, mut client) = start_with("one,two", options).await;
        let call = sim.call("one").place();
        client.event("StasisStart").await;
        let path = format!("/channels/{}/move?app=two&appArgs=a,b", call.channel_id());
        assert_eq!(client.post(&path).await.0, 204);
        let events = [client.next().await, client.next().await];
        assert_eq!([&events[0]["type"], &events[1]["type"]], expected);
        let start = events.iter().find(|event| event["type"] == "StasisStart").unwrap();
        assert_eq!((&start["application"], &start["args"]), (&json!("two"), &json!(["a", "b"])));
        assert!(call.wait_in("two").await);
    }
}

#[tokio::test]
async fn a_move_to_nobody_fails_in_the_old_application() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    client.event("StasisStart").await;
    client.post(&format!("/channels/{}/move?app=nobody&appArgs=x", call.channel_id())).await;
    let failed = client.event("ApplicationMoveFailed").await;
    assert_eq!((&failed["destination"], &failed["args"]), (&json!("nobody"), &json!(["x"])));
    assert_eq!(call.state().application.as_deref(), Some("hello"));
}

#[tokio::test]
async fn an_originated_channel_stays_subscribed_where_it_was_made() {
    let (sim, mut client) = start("hello,other").await;
    client.post("/channels?endpoint=Local/park@default&app=hello&channelId=c1").await;
    client.event("StasisStart").await;
    client.post("/channels/c1/move?app=other").await;
    client.event("StasisStart").await;
    assert!(client.get("/applications/hello").await.1["channel_ids"].to_string().contains("c1"));
    client.delete("/channels/c1").await;
    assert_eq!(client.event("ChannelDestroyed").await["application"], "hello");
    drop(sim);
}

#[tokio::test]
async fn what_leads_out_of_stasis_waits_for_the_media_before_it() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    let id = call.channel_id();
    client.post(&format!("/channels/{id}/play?media=sound:a,sound:b")).await;
    client.post(&format!("/channels/{id}/continue")).await;
    let types = client.types_until("StasisEnd").await;
    let expected = [
        "StasisStart",
        "PlaybackStarted",
        "PlaybackContinuing",
        "PlaybackStarted",
        "PlaybackFinished",
        "StasisEnd",
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn a_hangup_fails_what_plays_and_what_waits() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    let id = call.channel_id();
    for playback in ["p1", "p2"] {
        client.post(&format!("/channels/{id}/play/{playback}?media=sound:a")).await;
    }
    call.hangup();
    let types = client.types_until("StasisEnd").await;
    let expected = [
        "StasisStart",
        "PlaybackStarted",
        "ChannelHangupRequest",
        "PlaybackFinished",
        "PlaybackStarted",
        "PlaybackFinished",
        "StasisEnd",
    ];
    assert_eq!(types, expected);
    assert_eq!(call.wait_ended().await, CallEnd::HungUpByCaller);
}

#[tokio::test]
async fn a_dialled_phone_does_what_it_was_told() {
    let (sim, mut client) = start("hello").await;
    sim.set_outcome("PJSIP/bob", Outcome::Busy { after: std::time::Duration::ZERO });
    client.post("/channels?endpoint=PJSIP/bob&app=hello&channelId=b").await;
    let gone = client.event("ChannelDestroyed").await;
    assert_eq!((&gone["cause"], &gone["tech_cause"]), (&json!(17), &json!(486)));
    sim.set_outcome("PJSIP/bob", Outcome::NoAnswer);
    client.post("/channels?endpoint=PJSIP/bob&app=hello&channelId=b&timeout=1").await;
    assert_eq!(client.event("ChannelDestroyed").await["cause"], 19);
    sim.set_outcome("PJSIP/bob", Outcome::Unknown);
    assert_eq!(client.post("/channels?endpoint=PJSIP/bob&app=hello").await.0, 500);
}

#[tokio::test]
async fn the_phone_of_a_dialled_leg_can_act() {
    let (sim, mut client) = start("hello").await;
    client.post("/channels?endpoint=PJSIP/bob&app=hello&channelId=leg").await;
    client.event("StasisStart").await;
    let phone = sim.phone("leg").unwrap();
    assert!(phone.state().answered && phone.wait_in("hello").await);
    phone.dtmf("7");
    assert_eq!(client.event("ChannelDtmfReceived").await["digit"], "7");
    phone.hangup();
    client.event("ChannelDestroyed").await;
    assert_eq!(phone.wait_ended().await, CallEnd::HungUpByCaller);
    assert!(sim.phone("leg").is_none());
}

#[tokio::test]
async fn a_plus_is_a_space_even_in_a_path_and_json_wins_over_the_query() {
    let (sim, mut client) = start("hello").await;
    sim.call("hello").channel_id("a b").place();
    client.event("StasisStart").await;
    assert_eq!(client.get("/channels/a+b").await.0, 200);
    let set = client.call("POST", "/channels/a%20b/variable?variable=X&value=1", Some(json!({"value": "2"})));
    assert_eq!(set.await.0, 204);
    assert_eq!(client.event("ChannelVarset").await["value"], "2");
    assert_eq!(client.get("/channels/a+b/").await.0, 404);
}

#[tokio::test]
async fn a_filter_holds_for_answers_over_the_websocket_too() {
    let (sim, mut client) = start("hello").await;
    let ping = r#"{"type":"RESTRequest","transaction_id":"t","request_id":"r","method":"GET","uri":"asterisk/ping"}"#;
    client.send(ping).await;
    let answer = client.event("RESTResponse").await;
    assert_eq!((&answer["status_code"], &answer["application"]), (&json!(200), &json!("hello")));
    let filter = json!({ "allowed": [{ "type": "StasisStart" }] });
    client.call("PUT", "/applications/hello/eventFilter", Some(filter)).await;
    client.send(ping).await;
    sim.wait_for_requests("GET", "/asterisk/ping", 2).await;
    sim.call("hello").place();
    assert_eq!(client.next().await["type"], "StasisStart");
}

#[tokio::test]
async fn a_request_is_recorded_as_it_came() {
    let (sim, client) = start("hello").await;
    let request = client.request("POST", "/channels/a%2Fb/answer?x=1%202").header("origin", "http://o");
    request.header("user-agent", "tester").body("hi").send().await.unwrap();
    let seen = sim.wait_for_requests("POST", "/channels/*", 1).await.unwrap();
    assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/channels/a%2Fb/answer", "x=1%202"));
    assert_eq!((seen.header("Origin"), seen.header("user-agent")), (Some("http://o"), Some("tester")));
    assert_eq!((seen.body_text().as_str(), seen.status), ("hi", Some(404)));
    let handshake = sim.handshakes().remove(0);
    assert!(handshake.query.contains("app=hello") && handshake.status == Some(101));
}

#[tokio::test]
async fn subscribing_to_everything_counts_for_a_new_application_only() {
    let (sim, _first) = start("hello").await;
    let mut all = Client::connect_with(&sim, "all", "&subscribeAll=true").await;
    let call = sim.call("hello").place();
    assert_eq!(all.event("ChannelCreated").await["channel"]["id"], call.channel_id());
    let mut again = Client::connect_with(&sim, "hello", "&subscribeAll=true").await;
    sim.call("hello").channel_id("second").place();
    assert_eq!(again.next().await["type"], "StasisStart");
}
