//! Calls while the bus is away, and what a worker makes of them when it is back.

use std::time::Duration;

use crate::common::{hand_over, proxy::Dialog, soon};
use ari_bus::memory::MemoryBus;
use ari_client::{CallEnd, limits};

#[tokio::test(start_paused = true)]
async fn an_accept_waits_for_a_bus_that_is_away_and_is_then_repeated() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::offer(&bus, "17.1").await;
    proxy.accept = proxy.next_accept().await;
    bus.set_available(false);
    tokio::time::sleep(limits::ACCEPT_DEADLINE * 10).await;
    bus.set_available(true);
    proxy.renewed().await;
    proxy.event(crate::common::stasis_start("17.1")).await;
    soon(calls.recv()).await.unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_accept_without_an_answer_is_repeated_and_a_204_confirms_it() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::offer(&bus, "17.1").await;
    proxy.accept = proxy.next_accept().await;
    proxy.renewed().await;
    // Its first event is lost, and there is no second.
    let call = soon(calls.recv()).await.unwrap();
    assert_eq!((call.start().kind(), call.channel().id()), ("StasisStart", "17.1"));
    proxy.seq = 1;
    proxy.end().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_went_while_the_bus_was_away_ends_when_it_is_back() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    let outage = async || {
        bus.set_available(false);
        tokio::time::sleep(Duration::from_secs(60)).await;
        bus.set_available(true);
    };
    outage().await;
    // The proxy is back later than the worker.
    proxy.next_accept().await;
    proxy.renewed().await;
    assert!(!call.is_ended());
    outage().await;
    let accept = proxy.next_accept().await;
    proxy.answer(&accept.unique_id.unwrap(), 409, br#"{"message":"the dialog is over"}"#).await;
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    worker.stopped().await;
}
