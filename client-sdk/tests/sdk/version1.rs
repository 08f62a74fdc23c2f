//! Calls of a version-1 proxy.

use std::time::Duration;

use crate::common::{Running, hand_over, of_channel, proxy, proxy1::Dialog, soon, stasis_start};
use ari_bus::{Bus, memory::MemoryBus};
use ari_client::{Call, CommandErrorKind, Method};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_played_to_and_hung_up() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            let channel = call.channel();
            channel.answer().await?;
            channel.play("sound:hello-world").await?.finished().await?;
            assert_eq!(channel.get_variable("A+B").await?, "x");
            channel.hangup().await
        },
    );
    let mut proxy = Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;

    let answer = proxy.next_command().await;
    assert_eq!((&answer["method"], &answer["url"]), (&json!("POST"), &json!("/channels/17.1/answer")));
    assert_eq!((&answer["body"], &answer["cmd_seq"]), (&json!("{}"), &json!(null)));
    proxy.answer("", 204, "").await;
    let play = proxy.next_command().await;
    let body: serde_json::Value = serde_json::from_str(play["body"].as_str().unwrap()).unwrap();
    proxy.answer("", 201, "{}").await;
    let playback = json!({ "id": body["playbackId"], "target_uri": "channel:17.1", "state": "done" });
    proxy.event(json!({ "type": "PlaybackFinished", "playback": playback })).await;
    // That proxy appends `?api_key=…` to whatever URL it gets: no query may stand there.
    let variable = proxy.next_command().await;
    assert_eq!(variable["url"], "/channels/17.1/variable");
    assert_eq!(variable["body"], r#"{"variable":"A+B"}"#);
    proxy.answer("", 200, r#"{"value":"x"}"#).await;
    assert_eq!(proxy.next_command().await["method"], "DELETE");
    proxy.event(of_channel("StasisEnd", "17.1")).await;
    proxy.answer("", 204, "").await;
    worker.stopped().await;
    assert_eq!(bus.subscriptions(), 1, "only the test's own is left");
}

#[tokio::test(start_paused = true)]
async fn commands_run_one_at_a_time_because_that_proxy_runs_them_all_at_once() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;
    let call = soon(calls.recv()).await.unwrap();
    let channel = call.channel();
    let both = tokio::spawn(async move { tokio::join!(channel.ring(), channel.answer()) });
    assert_eq!(proxy.next_command().await["url"], "/channels/17.1/ring");
    assert!(proxy.is_quiet().await);
    proxy.answer("", 204, "").await;
    assert_eq!(proxy.next_command().await["url"], "/channels/17.1/answer");
    proxy.answer("", 409, r#"{"message":"no"}"#).await;
    let (first, second) = soon(both).await.unwrap();
    assert_eq!((first.is_ok(), second.unwrap_err().kind()), (true, CommandErrorKind::Conflict));
    proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_with_an_id_is_not_taken_for_the_next_commands() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;
    let call = soon(calls.recv()).await.unwrap();
    let error = soon(call.channel().ring()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (CommandErrorKind::Timeout, false));
    let late = proxy.next_command().await;
    let next = tokio::spawn(call.command(Method::Get, "/channels").send());
    let current = proxy.next_command().await;
    proxy.answer(late["unique_id"].as_str().unwrap(), 404, "").await;
    proxy.answer(current["unique_id"].as_str().unwrap(), 200, "[]").await;
    assert_eq!(soon(next).await.unwrap().unwrap().text(), "[]");
    proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_given_up_keeps_its_turn_until_its_answer_came() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;
    let call = soon(calls.recv()).await.unwrap();
    let dropped = tokio::spawn(call.command(Method::Get, "/one").send());
    assert_eq!(proxy.next_command().await["url"], "/one");
    dropped.abort();
    let in_a_hurry = call.command(Method::Get, "/two").timeout(Duration::from_secs(1));
    let hurrying = tokio::spawn(in_a_hurry.send());
    assert!(proxy.is_quiet().await);
    proxy.answer("", 200, "one").await;
    assert_eq!(proxy.next_command().await["url"], "/two");
    assert_eq!(soon(hurrying).await.unwrap().unwrap_err().kind(), CommandErrorKind::Timeout);
    let last = tokio::spawn(call.command(Method::Get, "/three").send());
    assert!(proxy.is_quiet().await);
    proxy.answer("", 200, "two").await;
    assert_eq!(proxy.next_command().await["url"], "/three");
    proxy.answer("", 200, "three").await;
    assert_eq!(soon(last).await.unwrap().unwrap().text(), "three");
    proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn parameters_that_have_no_place_are_told_and_not_dropped() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;
    let call = soon(calls.recv()).await.unwrap();
    let error = soon(call.command(Method::Post, "/x").query("a", 1).json([1]).send()).await.unwrap_err();
    assert_eq!(error.kind(), CommandErrorKind::BadRequest);
    assert!(proxy.is_quiet().await);
    proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn garbage_and_the_end_of_other_channels_leave_the_call_alone() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::taken(&bus).await;
    for garbage in ["", "{", "[]", "null", r#"{"type":1}"#] {
        proxy.publish_event(garbage).await;
    }
    proxy.event(json!({ "type": "ChannelVarset" })).await;
    proxy.event(stasis_start("17.1")).await;
    proxy.event(of_channel("StasisEnd", "17.2")).await;
    let call = soon(calls.recv()).await.unwrap();
    let mut events = call.events();
    for kind in ["ChannelVarset", "StasisStart", "StasisEnd"] {
        assert_eq!(soon(events.next()).await.unwrap().kind(), kind);
    }
    assert!(!call.is_ended());
    proxy.event(of_channel("StasisEnd", "17.1")).await;
    // What follows at once still belongs to the call.
    proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
    for kind in ["StasisEnd", "ChannelDestroyed"] {
        assert_eq!(soon(events.next()).await.unwrap().kind(), kind);
    }
    assert!(soon(events.next()).await.is_none());
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_offer_whose_start_never_comes_takes_no_place_for_ever() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker.limit(1));
    let _silent = Dialog::taken(&bus).await;
    let mut proxy = proxy::Dialog::accepted(&bus, "17.2").await;
    assert_eq!(soon(calls.recv()).await.unwrap().channel().id(), "17.2");
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_finds_no_room_goes_back_to_the_pool() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker.limit(1));
    let mut first = proxy::Dialog::offer(&bus, "17.1").await;
    // On one thread nothing of the worker runs before its second offer is there.
    let _unserved = Dialog::offer(&bus).await;
    let mut other_worker = bus.join("hello", "another group").await.unwrap();
    first.start().await;
    soon(calls.recv()).await.unwrap();
    let offer = soon(other_worker.next()).await.unwrap();
    assert!(String::from_utf8_lossy(&offer.payload).contains("261ce677"), "{offer:?}");
    first.end().await;
    worker.stopped().await;
}
