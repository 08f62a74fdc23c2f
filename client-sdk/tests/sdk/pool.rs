//! A worker as a member of pools: sharing, room, leaving; and how it stops.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::common::{
    Running, hand_over,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::{Bus, memory::MemoryBus};
use ari_client::{Call, Worker, WorkerError};
use tokio::sync::Notify;

#[tokio::test]
async fn a_pool_shares_the_calls() {
    let bus = MemoryBus::new();
    let (one, mut calls_of_one) = hand_over(&bus, |worker| worker);
    let (two, mut calls_of_two) = hand_over(&bus, |worker| worker);
    // Until both are there: one pool subscription and one inbox each.
    while bus.subscriptions() < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut dialogs = Vec::new();
    for n in 0..20 {
        dialogs.push(Dialog::offer(&bus, &format!("17.{n}")).await);
    }
    for dialog in &mut dialogs {
        dialog.start().await;
        dialog.end().await;
    }
    one.stopped().await;
    two.stopped().await;
    let count = |calls: &mut tokio::sync::mpsc::Receiver<Call>| {
        let mut count = 0;
        while calls.try_recv().is_ok() {
            count += 1;
        }
        count
    };
    let (one, two) = (count(&mut calls_of_one), count(&mut calls_of_two));
    assert_eq!(one + two, 20);
    assert!(one > 0 && two > 0, "{one} and {two}");
}

#[tokio::test]
async fn of_two_workers_that_accept_one_offer_one_has_the_call() {
    let bus = MemoryBus::new();
    let (one, mut calls_of_one) = hand_over(&bus, |worker| worker.queue("one"));
    let (two, mut calls_of_two) = hand_over(&bus, |worker| worker.queue("two"));
    while bus.subscriptions() < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut proxy = Dialog::offer(&bus, "17.1").await;
    proxy.accept = proxy.next_accept().await;
    let late = proxy.next_accept().await;
    assert_ne!(proxy.accept.events, late.events);
    proxy.event(crate::common::stasis_start("17.1")).await;
    proxy.gone_to(&late).await;
    proxy.end().await;
    one.stopped().await;
    two.stopped().await;
    let calls = [calls_of_one.recv().await.is_some(), calls_of_two.recv().await.is_some()];
    assert_eq!(calls.into_iter().filter(|has| *has).count(), 1);
}

