//! A worker that stops gives its calls to others.

use std::time::Duration;

use crate::common::{
    Running, of_channel,
    proxy::{Dialog, From},
    proxy1, soon, stasis_start,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CallEnd, CommandErrorKind as Kind, limits};
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};

/// A worker whose handler saves whenever the caller presses a key, and tells of each save and how it ended.
fn saving(bus: &MemoryBus, results: mpsc::Sender<(Option<Kind>, Option<CallEnd>)>) -> Running {
    Running::start(
        bus,
        |worker| worker,
        move |call: Call| {
            let results = results.clone();
            async move {
                let mut events = call.events();
                let mut steps = 0;
                let result = loop {
                    if events.find(|event| event.kind() == "ChannelDtmfReceived").await.is_none() {
                        break Ok(());
                    }
                    steps += 1;
                    if let Err(error) = call.save(&steps).await {
                        break Err(error);
                    }
                    results.send((None, None)).await.unwrap();
                };
                let kind = result.as_ref().err().map(ari_client::CommandError::kind);
                results.send((kind, Some(call.ended().await))).await.unwrap();
                result
            }
        },
    )
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_to_another_worker_at_its_next_save() {
    let bus = MemoryBus::new();
    let (sender, mut results) = mpsc::channel(9);
    let worker = saving(&bus, sender);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let mut other = Dialog::accepted(&bus, "17.2").await;
    proxy.event(of_channel("ChannelDtmfReceived", "17.1")).await;
    assert_eq!(proxy.saved(1).await, (json!(1), Some(2)));
    assert_eq!(soon(results.recv()).await.unwrap(), (None, None));
    let before = Instant::now();
    let stop = worker.stop.clone();
    stop.cancel();
    tokio::time::sleep(Duration::from_secs(3)).await;
    proxy.event(of_channel("ChannelDtmfReceived", "17.1")).await;
    assert_eq!(proxy.saved(2).await, (json!(2), Some(3)));
    proxy.released().await;
    assert_eq!(soon(results.recv()).await.unwrap(), (Some(Kind::HandedOver), Some(CallEnd::HandedOver)));
    // One that needs no save finishes as ever.
    other.end().await;
    assert_eq!(soon(results.recv()).await.unwrap(), (None, Some(CallEnd::Ended)));
    worker.stopped().await;
    assert!(before.elapsed() < limits::DRAIN_TIMEOUT);
    // Nothing was hung up, and nothing acknowledged that another worker is to have.
    assert!(futures_util::FutureExt::now_or_never(proxy.next()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_release_is_said_again_until_it_is_confirmed_or_left_to_the_lease() {
    let bus = MemoryBus::new();
    let (sender, mut results) = mpsc::channel(9);
    let worker = saving(&bus, sender);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    worker.stop.cancel();
    proxy.event(of_channel("ChannelDtmfReceived", "17.1")).await;
    proxy.saved(1).await;
    let mut releases = Vec::new();
    for _ in 0..3 {
        match proxy.next().await {
            From::Release(release) => releases.push(release),
            other => panic!("{other:?}"),
        }
    }
    assert!(releases.iter().all(|release| *release == releases[0]));
    assert_eq!(soon(results.recv()).await.unwrap().0, Some(Kind::HandedOver));
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_that_its_handler_does_not_wait_for_is_still_made() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            call.events().find(|event| event.kind() == "ChannelDtmfReceived").await;
            // It loses patience in the middle of it.
            let _ = tokio::time::timeout(Duration::from_millis(500), call.save(&1)).await;
            Ok(())
        },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    worker.stop.cancel();
    proxy.event(of_channel("ChannelDtmfReceived", "17.1")).await;
    proxy.saved(1).await;
    assert!(matches!(proxy.next().await, From::Release(_)));
    proxy.released().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn calls_of_version_1_that_do_not_finish_in_time_are_hung_up() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker.drain_timeout(Duration::from_secs(1)),
        |_call| std::future::pending(),
    );
    let mut proxy = proxy1::Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;
    let stopping = tokio::spawn(worker.stopped());
    let command = proxy.next_command().await;
    assert_eq!((&command["method"], &command["url"]), (&json!("DELETE"), &json!("/channels/17.1")));
    proxy.answer("", 204, "").await;
    soon(stopping).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_away_does_not_keep_a_stopping_worker() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker.drain_timeout(Duration::from_secs(1)),
        |_call| std::future::pending(),
    );
    let _proxy = Dialog::accepted(&bus, "17.1").await;
    bus.set_available(false);
    let before = Instant::now();
    worker.stopped().await;
    assert!(before.elapsed() < Duration::from_secs(10));
}
