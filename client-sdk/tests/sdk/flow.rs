//! Events that come faster than a handler reads them: they stay with the proxy meanwhile.

use std::time::Duration;

use crate::common::{
    Running,
    beats::{Answering, Control},
    hand_over,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::{Bus as _, memory::MemoryBus};
use ari_client::{Call, CallEnd, EventStream, limits};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

const KEPT: u64 = limits::EVENTS_KEPT as u64;
const MANY: u64 = 5 * KEPT;

async fn one_call() -> (MemoryBus, Running, Answering, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let beats = Control::new(&bus).await.answering();
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    beats.list(&proxy);
    soon(beats.another(1)).await;
    (bus, worker, beats, proxy, call)
}

fn event(n: u64) -> Value {
    json!({ "type": "ChannelUserevent", "n": n })
}

fn finished(playback: &str) -> Value {
    json!({ "type": "PlaybackFinished", "playback": { "id": playback, "state": "done" } })
}

/// A proxy that sends what it is asked for, all of it, and counts how often.
fn serve(bus: &MemoryBus, mut proxy: Dialog, events: Vec<Value>) -> JoinHandle<(Dialog, usize)> {
    let bus = bus.clone();
    tokio::spawn(async move {
        let last = events.len() as u64 + 1;
        let mut asked = 0;
        loop {
            match proxy.next().await {
                From::Resend(resend) => {
                    asked += 1;
                    let again = (resend.from..=last)
                        .map(|seq| proxy.envelope(&events[seq as usize - 2], Some(seq), 1))
                        .collect();
                    bus.publish_all(&proxy.accept.events, again).await.unwrap();
                }
                From::Ack(ack) => {
                    assert_eq!(ack.seq, last);
                    return (proxy, asked);
                }
                other => panic!("{other:?}"),
            }
        }
    })
}

/// All events after the StasisStart, from the second on, sent in one go.
async fn send_all(proxy: &mut Dialog, beats: &Answering, events: &[Value]) {
    for event in events {
        proxy.event(event.clone()).await;
    }
    beats.list_none();
    beats.list(proxy);
}

/// Reads so many events, the first of which has this number, and no gap.
async fn read(events: &mut EventStream, from: u64, count: u64) {
    for seq in from..from + count {
        let event = soon(events.next()).await.unwrap();
        assert_eq!(event.seq(), Some(seq), "{:?}", event.json());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_every_event_and_the_proxy_is_seldom_asked() {
    let (bus, worker, beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    let mut events: Vec<_> = (2..=MANY).map(event).collect();
    events.push(json!({ "type": "ProxyEnded" }));
    send_all(&mut proxy, &beats, &events).await;
    let proxy = serve(&bus, proxy, events);
    for seq in 1..=MANY {
        assert_eq!(soon(stream.next()).await.unwrap().seq(), Some(seq));
        sleep(Duration::from_millis(10)).await;
        if seq % 100 == 0 && !call.is_ended() {
            let named = soon(beats.another(0)).await.dialogs.first().and_then(|held| held.seq);
            assert!(named.is_none_or(|arrived| arrived <= seq + KEPT), "{named:?} have not arrived");
        }
    }
    assert!(soon(stream.next()).await.is_none());
    assert_eq!(stream.end(), Some(CallEnd::Ended));
    let (_, asked) = soon(proxy).await.unwrap();
    assert!(asked as u64 <= MANY / limits::EVENTS_ROOM as u64, "asked {asked} times");
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn while_there_is_no_room_nothing_is_asked_for_and_nothing_given_up() {
    let (_bus, worker, beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    let events: Vec<_> = (2..=MANY).map(event).collect();
    send_all(&mut proxy, &beats, &events).await;
    // A handler that is busy, now and then, for longer than a gap is waited for.
    for seq in 1..=10 {
        sleep(limits::GAP_PATIENCE * 2).await;
        assert!(futures_util::FutureExt::now_or_never(proxy.next()).is_none());
        read(&mut stream, seq, 1).await;
    }
    // The proxy cannot send all of it again any more, and says so.
    read(&mut stream, 11, KEPT - 10).await;
    let held = limits::HELD_EVENTS as u64;
    read(&mut stream, KEPT + 1, held).await;
    proxy.asked_for(KEPT + held + 1, 204).await;
    proxy.event_as(json!({ "type": "ProxyGap", "reason": "too many" }), Some(MANY - 1), 1).await;
    proxy.event_as(event(MANY), Some(MANY), 1).await;
    read(&mut stream, MANY - 1, 2).await;
    proxy.end().await;
    soon(call.ended()).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_playback_ends_for_a_handler_that_reads_nothing_meanwhile() {
    let (bus, worker, beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    let channel = call.channel();
    let playing = tokio::spawn(async move { channel.play("sound:long").await });
    let body = proxy.expect("POST", "/channels/17.1/play", 201).await;
    let playback = soon(playing).await.unwrap().unwrap();
    let mut events: Vec<_> = (2..=MANY).map(event).collect();
    events.push(finished(body["playbackId"].as_str().unwrap()));
    events.push(json!({ "type": "ProxyEnded" }));
    let before = Instant::now();
    send_all(&mut proxy, &beats, &events).await;
    soon(playback.finished()).await.unwrap();
    assert!(before.elapsed() < limits::FINISH_GRACE, "it was starved");
    // What it had without reading is not acknowledged.
    let saving = tokio::spawn({
        let call = call.clone();
        async move { call.save(&1).await }
    });
    assert_eq!(proxy.saved(1).await.1, None);
    soon(saving).await.unwrap().unwrap();
    let proxy = serve(&bus, proxy, events);
    let before = Instant::now();
    read(&mut stream, 1, MANY + 1).await;
    assert!(before.elapsed() < limits::RESEND_INTERVAL, "what there is room for is asked for at once");
    assert!(soon(stream.next()).await.is_none());
    soon(proxy).await.unwrap();
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_keeps_nobody_waiting_for_ever() {
    let (bus, worker, beats, mut proxy, call) = one_call().await;
    let (mut unread, mut other) = (call.events(), call.events());
    let channel = call.channel();
    let playing = tokio::spawn(async move { channel.play("sound:long").await });
    let body = proxy.expect("POST", "/channels/17.1/play", 201).await;
    let playback = soon(playing).await.unwrap().unwrap();
    let mut events: Vec<_> = (2..=MANY).map(event).collect();
    events.push(finished(body["playbackId"].as_str().unwrap()));
    events.push(json!({ "type": "ProxyEnded" }));
    // Some of it is lost on the way, that for which the handler waits too.
    send_all(&mut proxy, &beats, &events[..2 * KEPT as usize]).await;
    proxy.seq = MANY + 2;
    beats.list_none();
    beats.list(&proxy);
    read(&mut other, 1, KEPT).await;
    let before = Instant::now();
    let proxy = serve(&bus, proxy, events);
    soon(playback.finished()).await.unwrap();
    let waited = before.elapsed();
    assert!(waited >= limits::ROOM_PATIENCE / 2 && waited < limits::ROOM_PATIENCE * 2, "{waited:?}");
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    soon(proxy).await.unwrap();
    let gap = soon(unread.next()).await.unwrap();
    assert_eq!((gap.kind(), gap.json()["events"].as_u64()), ("ProxyGap", Some(MANY + 1 - KEPT)));
    read(&mut unread, MANY + 2 - KEPT, KEPT).await;
    assert!(soon(unread.next()).await.is_none());
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_stream_the_oldest_go() {
    let (_bus, worker, beats, mut proxy, call) = one_call().await;
    // One that is no more.
    drop(call.events());
    let events: Vec<_> = (2..=MANY).map(event).collect();
    send_all(&mut proxy, &beats, &events).await;
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    assert_eq!(beats.named(&proxy), Some(MANY));
    let mut stream = call.events();
    let gap = soon(stream.next()).await.unwrap();
    assert_eq!(gap.json()["events"].as_u64(), Some(MANY - KEPT));
    read(&mut stream, MANY - KEPT + 1, KEPT).await;
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_after_what_found_no_room_and_the_loss_of_a_call_at_once() {
    let (_bus, worker, beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    let last = KEPT + 9;
    let mut events: Vec<_> = (2..=last).map(event).collect();
    events.push(json!({ "type": "ProxyEnded" }));
    send_all(&mut proxy, &beats, &events).await;
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    assert!(!call.is_ended());
    assert_eq!(beats.named(&proxy), Some(KEPT));
    // What little found no room was held: nobody is asked for it.
    read(&mut stream, 1, last).await;
    assert!(soon(stream.next()).await.is_none());
    assert_eq!(stream.end(), Some(CallEnd::Ended));
    proxy.acknowledged(last + 1).await;
    worker.stopped().await;

    let (_bus, worker, beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    send_all(&mut proxy, &beats, &(2..=MANY).map(event).collect::<Vec<_>>()).await;
    proxy.gone().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    read(&mut stream, 1, KEPT).await;
    assert!(soon(stream.next()).await.is_none());
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn large_events_find_no_room_sooner() {
    const LARGE: usize = 256 << 10;
    let (bus, worker, beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    let mut events: Vec<_> =
        (0..40).map(|n| json!({ "type": "ChannelUserevent", "n": n, "text": "x".repeat(LARGE) })).collect();
    events.push(json!({ "type": "ProxyEnded" }));
    send_all(&mut proxy, &beats, &events).await;
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    let arrived = beats.named(&proxy).unwrap();
    assert!(arrived as usize * LARGE <= limits::EVENT_BYTES_KEPT + LARGE && arrived > 10, "{arrived}");
    let proxy = serve(&bus, proxy, events);
    read(&mut stream, 1, 41).await;
    assert!(soon(stream.next()).await.is_none());
    soon(proxy).await.unwrap();
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_answers_no_heartbeats_is_not_relied_upon() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    let mut stream = call.events();
    for n in 2..=MANY {
        proxy.event(event(n)).await;
    }
    proxy.end().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    let gap = soon(stream.next()).await.unwrap();
    assert_eq!(gap.json()["events"].as_u64(), Some(MANY + 2 - KEPT));
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_through_leaves_no_event_behind() {
    let (bus, worker, beats, mut proxy, call) = one_call().await;
    let stream = call.events();
    let mut events: Vec<_> = (2..=MANY).map(event).collect();
    events.push(json!({ "type": "ProxyEnded" }));
    send_all(&mut proxy, &beats, &events).await;
    drop(stream);
    let proxy = serve(&bus, proxy, events);
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    let asked = soon(proxy).await.unwrap().1;
    assert_eq!(asked, 1, "once is enough for all of them");
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_that_sends_nothing_again() {
    let (_bus, worker, _beats, mut proxy, call) = one_call().await;
    let mut stream = call.events();
    proxy.seq = 2;
    proxy.event(event(3)).await;
    proxy.asked_for(2, 501).await;
    read(&mut stream, 1, 1).await;
    assert_eq!(soon(stream.next()).await.unwrap().kind(), "ProxyGap");
    for n in 4..=MANY {
        proxy.event(event(n)).await;
    }
    proxy.end().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    let gap = soon(stream.next()).await.unwrap();
    assert_eq!(gap.json()["events"].as_u64(), Some(MANY + 2 - 2 - KEPT));
    worker.stopped().await;
}
