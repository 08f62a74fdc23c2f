//! Calls that find one another.

use crate::common::{Running, hand_over, of_channel, proxy::Dialog, proxy1, soon, stasis_start};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, Calls, CommandErrorKind};
use tokio::sync::mpsc;

/// A worker whose calls are handed to the test, and those that can be found.
fn listed(bus: &MemoryBus) -> (Running, mpsc::Receiver<Call>, Calls) {
    let mut listed = None;
    let (worker, calls) = hand_over(bus, |worker| {
        listed = Some(worker.calls());
        worker
    });
    (worker, calls, listed.unwrap())
}

/// Waits until an event has come to its call.
async fn until(call: &Call, kind: &str, channel: &str) {
    let mut events = call.events();
    let wanted = events.find(|event| event.kind() == kind && event.channel_id() == Some(channel));
    soon(wanted).await.unwrap();
}

#[tokio::test]
async fn a_call_is_found_by_each_of_its_channels_while_it_has_them() {
    let bus = MemoryBus::new();
    let (worker, mut calls, listed) = listed(&bus);
    let mut one = Dialog::accepted(&bus, "17.1").await;
    let mut two = Dialog::accepted(&bus, "17.2").await;
    let (first, second) = (soon(calls.recv()).await.unwrap(), soon(calls.recv()).await.unwrap());

    let found = first.calls().find("17.2").unwrap();
    let hanging_up = tokio::spawn(async move { found.channel().hangup().await });
    two.expect("DELETE", "/channels/17.2", 204).await;
    soon(hanging_up).await.unwrap().unwrap();

    // One that it calls, before it is answered, and until it has left.
    let originate = second.originate("PJSIP/bob");
    let bob = originate.id().to_owned();
    let calling = tokio::spawn(async move { originate.await });
    two.expect("POST", "/channels", 200).await;
    soon(calling).await.unwrap().unwrap();
    assert_eq!(listed.find(&bob).unwrap().root(), second.root());
    two.event(stasis_start(&bob)).await;
    two.event(stasis_start("17.3")).await;
    until(&second, "StasisStart", "17.3").await;
    assert_eq!(listed.find("17.3").unwrap().root(), second.root());
    two.event(of_channel("StasisEnd", &bob)).await;
    until(&second, "StasisEnd", &bob).await;
    assert!(listed.find(&bob).is_none() && listed.find("17.4").is_none());

    for dialog in [&mut one, &mut two] {
        dialog.end().await;
    }
    worker.stopped().await;
    assert!(listed.is_empty());
}

#[tokio::test]
async fn a_call_that_was_found_may_be_over_at_any_time() {
    let bus = MemoryBus::new();
    let (worker, mut calls, listed) = listed(&bus);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    let found = listed.find("17.1").unwrap();
    proxy.end().await;
    soon(call.ended()).await;
    assert!(listed.find("17.1").is_none());
    let error = soon(found.channel().answer()).await.unwrap_err();
    assert_eq!(error.kind(), CommandErrorKind::Gone);
    // One that another worker has got.
    let lost = Dialog::accepted(&bus, "17.2").await;
    let call = soon(calls.recv()).await.unwrap();
    lost.gone().await;
    soon(call.ended()).await;
    assert!(listed.find("17.2").is_none());
    worker.stopped().await;
    assert!(listed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn ids_are_those_of_one_asterisk() {
    let bus = MemoryBus::new();
    let (worker, mut calls, listed) = listed(&bus);
    let mut here = Dialog::of(&bus, "here", "17.1").await;
    let mut there = Dialog::of(&bus, "there", "17.1").await;
    for proxy in [&mut here, &mut there] {
        proxy.offer_again().await;
        proxy.start().await;
        soon(calls.recv()).await.unwrap();
    }
    for server_id in ["here", "there"] {
        assert_eq!(listed.find_on(server_id, "17.1").unwrap().server_id(), server_id);
    }
    assert_eq!(listed.find("17.1").unwrap().server_id(), "there");
    let call = listed.find_on("there", "17.1").unwrap();
    there.end().await;
    soon(call.ended()).await;
    assert_eq!(listed.find("17.1").unwrap().server_id(), "here");
    here.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_calls_however_they_end() {
    let bus = MemoryBus::new();
    let mut listed = None;
    let worker = Running::start(
        &bus,
        |worker| {
            listed = Some(worker.calls());
            worker
        },
        |call: Call| async move {
            let id = call.channel().id().to_owned();
            let number: u32 = id.trim_start_matches("17.").parse().unwrap();
            assert_eq!(call.calls().find(&id).unwrap().root(), call.root());
            match number % 4 {
                0 => panic!("as the test wants it"),
                1 => Err(call.channel().answer().await.unwrap_err()),
                2 => Ok(()),
                _ => {
                    call.ended().await;
                    Ok(())
                }
            }
        },
    );
    for n in 0..400 {
        let mut proxy = Dialog::accepted(&bus, &format!("17.{n}")).await;
        proxy.event(stasis_start(&format!("18.{n}"))).await;
        match n % 8 {
            // Without events of its end.
            7 => proxy.gone().await,
            _ => proxy.end().await,
        }
    }
    let old = proxy1::Dialog::taken(&bus).await;
    old.event(stasis_start("17.3")).await;
    old.event(of_channel("StasisEnd", "17.3")).await;
    worker.stopped().await;
    assert!(listed.unwrap().is_empty());
}
