//! The typed operations, as the commands that they send and the events that they wait for.

use std::time::Duration;

use crate::common::{Running, described, hand_over, of_channel, proxy::Dialog, soon};
use ari_bus::memory::MemoryBus;
use ari_client::{
    Call, CommandErrorKind as Kind,
    ari::{Direction, SnoopDirection, channels},
};
use serde_json::{Value, json};

async fn one_call() -> (Running, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (worker, proxy, call)
}

#[tokio::test]
async fn operations_of_a_channel() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let channel = call.channel();
        channel.ring().await?;
        channel.ring_stop().await?;
        channel.answer().await?;
        channel.send_dtmf("12#").await?;
        channel.hold().await?;
        channel.unhold().await?;
        channel.set_variable("X", "a b").await?;
        call.channel_by_id("a/../b").answer().await?;
        channel.continue_in_dialplan().await
    });
    let none = Value::Null;
    for (method, url, body) in [
        ("POST", "/channels/17.1/ring", none.clone()),
        ("DELETE", "/channels/17.1/ring", none.clone()),
        ("POST", "/channels/17.1/answer", none.clone()),
        ("POST", "/channels/17.1/dtmf", json!({ "dtmf": "12#" })),
        ("POST", "/channels/17.1/hold", none.clone()),
        ("DELETE", "/channels/17.1/hold", none.clone()),
        ("POST", "/channels/17.1/variable", json!({ "variable": "X", "value": "a b" })),
        ("POST", "/channels/a%2F..%2Fb/answer", none.clone()),
        ("POST", "/channels/17.1/continue", none),
    ] {
        assert_eq!(proxy.expect(method, url, 204).await, body);
    }
    soon(handler).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn answers_with_a_body_are_read() {
    let (worker, mut proxy, call) = one_call().await;
    let channel = call.channel();
    let handler = tokio::spawn(async move {
        (
            channel.get_variable("CHANNEL(language)").await,
            channel.snapshot().await,
            channel.get_variable("X").await,
        )
    });
    for (url, body) in [
        ("/channels/17.1/variable?variable=CHANNEL%28language%29", r#"{"value":"en"}"#),
        ("/channels/17.1", &*described("17.1").to_string()),
        ("/channels/17.1/variable?variable=X", "no json"),
    ] {
        let command = proxy.next_command().await;
        assert_eq!(command.url, url);
        proxy.answer(&command.unique_id, 200, body.as_bytes()).await;
    }
    let (variable, snapshot, wrong) = soon(handler).await.unwrap();
    assert_eq!((variable.unwrap().as_str(), &snapshot.unwrap().extra["new"]), ("en", &json!(1)));
    assert_eq!(wrong.unwrap_err().kind(), Kind::Decode);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn bridges_and_originated_channels_have_ids_chosen_first() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let bridge = call.create_bridge("mixing").await?;
        bridge.add_channel(&call.channel()).await?;
        let callee = call
            .originate("PJSIP/bob")
            .caller_id("Alice <1>")
            .ring_for(Duration::from_secs(20))
            .args("callee")
            .variable("V", "1")
            .originator(&call.channel())
            .await?;
        bridge.remove_channel(&callee).await?;
        bridge.destroy().await?;
        Ok::<_, ari_client::CommandError>((bridge.id().to_owned(), callee.id().to_owned()))
    });
    let made = proxy.expect("POST", "/bridges", 200).await;
    let bridge = made["bridgeId"].as_str().unwrap();
    assert_eq!(made["type"], "mixing");
    let added = proxy.expect("POST", &format!("/bridges/{bridge}/addChannel"), 204).await;
    assert_eq!(added, json!({ "channel": "17.1" }));
    let mut originate = proxy.expect("POST", "/channels", 200).await;
    let callee = originate["channelId"].take();
    assert_eq!(
        originate,
        json!({ "endpoint": "PJSIP/bob", "app": "hello", "channelId": null, "callerId": "Alice <1>", "timeout": 20,
            "appArgs": "callee", "variables": { "V": "1" }, "originator": "17.1" })
    );
    let removed = proxy.expect("POST", &format!("/bridges/{bridge}/removeChannel"), 204).await;
    assert_eq!(removed["channel"], callee);
    proxy.expect("DELETE", &format!("/bridges/{bridge}"), 204).await;
    assert_eq!(
        soon(handler).await.unwrap().unwrap(),
        (bridge.to_owned(), callee.as_str().unwrap().to_owned())
    );
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_recording_is_waited_for() {
    let (worker, mut proxy, call) = one_call().await;
    let channel = call.channel();
    let handler = tokio::spawn(async move {
        let first =
            channel.record("a b").max_duration(Duration::from_secs(9)).beep().terminate_on("#").await?;
        let recorded = first.finished().await?;
        first.stop().await?;
        let second = channel.record("c").if_exists("overwrite").format("gsm").await?;
        Ok::<_, ari_client::CommandError>((recorded, second.finished().await.unwrap_err()))
    });
    let event = |kind: &str, name: &str| {
        json!({ "type": kind, "recording": { "name": name, "format": "wav", "duration": 3, "cause": "disk full",
            "state": "done", "target_uri": "channel:17.1" } })
    };
    let body = proxy.expect("POST", "/channels/17.1/record", 201).await;
    assert_eq!(
        body,
        json!({ "name": "a b", "format": "wav", "maxDurationSeconds": 9, "beep": true, "terminateOn": "#" })
    );
    proxy.event(event("RecordingFinished", "other")).await;
    proxy.event(event("RecordingFinished", "a b")).await;
    proxy.expect("POST", "/recordings/live/a%20b/stop", 404).await;
    let error = soon(handler).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_playback_ends_with_its_call_or_its_channel_or_in_failure() {
    let (worker, mut proxy, call) = one_call().await;
    let other = call.channel_by_id("17.2");
    let (mut failed, mut left, mut ended) = (None, None, None);
    for (channel, playback) in
        [(call.channel(), &mut failed), (other, &mut left), (call.channel(), &mut ended)]
    {
        let url = format!("/channels/{}/play", channel.id());
        let playing = tokio::spawn(async move { channel.play("sound:x").await });
        proxy.expect("POST", &url, 201).await;
        *playback = Some(soon(playing).await.unwrap().unwrap());
    }
    let (failed, left, ended) = (failed.unwrap(), left.unwrap(), ended.unwrap());
    let playback = json!({ "id": failed.id(), "state": "failed", "media_uri": "sound:x" });
    proxy.event(json!({ "type": "PlaybackFinished", "playback": playback })).await;
    assert_eq!(soon(failed.finished()).await.unwrap_err().kind(), Kind::Failed);
    proxy.event(of_channel("ChannelDestroyed", "17.2")).await;
    assert_eq!(soon(left.finished()).await.unwrap_err().kind(), Kind::Gone);
    assert!(!call.is_ended());
    proxy.end().await;
    let error = soon(ended.finished()).await.unwrap_err();
    assert_eq!((error.kind(), error.command()), (Kind::Gone, "POST /channels/17.1/play"));
    worker.stopped().await;
}

#[tokio::test]
async fn what_an_operation_can_do_without_is_said_with_it() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let channel = call.channel();
        let skip = Duration::from_secs(2);
        channel.play_all(["sound:a", "sound:b"]).with(|play| play.lang("fr").skip(skip)).await?;
        channel.mute().with(|mute| mute.direction(Direction::In)).await?;
        channel.unmute().await?;
        channel.continue_in_dialplan().with(|go| go.context("menu").extension("s").priority(2)).await?;
        call.create_bridge("holding").with(|create| create.name("queue").bridge_id("b")).await?;
        channel.hangup().with(|hangup| hangup.reason_code("21")).await?;
        let wrong = channel.play("sound:a").with(|play| play.offset(Duration::MAX)).await.unwrap_err();
        assert_eq!((wrong.kind(), wrong.status()), (Kind::BadRequest, None));
        Ok::<_, ari_client::CommandError>(())
    });
    let mut play = proxy.expect("POST", "/channels/17.1/play", 201).await;
    assert!(play["playbackId"].take().is_string());
    assert_eq!(
        play,
        json!({ "media": ["sound:a", "sound:b"], "lang": "fr", "skipms": 2000, "playbackId": null })
    );
    assert_eq!(proxy.expect("POST", "/channels/17.1/mute", 204).await, json!({ "direction": "in" }));
    proxy.expect("DELETE", "/channels/17.1/mute?direction=both", 204).await;
    assert_eq!(
        proxy.expect("POST", "/channels/17.1/continue", 204).await,
        json!({ "context": "menu", "extension": "s", "priority": 2 })
    );
    assert_eq!(
        proxy.expect("POST", "/bridges", 200).await,
        json!({ "type": "holding", "name": "queue", "bridgeId": "b" })
    );
    proxy.expect("DELETE", "/channels/17.1?reason_code=21", 404).await;
    soon(handler).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn what_makes_a_channel_yields_its_handle_whoever_chose_its_id() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let (own, other) = (call.channel(), channels::SnoopChannel::new("17.1", "other"));
        let ours = own.snoop().with(|snoop| snoop.spy(SnoopDirection::Both)).await?;
        let given = call.create_channel("PJSIP/bob").with(|create| create.channel_id("bob")).await?;
        let theirs = own.snoop().with(|_| other).await?;
        Ok::<_, ari_client::CommandError>([ours, given, theirs].map(|channel| channel.id().to_owned()))
    });
    let snoop = proxy.expect("POST", "/channels/17.1/snoop", 200).await;
    assert_eq!((&snoop["app"], &snoop["spy"]), (&json!("hello"), &json!("both")));
    let create = proxy.expect("POST", "/channels/create", 200).await;
    assert_eq!(create, json!({ "endpoint": "PJSIP/bob", "app": "hello", "channelId": "bob" }));
    let command = proxy.next_command().await;
    assert_eq!(command.body.as_deref(), Some(r#"{"app":"other"}"#));
    proxy.answer(&command.unique_id, 200, described("asterisk's").to_string().as_bytes()).await;
    let ids = soon(handler).await.unwrap().unwrap();
    assert_eq!(ids, [snoop["snoopId"].as_str().unwrap(), "bob", "asterisk's"]);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn handles_by_name_know_the_end_that_comes_after_them() {
    let (worker, mut proxy, call) = one_call().await;
    let (playback, recording) = (call.playback_by_id("p"), call.live_recording("r"));
    proxy.event(json!({ "type": "PlaybackFinished", "playback": { "id": "p", "state": "done" } })).await;
    proxy.event(json!({ "type": "RecordingFinished", "recording": { "name": "r", "duration": 3 } })).await;
    soon(playback.finished()).await.unwrap();
    assert_eq!(soon(recording.finished()).await.unwrap().duration, Some(3));
    let copy = tokio::spawn(async move { recording.stored().copy_to("s").await });
    let command = proxy.next_command().await;
    assert_eq!((&*command.method, &*command.url), ("POST", "/recordings/stored/r/copy"));
    proxy.answer(&command.unique_id, 201, br#"{"name":"s","format":"wav"}"#).await;
    assert_eq!(soon(copy).await.unwrap().unwrap().name(), "s");
    let never = call.playback_by_id("q");
    proxy.end().await;
    let error = soon(never.finished()).await.unwrap_err();
    assert_eq!((error.kind(), error.command()), (Kind::Gone, "playback q"));
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_waits_as_long_as_it_is_told() {
    let (worker, mut proxy, call) = one_call().await;
    let info = tokio::spawn(async move { call.asterisk().info().timeout(Duration::from_secs(1)).await });
    let command = proxy.next_command().await;
    assert_eq!(command.url, "/asterisk/info");
    let error = soon(info).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.command()), (Kind::Timeout, "GET /asterisk/info"));
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_bridge_that_is_shared_is_made_unless_it_is_there() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let room = call.shared_bridge("room 1", "mixing").await?;
        let same = call.shared_bridge("room 1", "mixing").await?;
        assert_eq!(room.id(), same.id());
        room.start_moh().await?;
        room.stop_moh().await?;
        room.channels().await
    });
    for status in [200, 409] {
        let made = proxy.expect("POST", "/bridges/room%201", status).await;
        assert_eq!(made, json!({ "type": "mixing" }));
    }
    proxy.expect("POST", "/bridges/room%201/moh", 204).await;
    proxy.expect("DELETE", "/bridges/room%201/moh", 204).await;
    let command = proxy.next_command().await;
    assert_eq!((command.method.as_ref(), command.url.as_ref()), ("GET", "/bridges/room%201"));
    let described = json!({
        "id": "room 1", "bridge_class": "stasis", "bridge_type": "mixing", "technology": "simple_bridge", "creator": "Stasis",
        "name": "", "channels": ["17.1"],
    });
    proxy.answer(&command.unique_id, 200, described.to_string().as_bytes()).await;
    assert_eq!(soon(handler).await.unwrap().unwrap(), ["17.1"]);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_bridge_that_asterisk_16_has_is_shared_too() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let shared = async || call.shared_bridge("room", "mixing").await.map(drop);
        [shared().await, shared().await].map(|made| made.map_err(|error| (error.kind(), error.status())))
    });
    for status in [200, 404] {
        proxy.expect("POST", "/bridges/room", 500).await;
        let command = proxy.next_command().await;
        assert_eq!((command.method.as_ref(), command.url.as_ref()), ("GET", "/bridges/room"));
        proxy.answer(&command.unique_id, status, b"").await;
    }
    assert_eq!(soon(handler).await.unwrap(), [Ok(()), Err((Kind::Internal, Some(500)))]);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn two_channels_are_connected_until_one_of_them_ends() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move { call.channel().connect(&call.channel_by_id("leg")).await });
    let made = proxy.expect("POST", "/bridges", 200).await;
    let bridge = format!("/bridges/{}", made["bridgeId"].as_str().unwrap());
    for channel in ["17.1", "leg"] {
        let added = proxy.expect("POST", &format!("{bridge}/addChannel"), 204).await;
        assert_eq!(added["channel"], channel);
    }
    proxy.event(of_channel("StasisEnd", "leg")).await;
    proxy.expect("DELETE", &bridge, 204).await;
    soon(handler).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_bridge_does_not_outlive_who_could_not_be_connected() {
    let (worker, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move { call.channel().connect(&call.channel_by_id("leg")).await });
    let made = proxy.expect("POST", "/bridges", 200).await;
    let bridge = format!("/bridges/{}", made["bridgeId"].as_str().unwrap());
    proxy.expect("POST", &format!("{bridge}/addChannel"), 204).await;
    proxy.expect("POST", &format!("{bridge}/addChannel"), 400).await;
    proxy.expect("DELETE", &bridge, 404).await;
    assert_eq!(soon(handler).await.unwrap().unwrap_err().kind(), Kind::BadRequest);
    proxy.end().await;
    worker.stopped().await;
}
