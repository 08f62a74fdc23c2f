//! The events of one channel among those of its call, and the keys that are pressed on it.

use std::time::Duration;

use crate::common::{Running, hand_over, proxy::Dialog, soon};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CommandErrorKind as Kind, DTMF};
use serde_json::{Value, json};

/// So long that it never passes where a key has come.
const PATIENCE: Duration = Duration::from_secs(30);

async fn one_call() -> (Running, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (worker, proxy, call)
}

fn on(kind: &str, channel: &str) -> Value {
    json!({ "type": kind, "channel": { "id": channel } })
}

fn key(digit: &str, channel: &str) -> Value {
    json!({ "type": DTMF, "digit": digit, "channel": { "id": channel } })
}

#[tokio::test]
async fn a_channel_s_events_are_its_own_and_end_with_it() {
    let (worker, mut proxy, call) = one_call().await;
    let mut events = call.channel_by_id("leg").events();
    for event in [
        json!({ "type": "Dial", "peer": { "id": "leg" }, "caller": { "id": "17.1" } }),
        on("ChannelVarset", "17.1"),
        key("1", "leg"),
        json!({ "type": "PlaybackStarted", "playback": { "id": "p", "target_uri": "channel:leg" } }),
        on("StasisEnd", "leg"),
        on("ChannelDestroyed", "leg"),
    ] {
        proxy.event(event).await;
    }
    for kind in ["Dial", DTMF, "PlaybackStarted", "StasisEnd"] {
        assert_eq!(soon(events.next()).await.unwrap().kind(), kind);
    }
    assert!(soon(events.next()).await.is_none());
    assert_eq!(events.end(), None, "the call goes on");
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn an_event_is_waited_for_from_the_call_of_the_method_on() {
    let (worker, mut proxy, call) = one_call().await;
    let channel = call.channel();
    let (pressed, talking) = (channel.wait_for(DTMF), channel.wait_for("ChannelTalkingStarted"));
    proxy.event(key("5", "other")).await;
    proxy.event(key("7", "17.1")).await;
    proxy.event(on("StasisEnd", "17.1")).await;
    assert_eq!(soon(pressed).await.unwrap().text("/digit"), Some("7"));
    let error = soon(talking).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Gone);
    assert!(error.to_string().contains("ChannelTalkingStarted"), "{error}");
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn no_key_is_lost_between_two_questions() {
    let (worker, mut proxy, call) = one_call().await;
    let mut dtmf = call.channel().dtmf();
    for digit in ["1", "2", "3", "4", "#", "5", "*"] {
        proxy.event(key(digit, "17.1")).await;
    }
    let mut events = call.events();
    proxy.event(key("9", "other")).await;
    soon(events.find(|event| event.text("/digit") == Some("9"))).await.expect("all of them are here");
    assert_eq!(soon(dtmf.next()).await.unwrap(), '1');
    assert_eq!(soon(dtmf.digits(2, PATIENCE)).await.unwrap(), "23");
    assert_eq!(soon(dtmf.digits(9, PATIENCE)).await.unwrap(), "4", "up to the #");
    assert_eq!(soon(dtmf.next_within(PATIENCE)).await.unwrap(), Some('5'));
    let nothing = Duration::from_millis(1);
    assert_eq!(soon(dtmf.digits(2, nothing)).await.unwrap(), "*", "what there is");
    assert_eq!(soon(dtmf.next_within(nothing)).await.unwrap(), None);
    proxy.event(key("", "17.1")).await;
    proxy.event(on("StasisEnd", "17.1")).await;
    assert_eq!(soon(dtmf.next_within(PATIENCE)).await.unwrap_err().kind(), Kind::Gone);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn the_end_of_a_channel_is_found_before_and_after_it() {
    let (worker, mut proxy, call) = one_call().await;
    let [leg, caller] = [call.channel_by_id("leg"), call.channel()];
    let waiting = tokio::spawn({
        let leg = leg.clone();
        async move { leg.ended().await }
    });
    proxy.event(on("ChannelDestroyed", "leg")).await;
    soon(waiting).await.unwrap();
    soon(leg.ended()).await;
    assert!(!call.is_ended());
    proxy.end().await;
    soon(caller.ended()).await;
    soon(call.ended()).await;
    soon(call.channel_by_id("another").ended()).await;
    worker.stopped().await;
}