#[tokio::test]
async fn a_full_worker_leaves_its_pools_and_comes_back() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker.limit(2).application("other"));
    let mut first = Dialog::accepted(&bus, "17.1").await;
    let mut second = Dialog::accepted(&bus, "17.2").await;
    // Its inbox and the two dialogs of the test are what is left.
    while bus.subscriptions() > 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    first.end().await;
    let mut third = Dialog::accepted(&bus, "17.3").await;
    for id in ["17.1", "17.2", "17.3"] {
        assert_eq!(soon(calls.recv()).await.unwrap().channel().id(), id);
    }
    second.end().await;
    third.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn what_had_arrived_before_leaving_is_declined() {
    let bus = MemoryBus::new();
    let (worker, _calls) = hand_over(&bus, |worker| worker.limit(1));
    let mut dialogs = Vec::new();
    for n in 0..3 {
        dialogs.push(Dialog::new(&bus, &format!("17.{n}")).await);
    }
    // On one thread nothing of the worker runs between the last two.
    dialogs[0].offer_again().await;
    for dialog in &dialogs[1..] {
        bus.publish("hello", serde_json::to_vec(&dialog.offer).unwrap().into()).await.unwrap();
    }
    dialogs[0].accept = dialogs[0].next_accept().await;
    dialogs[0].event(crate::common::stasis_start("17.0")).await;
    for dialog in &mut dialogs[1..] {
        let From::Decline(decline) = dialog.next().await else { panic!("not declined") };
        assert_eq!((decline.term, decline.reason.as_deref()), (1, Some("full")));
    }
    dialogs[0].end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_begin_here_is_left_to_others() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::new(&bus, "17.1").await;
    proxy.offer.start = Some(r#"{"type":"StasisStart"}"#.to_owned());
    proxy.offer_again().await;
    let From::Decline(decline) = proxy.next().await else { panic!("not declined") };
    assert_eq!((decline.term, decline.reason.as_deref()), (1, Some("unusable")));
    // What the offer does not show is found when the call is this worker's.
    proxy.offer.start = None;
    proxy.offer_again().await;
    proxy.accept = proxy.next_accept().await;
    proxy.event(serde_json::json!({ "type": "StasisStart", "channel": {} })).await;
    proxy.released().await;
    proxy.gone().await;
    worker.stopped().await;
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_loses_its_own_call_alone() {
    let bus = MemoryBus::new();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let worker = Running::start(
        &bus,
        |worker| worker,
        move |call: Call| {
            let done = Arc::clone(&counted);
            async move {
                match call.channel().id() {
                    "17.0" => panic!("as the test wants it"),
                    "17.1" => call.channel().answer().await?,
                    _ => {
                        call.ended().await;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(())
            }
        },
    );
    let mut dialogs = Vec::new();
    for n in 0..10 {
        dialogs.push(Dialog::accepted(&bus, &format!("17.{n}")).await);
    }
    dialogs[0].expect("DELETE", "/channels/17.0", 204).await;
    dialogs[1].expect("POST", "/channels/17.1/answer", 500).await;
    dialogs[1].expect("DELETE", "/channels/17.1", 404).await;
    for dialog in &mut dialogs {
        dialog.end().await;
    }
    worker.stopped().await;
    assert_eq!(done.load(Ordering::Relaxed), 8);
}

#[tokio::test]
async fn a_handler_that_fails_leaves_no_channel_of_its_call_in_silence() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            call.originate("PJSIP/bob").await?;
            // One may ring though there is an error, the other cannot.
            let _ = call.originate("PJSIP/carol").await;
            let _ = call.originate("PJSIP/nobody").await;
            call.events().find(|event| event.kind() == "ChannelDestroyed").await;
            panic!("as the test wants it")
        },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let bob = proxy.expect("POST", "/channels", 200).await["channelId"].as_str().unwrap().to_owned();
    let carol = proxy.expect("POST", "/channels", 500).await["channelId"].as_str().unwrap().to_owned();
    proxy.expect("POST", "/channels", 400).await;
    for channel in [&bob, "17.2", "17.3"] {
        proxy.event(crate::common::stasis_start(channel)).await;
    }
    proxy.event(crate::common::of_channel("StasisEnd", "17.2")).await;
    proxy.event(crate::common::of_channel("ChannelDestroyed", "17.3")).await;
    let mut hung_up = Vec::new();
    for _ in 0..3 {
        let command = proxy.next_command().await;
        proxy.answer(&command.unique_id, 204, b"").await;
        hung_up.push(format!("{} {}", command.method, command.url));
    }
    hung_up.sort();
    let mut left = ["17.1", &bob, &carol].map(|channel| format!("DELETE /channels/{channel}"));
    left.sort();
    assert_eq!(hung_up, left);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_stopping_worker_lets_its_calls_finish() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    soon(calls.recv()).await.unwrap();
    worker.stop.cancel();
    // It has left the pool, and its call goes on.
    while bus.subscriptions() > 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    proxy.end().await;
    worker.stopped().await;
    assert_eq!(bus.subscriptions(), 1, "only the test's own is left");
    assert!(bus.link().is_up(), "a bus that was given to the worker is not the worker's to close");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_finish_in_time_is_cancelled_and_given_to_another_worker() {
    struct Dropped(Arc<Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let bus = MemoryBus::new();
    let dropped = Arc::new(Notify::new());
    let noticed = Arc::clone(&dropped);
    let worker = Running::start(
        &bus,
        |worker| worker.drain_timeout(Duration::from_secs(1)),
        move |_call| {
            let dropped = Dropped(Arc::clone(&noticed));
            async move {
                let _dropped = dropped;
                std::future::pending().await
            }
        },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let stopping = tokio::spawn(worker.stopped());
    soon(dropped.notified()).await;
    proxy.released().await;
    soon(stopping).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_dropped_leaves_nothing_running() {
    let bus = MemoryBus::new();
    let (dropped, mut gone) = tokio::sync::mpsc::channel::<()>(1);
    let shared: Arc<dyn Bus> = Arc::new(bus.clone());
    let worker = Worker::with_bus(shared).application("hello").run(move |_call: Call| {
        let dropped = dropped.clone();
        async move {
            let _dropped = dropped;
            std::future::pending::<ari_client::Result>().await
        }
    });
    let running = tokio::spawn(worker);
    let _proxy = Dialog::accepted(&bus, "17.1").await;
    running.abort();
    assert!(soon(gone.recv()).await.is_none());
    while bus.subscriptions() > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_is_waited_for() {
    let bus = MemoryBus::new();
    bus.set_available(false);
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    tokio::time::sleep(Duration::from_secs(600)).await;
    bus.set_available(true);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    soon(calls.recv()).await.unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_bus_ends_the_worker_and_tells_its_calls() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let _proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    bus.close().await;
    assert_eq!(soon(call.ended()).await, ari_client::CallEnd::Closed);
    assert!(matches!(worker.ended().await, Err(WorkerError::Bus(_))));
}

#[tokio::test]
async fn settings_that_cannot_be_are_named() {
    let settings: [fn(Worker) -> Worker; 6] = [
        |worker| worker,
        |worker| worker.application("a b"),
        |worker| worker.application("a").queue("x >"),
        |worker| worker.application("a").limit(0),
        |worker| worker.application("a").prefix("a b."),
        |worker| worker.application("a").prefix("ari."),
    ];
    let names = ["application", "application", "queue", "limit", "prefix", "prefix"];
    for (set_up, expected) in settings.into_iter().zip(names) {
        let bus: Arc<dyn Bus> = Arc::new(MemoryBus::new());
        let error = set_up(Worker::with_bus(bus)).run(|_| async { Ok::<_, WorkerError>(()) }).await;
        assert!(matches!(error, Err(WorkerError::Setting { name, .. }) if name == expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_task_gets_its_answers() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            let answering = async { call.channel().answer().await };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(answering))
        },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    proxy.expect("POST", "/channels/17.1/answer", 204).await;
    proxy.end().await;
    worker.stopped().await;
}
