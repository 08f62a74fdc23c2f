//! Whatever the bus brings: a log line at most, and the call goes on.

use crate::common::{Running, hand_over, of_channel, proxy::Dialog, soon, stasis_start};
use ari_bus::{Bus, memory::MemoryBus};
use ari_client::{Call, CallEnd, CommandErrorKind, limits};
use serde_json::json;
use tokio::sync::mpsc;

const GARBAGE: [&str; 9] = [
    "",
    "\0",
    "{",
    "[]",
    "null",
    "DUMMY",
    r#"{"type":1}"#,
    r#"{"unique_id":[]}"#,
    r#"{"application":"hello"}"#,
];

async fn one_call() -> (MemoryBus, Running, mpsc::Receiver<Call>, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (bus, worker, calls, proxy, call)
}

async fn kinds(call: &Call) -> Vec<(String, Option<u64>)> {
    let mut events = call.events();
    let mut kinds = Vec::new();
    while let Some(event) = soon(events.next()).await {
        kinds.push((event.kind().to_owned(), event.seq()));
    }
    kinds
}

#[tokio::test]
async fn garbage_everywhere_is_dropped() {
    let (bus, worker, mut calls, mut proxy, call) = one_call().await;
    let inbox = proxy.accept.events.rsplit_once("events.").unwrap().0.to_owned();
    for garbage in GARBAGE {
        bus.publish("hello", garbage.into()).await.unwrap();
        proxy.publish_event(garbage).await;
        proxy.publish_answer(garbage).await;
        for topic in ["events.99", "responses.99", "nonsense", "other.1", "events.1.2"] {
            bus.publish(&format!("{inbox}{topic}"), garbage.into()).await.unwrap();
        }
    }
    let bad_offers = [
        json!({ "application": "other", "dialog_id": "sim.1", "server_id": "sim" }),
        json!({ "application": "hello", "dialog_id": "", "server_id": "sim" }),
        json!({ "application": "hello", "dialog_id": "a b", "server_id": "sim" }),
        json!({ "application": "hello", "dialog_id": "a.>", "server_id": "sim" }),
        json!({ "application": "hello", "dialog_id": "a", "server_id": "sim", "protocol": 2, "term": 1, "commands": "x\r\ny" }),
        json!({ "application": "hello", "dialog_id": "a", "server_id": "sim", "protocol": -1 }),
        json!({ "application": "hello", "dialog_id": "a", "server_id": "sim", "term": "one" }),
    ];
    for offer in bad_offers {
        bus.publish("hello", offer.to_string().into()).await.unwrap();
    }
    proxy.event(of_channel("ChannelVarset", "17.1")).await;
    let answering = tokio::spawn(async move { call.channel().answer().await.map(|()| call) });
    proxy.expect("POST", "/channels/17.1/answer", 204).await;
    let call = soon(answering).await.unwrap().unwrap();
    proxy.end().await;
    assert_eq!(kinds(&call).await.len(), 4);
    assert!(calls.try_recv().is_err(), "garbage became a call");
    worker.stopped().await;
}

#[tokio::test]
async fn doubled_events_are_dropped_and_those_that_an_old_proxy_lost_leave_a_gap() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    let event = |n: u64| json!({ "type": "ChannelUserevent", "n": n });
    for seq in [2, 2, 1, 5, 4, 6] {
        proxy.event_as(event(seq), Some(seq), 1).await;
    }
    proxy.asked_for(3, 501).await;
    proxy.seq = 6;
    proxy.end().await;
    let mut events = call.events();
    let mut seen = Vec::new();
    while let Some(event) = soon(events.next()).await {
        if event.kind() == "ProxyGap" {
            assert_eq!(
                (event.seq(), event.json()["from"].as_u64(), event.json()["to"].as_u64()),
                (None, Some(3), Some(3))
            );
        }
        seen.push(event.seq().unwrap_or(0));
    }
    assert_eq!(seen, [1, 2, 0, 4, 5, 6, 7, 8]);
    worker.stopped().await;
}

