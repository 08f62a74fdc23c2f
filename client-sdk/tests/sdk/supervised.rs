//! Handlers that fail, and handlers that go on after their calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::common::{Running, hand_over, of_channel, proxy::Dialog, proxy1, soon, stasis_start};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CommandError, OnFailure, limits::WRAP_UP};
use tokio::{sync::Notify, time::sleep};

/// Tells when it is dropped.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_not_noticed_by_99_calls_beside_it() {
    const CALLS: usize = 100;
    let bus = MemoryBus::new();
    let (panics, untouched) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (now, finished) = (Arc::clone(&panics), Arc::clone(&untouched));
    let worker = Running::start(
        &bus,
        |worker| worker,
        move |call: Call| {
            let (now, finished) = (Arc::clone(&now), Arc::clone(&finished));
            async move {
                if call.channel().id() == "17.0" {
                    now.notified().await;
                    panic!("as the test wants it");
                }
                call.channel().answer().await?;
                let mut events = call.events();
                events.find(|event| event.kind() == "ChannelDtmfReceived").await.expect("a key");
                call.channel().hangup().await?;
                call.ended().await;
                finished.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        },
    );
    let mut dialogs = Vec::new();
    for n in 0..CALLS {
        dialogs.push(Dialog::accepted(&bus, &format!("17.{n}")).await);
    }
    let (panicking, others) = dialogs.split_first_mut().unwrap();
    for dialog in &mut *others {
        let url = format!("/channels/{}/answer", dialog.channel);
        dialog.expect("POST", &url, 204).await;
    }
    panics.notify_one();
    panicking.expect("DELETE", "/channels/17.0", 204).await;
    panicking.end().await;
    // All of them are in the middle of it.
    for dialog in others {
        let (channel, url) = (dialog.channel.clone(), format!("/channels/{}", dialog.channel));
        dialog.event(of_channel("ChannelDtmfReceived", &channel)).await;
        dialog.expect("DELETE", &url, 204).await;
        dialog.end().await;
    }
    worker.stopped().await;
    assert_eq!(untouched.load(Ordering::Relaxed), CALLS - 1);
}

#[tokio::test]
async fn the_call_of_a_handler_that_fails_goes_on_in_the_dialplan_if_the_worker_chose_that() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker.on_failure(OnFailure::Continue),
        |call: Call| async move {
            call.events().find(|event| event.kind() == "ChannelDtmfReceived").await;
            Err(call.channel().answer().await.unwrap_err())
        },
    );
    // The answer to the continuing, and the channels that are hung up after it.
    for (continued, hung_up) in
        [(204, &["17.2"][..]), (500, &["17.1", "17.2"]), (404, &["17.2"]), (409, &["17.2"])]
    {
        let mut proxy = Dialog::accepted(&bus, "17.1").await;
        proxy.event(stasis_start("17.2")).await;
        proxy.event(of_channel("ChannelDtmfReceived", "17.1")).await;
        proxy.expect("POST", "/channels/17.1/answer", 500).await;
        let mut commands = Vec::new();
        for _ in 0..=hung_up.len() {
            let command = proxy.next_command().await;
            let status = if command.method == "POST" { continued } else { 204 };
            proxy.answer(&command.unique_id, status, b"").await;
            commands.push(format!("{} {}", command.method, command.url));
        }
        commands.sort();
        let mut expected: Vec<_> =
            hung_up.iter().map(|channel| format!("DELETE /channels/{channel}")).collect();
        expected.push("POST /channels/17.1/continue".to_owned());
        assert_eq!(commands, expected, "{continued}");
        proxy.end().await;
    }
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_goes_on_after_its_call_is_dropped() {
    let bus = MemoryBus::new();
    let dropped = Arc::new(Notify::new());
    let tells = Arc::clone(&dropped);
    let worker = Running::start(
        &bus,
        |worker| worker.limit(1),
        move |_call: Call| {
            let dropped = Dropped(Arc::clone(&tells));
            async move {
                let _dropped = dropped;
                std::future::pending().await
            }
        },
    );
    let mut ended = Dialog::accepted(&bus, "17.1").await;
    ended.end().await;
    soon(dropped.notified()).await;
    // Its events are acknowledged as ever, and there is room for another call.
    ended.acknowledged(4).await;
    let another = Dialog::accepted(&bus, "17.2").await;
    another.gone().await;
    soon(dropped.notified()).await;
    let old = proxy1::Dialog::taken(&bus).await;
    old.event(stasis_start("17.3")).await;
    old.event(of_channel("StasisEnd", "17.3")).await;
    soon(dropped.notified()).await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_has_time_to_wrap_up_and_as_much_as_it_asks_for() {
    let bus = MemoryBus::new();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let worker = Running::start(
        &bus,
        |worker| worker.wrap_up(2 * WRAP_UP),
        move |call: Call| {
            let counted = Arc::clone(&counted);
            async move {
                call.ended().await;
                let work = match call.channel().id() {
                    "17.0" => WRAP_UP,
                    "17.1" => {
                        call.wrap_up(Duration::MAX);
                        20 * WRAP_UP
                    }
                    "17.2" => {
                        sleep(WRAP_UP).await;
                        call.wrap_up(6 * WRAP_UP);
                        4 * WRAP_UP
                    }
                    _ => {
                        call.wrap_up(Duration::ZERO);
                        WRAP_UP
                    }
                };
                sleep(work).await;
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        },
    );
    for n in 0..4 {
        Dialog::accepted(&bus, &format!("17.{n}")).await.end().await;
    }
    sleep(30 * WRAP_UP).await;
    worker.stopped().await;
    assert_eq!(done.load(Ordering::Relaxed), 3, "all but the one that wanted no time");
}

#[tokio::test(start_paused = true)]
async fn the_handler_of_a_call_that_is_up_has_all_the_time_there_is() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker.wrap_up(Duration::ZERO));
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    sleep(100 * WRAP_UP).await;
    let answering = tokio::spawn(async move { call.channel().answer().await });
    proxy.expect("POST", "/channels/17.1/answer", 204).await;
    soon(answering).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_handler_that_panics_before_its_first_await_loses_only_its_call() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| {
            assert_ne!(call.channel().id(), "17.1", "as the test wants it");
            async move { Err::<(), CommandError>(call.channel().answer().await.unwrap_err()) }
        },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    proxy.expect("DELETE", "/channels/17.1", 204).await;
    proxy.end().await;
    let mut other = Dialog::accepted(&bus, "17.2").await;
    other.expect("POST", "/channels/17.2/answer", 404).await;
    other.expect("DELETE", "/channels/17.2", 404).await;
    other.end().await;
    worker.stopped().await;
}
