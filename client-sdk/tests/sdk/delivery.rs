//! Events that are lost on the way, and what a worker says of those that it had.

use std::time::Duration;

use crate::common::{
    Running,
    beats::Control,
    hand_over,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, limits};
use serde_json::{Value, json};

async fn one_call() -> (MemoryBus, Running, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (bus, worker, proxy, call)
}

fn event(n: u64) -> Value {
    json!({ "type": "ChannelUserevent", "n": n })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_delivered_beyond_a_gap_until_it_is_filled() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    for seq in [2, 5, 6] {
        proxy.event_as(event(seq), Some(seq), 1).await;
    }
    proxy.asked_for(3, 204).await;
    let mut events = call.events();
    for seq in 1..=2 {
        assert_eq!(soon(events.next()).await.unwrap().seq(), Some(seq));
    }
    // What is sent again breaks off, and the rest is asked for.
    proxy.event_as(event(3), Some(3), 1).await;
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(3));
    proxy.asked_for(4, 204).await;
    for seq in 4..=7 {
        proxy.event_as(event(seq), Some(seq), 1).await;
        assert_eq!(soon(events.next()).await.unwrap().seq(), Some(seq));
    }
    proxy.seq = 7;
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_asked_for_again_and_given_up_in_the_end() {
    let (bus, worker, mut proxy, call) = one_call().await;
    let mut events = call.events();
    soon(events.next()).await.unwrap();
    proxy.event_as(event(4), Some(4), 1).await;
    proxy.asked_for(2, 204).await;
    // An outage costs no patience.
    bus.set_available(false);
    tokio::time::sleep(limits::GAP_PATIENCE * 3).await;
    bus.set_available(true);
    let mut asked = 1;
    while asked < 10 {
        match proxy.next().await {
            From::Resend(resend) => {
                assert_eq!(resend.from, 2);
                asked += 1;
            }
            From::Accept(accept) => proxy.answer(&accept.unique_id.unwrap(), 204, b"").await,
            other => panic!("{other:?}"),
        }
    }
    let gap = soon(events.next()).await.unwrap();
    assert_eq!((gap.kind(), gap.seq()), ("ProxyGap", None));
    assert_eq!((gap.json()["from"].as_u64(), gap.json()["to"].as_u64()), (Some(2), Some(3)));
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(4));
    proxy.seq = 4;
    proxy.end().await;
    soon(call.ended()).await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_gap_that_the_proxy_tells_of_stands_in_the_place_of_what_is_lost() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let mut events = call.events();
    soon(events.next()).await.unwrap();
    proxy.event_as(event(5), Some(5), 1).await;
    proxy.asked_for(2, 204).await;
    proxy.event_as(json!({ "type": "ProxyGap", "reason": "too many" }), Some(4), 1).await;
    for (kind, seq) in [("ProxyGap", 4), ("ChannelUserevent", 5)] {
        let event = soon(events.next()).await.unwrap();
        assert_eq!((event.kind(), event.seq()), (kind, Some(seq)));
    }
    proxy.seq = 5;
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn the_end_of_a_call_waits_for_what_is_missing_before_it() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(3), 1).await;
    proxy.asked_for(2, 204).await;
    assert!(!call.is_ended());
    proxy.event_as(event(2), Some(2), 1).await;
    soon(call.ended()).await;
    let kinds = |event: ari_client::Event| event.kind().to_owned();
    let mut events = call.events();
    assert_eq!(soon(events.next()).await.map(kinds).as_deref(), Some("StasisStart"));
    assert_eq!(soon(events.next()).await.map(kinds).as_deref(), Some("ChannelUserevent"));
    assert!(soon(events.next()).await.is_none());
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_lost_on_the_way_every_event_arrives_once_and_in_order() {
    const LAST: u64 = 60;
    for seed in 1..30u64 {
        let bus = MemoryBus::new();
        let (worker, mut calls) = hand_over(&bus, |worker| worker);
        let beats = Control::new(&bus).await.answering();
        let mut proxy = Dialog::accepted(&bus, "17.1").await;
        let call = soon(calls.recv()).await.unwrap();
        let mut state = seed;
        let mut lost = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 60) < 5
        };
        let mut from = 2;
        while !call.is_ended() {
            for seq in from..=LAST {
                let body = if seq == LAST { json!({ "type": "ProxyEnded" }) } else { event(seq) };
                if !lost() {
                    proxy.event_as(body, Some(seq), 1).await;
                }
            }
            if proxy.seq < LAST {
                proxy.seq = LAST;
                beats.list(&proxy);
            }
            tokio::select! {
                _ = call.ended() => {}
                said = proxy.next() => match said {
                    From::Resend(resend) => from = resend.from,
                    From::Ack(ack) => assert!(call.is_ended() && ack.seq == LAST),
                    other => panic!("{other:?}"),
                },
            }
        }
        let mut events = call.events();
        for seq in 1..LAST {
            assert_eq!(soon(events.next()).await.unwrap().seq(), Some(seq), "seed {seed}");
        }
        assert!(soon(events.next()).await.is_none());
        worker.stopped().await;
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_handler_is_through_everything_is_acknowledged_to_the_last_event() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker.limit(1),
        |call: Call| async move { call.channel().continue_in_dialplan().await },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    proxy.event(event(2)).await;
    // Nothing is acknowledged before the handler is through, here without a save.
    proxy.expect("POST", "/channels/17.1/continue", 204).await;
    proxy.acknowledged(2).await;
    // Meanwhile there is room for the next call.
    let mut next = Dialog::accepted(&bus, "17.2").await;
    next.expect("POST", "/channels/17.2/continue", 204).await;
    // The events come late, and one of them at its second attempt.
    tokio::time::sleep(Duration::from_secs(30)).await;
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(4), 1).await;
    proxy.asked_for(3, 204).await;
    proxy.event_as(event(3), Some(3), 1).await;
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(4), 1).await;
    proxy.acknowledged(4).await;
    next.acknowledged(1).await;
    next.end().await;
    next.acknowledged(4).await;
    worker.stopped().await;
    assert_eq!(bus.subscriptions(), 2, "only the test's own are left");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_another_workers_in_the_end_is_not_acknowledged() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move { call.channel().continue_in_dialplan().await },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    proxy.expect("POST", "/channels/17.1/continue", 204).await;
    proxy.acknowledged(1).await;
    proxy.gone().await;
    worker.stopped().await;
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(2), 1).await;
    assert!(futures_util::FutureExt::now_or_never(proxy.next()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_last_event_that_never_comes_is_not_waited_for_for_ever() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move { call.channel().continue_in_dialplan().await },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    proxy.expect("POST", "/channels/17.1/continue", 204).await;
    proxy.acknowledged(1).await;
    let before = tokio::time::Instant::now();
    worker.stopped().await;
    assert!(before.elapsed() < limits::SETTLE_WHEN_STOPPING * 2);
}
