//! Heartbeats, and what becomes of a worker's calls when it is cut off from their proxy.

use std::time::Duration;

use crate::common::{
    Running,
    beats::{Control, confirmed},
    hand_over,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CallEnd, CommandErrorKind as Kind, Method, limits};
use futures_util::FutureExt as _;
use serde_json::json;
use tokio::{sync::mpsc, time::sleep};

fn start(bus: &MemoryBus) -> (Running, mpsc::Receiver<Call>) {
    hand_over(bus, |worker| worker.name("w"))
}

#[tokio::test(start_paused = true)]
async fn the_first_heartbeat_is_there_before_the_first_accept() {
    let bus = MemoryBus::new();
    let (worker, _calls) = start(&bus);
    let mut control = Control::new(&bus).await;
    let mut proxy = Dialog::offer(&bus, "17.1").await;
    proxy.start().await;
    let beat = control.next().now_or_never().expect("the accept came first");
    assert!(beat.dialogs.is_empty() && beat.responses.starts_with("ari.worker."), "{beat:?}");
    assert_eq!(Some(&beat.worker_id), proxy.accept.worker_id.as_ref());
    assert!(
        beat.worker_id.starts_with("w-"),
        "a name that others have too is not enough: {}",
        beat.worker_id
    );
    assert_eq!(beat.load, 1);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn heartbeats_name_what_has_changed_and_now_and_then_everything() {
    let bus = MemoryBus::new();
    let (worker, _calls) = start(&bus);
    let mut control = Control::new(&bus).await;
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let mut seen = Vec::new();
    for n in 0..40u64 {
        let beat = control.next().await;
        seen.push(beat.dialogs.first().map(|held| held.seq.unwrap()));
        assert_eq!(
            beat.dialogs.first().map(|held| &held.root),
            beat.dialogs.first().map(|_| proxy.offer.root.as_ref().unwrap())
        );
        // A reply that does not come says nothing: the next heartbeat says it again.
        if n == 2 {
            // In parts, as any answer may come.
            let reply = json!({ "incarnation": "1", "dialogs": [confirmed(&proxy)] }).to_string();
            control.answer(&beat, 200, reply.as_bytes(), 300).await;
        } else if n != 4 {
            control.reply(&beat, vec![confirmed(&proxy)]).await;
        }
        if n == 3 {
            proxy.event(json!({ "type": "ChannelUserevent" })).await;
        }
    }
    assert_eq!(seen[..8], [None, Some(1), None, None, Some(2), Some(2), None, None]);
    let whole: Vec<usize> = (8..40).filter(|n| seen[*n].is_some()).collect();
    assert_eq!(whole, [30], "{seen:?}");
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_heartbeats_without_calls() {
    let bus = MemoryBus::new();
    let (worker, _calls) = start(&bus);
    let mut control = Control::new(&bus).await;
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    proxy.end().await;
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    while control.next().now_or_never().is_some() {}
    sleep(limits::HEARTBEAT_INTERVAL * 20).await;
    assert!(control.next().now_or_never().is_none());
    // They begin again with the next call.
    let mut proxy = Dialog::accepted(&bus, "17.2").await;
    assert!(control.next().now_or_never().is_some());
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_named_and_is_not_listed_is_gone() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let mut control = Control::new(&bus).await;
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    let before = control.next().await;
    // What was not named need not be listed.
    control.reply(&before, Vec::new()).await;
    let beat = control.next().await;
    assert_eq!(beat.dialogs.len(), 1);
    let garbage: [(u16, &[u8]); 4] =
        [(501, b"{}"), (200, b"null"), (200, b"\xff"), (200, br#"{"incarnation":"2","dialogs":[{}]}"#)];
    for (status, body) in garbage {
        control.answer(&beat, status, body, 1 << 20).await;
        let beat = control.next().await;
        assert_eq!(beat.dialogs.len(), 1, "not a reply to reckon with");
    }
    assert!(!call.is_ended());
    // Another term is another worker's, or another incarnation's.
    let beat = control.next().await;
    let mut other = confirmed(&proxy);
    other.term += 1;
    control.reply(&beat, vec![other]).await;
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    assert_eq!(call.channel().answer().await.unwrap_err().kind(), Kind::Gone);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_event_of_a_call_that_was_lost_is_found() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let beats = Control::new(&bus).await.answering();
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    // The proxy has sent event 2, which did not come.
    proxy.seq = 2;
    beats.list(&proxy);
    proxy.asked_for(2, 204).await;
    proxy.event_as(json!({ "type": "ProxyEnded" }), Some(2), 1).await;
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    proxy.acknowledged(2).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_cut_off_waits_with_what_it_does() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let beats = Control::new(&bus).await.answering();
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    let call = soon(calls.recv()).await.unwrap();
    soon(beats.another(1)).await;
    assert!(!call.is_cut_off());
    soon(call.reconnected()).await.unwrap();

    beats.answer(false);
    soon(call.cut_off()).await.unwrap();
    assert!(call.is_cut_off());
    let given_up = call.command(Method::Post, "/given-up").timeout(Duration::from_secs(3)).await.unwrap_err();
    assert_eq!((given_up.kind(), given_up.is_retryable()), (Kind::Unavailable, true));
    let waiting = tokio::spawn(call.command(Method::Post, "/waiting").send());
    let saving = tokio::spawn({
        let call = call.clone();
        async move { call.save(&1).await }
    });
    sleep(Duration::from_secs(10)).await;
    assert!(proxy.next().now_or_never().is_none(), "nothing is sent");

    beats.answer(true);
    soon(call.reconnected()).await.unwrap();
    for _ in 0..2 {
        match proxy.next().await {
            From::Save(save) => proxy.answer(&save.unique_id.unwrap(), 204, b"").await,
            From::Command(command) => {
                assert_eq!((command.url.as_ref(), command.cmd_seq), ("/waiting", Some(1)));
                proxy.answer(&command.unique_id, 204, b"").await;
            }
            other => panic!("{other:?}"),
        }
    }
    soon(waiting).await.unwrap().unwrap();
    soon(saving).await.unwrap().unwrap();

    // Once more; this time another worker has it then.
    beats.answer(false);
    soon(call.cut_off()).await.unwrap();
    beats.list_none();
    beats.answer(true);
    assert_eq!(soon(call.reconnected()).await.unwrap_err().kind(), Kind::Gone);
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    assert_eq!(call.cut_off().await.unwrap_err().kind(), Kind::Gone);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_handler_fails_while_it_is_cut_off_is_hung_up_afterwards() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker.command_timeout(Duration::from_secs(5)),
        |call: Call| async move {
            call.cut_off().await?;
            call.channel().answer().await
        },
    );
    let beats = Control::new(&bus).await.answering();
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    soon(beats.another(1)).await;
    beats.answer(false);
    sleep(Duration::from_secs(60)).await;
    assert!(proxy.next().now_or_never().is_none());
    beats.answer(true);
    proxy.expect("DELETE", "/channels/17.1", 204).await;
    proxy.acknowledged(1).await;
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn each_proxy_has_heartbeats_of_its_own() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let mut served = Vec::new();
    for server_id in ["one", "a proxy, 2"] {
        let beats = Control::of(&bus, server_id).await.answering();
        let mut proxy = Dialog::of(&bus, server_id, server_id).await;
        proxy.offer_again().await;
        proxy.start().await;
        beats.list(&proxy);
        let call = soon(calls.recv()).await.unwrap();
        assert_eq!(call.server_id(), server_id);
        assert_eq!(soon(beats.another(1)).await.dialogs.len(), 1);
        served.push((beats, proxy, call));
    }
    served[0].0.answer(false);
    soon(served[0].2.cut_off()).await.unwrap();
    assert!(!served[1].2.is_cut_off());
    served[0].0.list_none();
    served[0].0.answer(true);
    assert_eq!(soon(served[0].2.ended()).await, CallEnd::Gone);
    served[1].1.end().await;
    assert_eq!(soon(served[1].2.ended()).await, CallEnd::Ended);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_finds_itself_cut_off_before_it_does_anything() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let beats = Control::new(&bus).await.answering();
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    let call = soon(calls.recv()).await.unwrap();
    soon(beats.another(1)).await;
    let asked = call.clone();
    // Nothing runs in between: as if the process had been stopped.
    let standing_still = tokio::time::advance(limits::LEASE * 3);
    standing_still.await;
    assert!(asked.is_cut_off());
    // It asks at once, and goes on when the call is still its own.
    let answering = tokio::spawn(async move { asked.channel().answer().await });
    soon(call.reconnected()).await.unwrap();
    proxy.expect("POST", "/channels/17.1/answer", 204).await;
    soon(answering).await.unwrap().unwrap();
    tokio::time::advance(limits::LEASE * 3).await;
    beats.list_none();
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_old_proxy_never_cuts_anybody_off() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    assert!(tokio::time::timeout(limits::LEASE * 10, call.cut_off()).await.is_err());
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_never_comes_back_takes_no_room_for_ever() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let beats = Control::new(&bus).await.answering();
    let proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    let call = soon(calls.recv()).await.unwrap();
    soon(beats.another(1)).await;
    beats.answer(false);
    // The time without a bus does not count.
    sleep(limits::CUT_OFF_DEADLINE / 2).await;
    bus.set_available(false);
    sleep(limits::CUT_OFF_DEADLINE).await;
    assert!(!call.is_ended());
    bus.set_available(true);
    sleep(limits::CUT_OFF_DEADLINE / 2 + limits::LEASE * 2).await;
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_bus_is_no_end_of_a_call() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = start(&bus);
    let beats = Control::new(&bus).await.answering();
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    let call = soon(calls.recv()).await.unwrap();
    soon(beats.another(1)).await;
    bus.set_available(false);
    soon(call.cut_off()).await.unwrap();
    sleep(Duration::from_secs(300)).await;
    bus.set_available(true);
    proxy.renewed().await;
    soon(call.reconnected()).await.unwrap();
    assert!(!call.is_ended());
    proxy.end().await;
    worker.stopped().await;
}