#[tokio::test]
async fn events_of_another_term_or_dialog_or_without_a_number_are_dropped() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    proxy.event_as(json!({ "type": "ChannelUserevent" }), Some(2), 2).await;
    proxy.event_as(json!({ "type": "ProxyGone" }), None, 7).await;
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(2), 0).await;
    proxy.event_as(json!({ "type": "ChannelUserevent" }), None, 1).await;
    let own_id = std::mem::replace(&mut proxy.offer.dialog_id, "sim.other".to_owned());
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(2), 1).await;
    proxy.offer.dialog_id = own_id;
    proxy.end().await;
    assert_eq!(kinds(&call).await.len(), 3);
    worker.stopped().await;
}

#[tokio::test]
async fn events_that_nobody_reads_are_bounded_and_the_reader_is_told() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    let mut from_start = call.events();
    assert_eq!(soon(from_start.next()).await.unwrap().kind(), "StasisStart");
    for n in 0..limits::EVENTS_KEPT + 9 {
        proxy.event(json!({ "type": "ChannelUserevent", "n": n })).await;
    }
    proxy.event(json!({ "type": "ProxyEnded" })).await;
    soon(call.ended()).await;
    let gap = soon(from_start.next()).await.unwrap();
    assert_eq!((gap.kind(), gap.json()["events"].as_u64()), ("ProxyGap", Some(9)));
    let mut left = 0;
    while let Some(event) = soon(from_start.next()).await {
        left += 1;
        assert_eq!(event.seq(), Some(left + 10));
    }
    assert_eq!(left, limits::EVENTS_KEPT as u64);
    // Who begins to read now misses the StasisStart as well.
    assert_eq!(soon(call.events().next()).await.unwrap().json()["events"], 10);
    worker.stopped().await;
}

#[tokio::test]
async fn a_call_that_goes_to_another_worker_ends_here() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    let pending = tokio::spawn({
        let channel = call.channel();
        async move { channel.answer().await }
    });
    proxy.next_command().await;
    proxy.gone().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    for error in [soon(pending).await.unwrap(), call.channel().hold().await, call.channel().hangup().await] {
        assert_eq!(error.unwrap_err().kind(), CommandErrorKind::Gone);
    }
    let mut events = call.events();
    assert_eq!(soon(events.next()).await.unwrap().kind(), "StasisStart");
    assert!(soon(events.next()).await.is_none());
    assert_eq!(events.end(), Some(CallEnd::Gone));
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_another_has_or_that_is_refused_or_never_confirmed_is_dropped() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut taken = Dialog::offer(&bus, "17.1").await;
    let accept = taken.next_accept().await;
    taken.gone_to(&accept).await;

    let mut refused = Dialog::offer(&bus, "17.2").await;
    refused.accept = refused.next_accept().await;
    let unique_id = refused.accept.unique_id.clone().unwrap();
    refused.answer(&unique_id, 409, br#"{"message":"too late"}"#).await;

    let mut silent = Dialog::offer(&bus, "17.3").await;
    silent.accept = silent.next_accept().await;
    tokio::time::sleep(limits::ACCEPT_DEADLINE * 2).await;
    silent.event(stasis_start("17.3")).await;

    let mut proxy = Dialog::accepted(&bus, "17.4").await;
    assert_eq!(soon(calls.recv()).await.unwrap().channel().id(), "17.4");
    proxy.end().await;
    worker.stopped().await;
    assert!(calls.recv().await.is_none(), "an offer became a call that is not this worker's");
}

#[tokio::test]
async fn a_lost_start_is_made_up_for_by_the_offers_copy() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::offer(&bus, "17.1").await;
    proxy.accept = proxy.next_accept().await;
    proxy.seq = 1;
    proxy.event(of_channel("ChannelVarset", "17.1")).await;
    proxy.asked_for(1, 501).await;
    let call = soon(calls.recv()).await.unwrap();
    assert_eq!((call.start().kind(), call.channel().id()), ("StasisStart", "17.1"));
    proxy.end().await;
    assert_eq!(
        kinds(&call).await[..2],
        [("ProxyGap".to_owned(), None), ("ChannelVarset".to_owned(), Some(2))]
    );
    worker.stopped().await;
}
