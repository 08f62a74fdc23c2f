//! Faults between the bus and its broker, and whatever else ends a connection, a channel or a consumer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_bus::{Bus, BusError, BusErrorKind, BusOptions, Link, Reach, Topics};
use ari_testbed::RabbitMq;
use ari_tests::fault_proxy::{FaultProxy, Way};
use bytes::Bytes;

use super::{
    back, broker, connect, connected, down,
    inside::{close_connection, has_written_all, waiting},
    next, offer, publish, queues,
    somebody::Somebody,
    until, up, within,
};

/// The broker still believes in the old connection, which holds the inbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_connection_is_noticed_and_its_inbox_comes_back() {
    let broker = broker().await;
    let network = FaultProxy::before(broker.port()).await;
    let url = network.url(&broker.url(), broker.port());
    let (reader, sender) = (connect(&url, BusOptions::default()), connected(&broker).await);
    up(&*reader).await;
    let mut inbox = reader.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap();
    let mut pool = reader.join("app", "workers").await.unwrap();
    network.halve(Way::Both);
    down(&*reader).await;
    up(&*reader).await;
    publish(&*sender, "ari.worker.1.events", "back").await;
    assert_eq!(next(&mut inbox).await, "back");
    publish(&*sender, "app", "fresh").await;
    assert_eq!(next(&mut pool).await, "fresh");
}

/// Whether a declaration worked that was under way with the connection nobody knows: what has its name is looked at first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declaration_that_was_lost_deletes_nobody_elses_queue() {
    let broker = broker().await;
    let network = FaultProxy::before(broker.port()).await;
    let bus = connect(&network.url(&broker.url(), broker.port()), BusOptions::default());
    up(&*bus).await;
    bus.declare("ours").await.unwrap();
    Somebody::at(&broker).await.declares("theirs").await;
    network.halve(Way::ToServer);
    let (lost, not_deleted) = tokio::join!(bus.declare("theirs"), bus.delete("ours"));
    assert!(lost.unwrap_err().is_retryable() && not_deleted.unwrap_err().is_retryable());
    up(&*bus).await;
    until("what was remembered is done", async || queues(&broker, "ours").await == 0).await;
    assert_eq!(bus.declare("theirs").await.unwrap_err().kind(), BusErrorKind::Refused);
}

/// Leases stand still while the link is down: it must be known before a heartbeat would tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_pause_is_told_and_costs_no_subscription() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let mut inbox = bus.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap();
    broker.pause().await.unwrap();
    // With a lost heartbeat it would say something else.
    assert!(down(&*bus).await.contains("does not answer"));
    broker.resume().unwrap();
    up(&*bus).await;
    publish(&*bus, "ari.worker.1.events", "back").await;
    assert_eq!(next(&mut inbox).await, "back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_takes_no_messages_counts_as_away() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let mut reader = bus.subscribe(Topics::One("plain".to_owned())).await.unwrap();
    publish(&*bus, "plain", "before").await;
    assert_eq!(next(&mut reader).await, "before");
    broker.json("vm_memory_monitor:set_vm_memory_high_watermark(0.0001), true").await.unwrap();
    // It tells whoever publishes next.
    until("it says so", async || {
        let _ =
            tokio::time::timeout(Duration::from_millis(100), bus.publish("plain", Bytes::from_static(b"x")))
                .await;
        !bus.link().is_up()
    })
    .await;
    assert!(down(&*bus).await.contains("takes no messages"));
    let refused = bus.publish("plain", Bytes::from_static(b"y")).await.unwrap_err();
    assert_eq!(refused.kind(), BusErrorKind::Unavailable);
    broker.json("vm_memory_monitor:set_vm_memory_high_watermark(0.6), true").await.unwrap();
    up(&*bus).await;
    publish(&*bus, "plain", "after").await;
    while next(&mut reader).await != "after" {}
}

/// The broker closes the channel over it, and forgets what others had under way there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_the_broker_refuses_costs_nobody_else_s() {
    const SENDERS: usize = 20;
    const MESSAGES: usize = 200;
    const REFUSED: usize = 50;
    let broker =
        RabbitMq::start_with("max_message_size = 100000").await.unwrap_or_else(|error| panic!("{error}"));
    let bus = connected(&broker).await;
    bus.declare("plain").await.unwrap();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let bus = Arc::clone(&bus);
            tokio::spawn(async move {
                for _ in 0..MESSAGES {
                    publish_in_the_end(&*bus, &[5]).await.unwrap();
                }
            })
        })
        .collect();
    for _ in 0..REFUSED {
        // In the middle of others that the broker takes.
        let error = publish_in_the_end(&*bus, &[5, 200_000, 5]).await.unwrap_err();
        assert_eq!(error.kind(), BusErrorKind::Refused, "{error}");
    }
    for sender in senders {
        within("a sender's end", sender).await.unwrap();
    }
    let (arrived, _) = waiting(&broker, "plain").await;
    assert!(arrived >= (SENDERS * MESSAGES + REFUSED * 2) as u64, "{arrived}");
}

/// Publishes messages of these sizes, again while the broker cannot be reached: what is sent on a channel at the moment
/// of its end may end the connection.
async fn publish_in_the_end(bus: &dyn Bus, sizes: &[usize]) -> Result<(), BusError> {
    let payloads: Vec<_> = sizes.iter().map(|size| Bytes::from(vec![b'x'; *size])).collect();
    loop {
        match bus.publish_all("plain", payloads.clone()).await {
            Err(error) if error.is_retryable() => tokio::time::sleep(Duration::from_millis(10)).await,
            done => return done,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_that_somebody_deletes_are_declared_again() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let mut plain = bus.subscribe(Topics::One("plain".to_owned())).await.unwrap();
    let mut pool = bus.join("app", "workers").await.unwrap();
    let mut under = bus.subscribe(Topics::Under("commands_pbx.".to_owned())).await.unwrap();
    bus.declare("commands_pbx.1").await.unwrap();
    Somebody::at(&broker).await.deletes(["plain", "app", "commands_pbx.1"]).await;
    until("they are back", async || {
        let consumers = broker.queues().await.unwrap();
        consumers.iter().filter(|queue| queue.consumers == 1).count() == 3
    })
    .await;
    for (queue, subscription) in [("plain", &mut plain), ("app", &mut pool), ("commands_pbx.1", &mut under)] {
        publish(&*bus, queue, "hello").await;
        assert_eq!(next(subscription).await, "hello");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_somebody_else_s_is_never_deleted() {
    let broker = broker().await;
    let bus =
        connect(&broker.url(), BusOptions { queue_journal: Some("pbx".to_owned()), ..BusOptions::default() });
    up(&*bus).await;
    Somebody::at(&broker).await.declares("theirs").await;
    assert_eq!(bus.declare("theirs").await.unwrap_err().kind(), BusErrorKind::Refused);
    let link = bus.link();
    broker.restart().await.unwrap();
    back(link).await;
    assert_eq!(queues(&broker, "theirs").await, 1);
}

/// The reader has not taken them when the connection is lost: the broker sends them again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_its_reader_in_an_outage_comes_once() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let mut reader = bus.subscribe(Topics::One("plain".to_owned())).await.unwrap();
    let texts = ["one", "two", "three"];
    for text in texts {
        publish(&*bus, "plain", text).await;
    }
    until("they are with the reader", async || waiting(&broker, "plain").await == (0, 3)).await;
    let link = bus.link();
    broker.close_connections().await.unwrap();
    back(link).await;
    publish(&*bus, "plain", "last").await;
    for text in texts.into_iter().chain(["last"]) {
        assert_eq!(next(&mut reader).await, text);
    }
}

/// Nobody has a copy of what the broker has sent to an inbox: it is not lost with the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_to_an_inbox_outlives_its_connection() {
    let lose = async |broker: &RabbitMq| {
        until("it is in the sockets", async || has_written_all(broker).await).await;
        broker.close_connections().await.unwrap();
    };
    an_inbox_outlives(10, lose).await;
}

/// Much of it is still under way when the other connection of the link, the one that publishes, is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_to_an_inbox_outlives_the_other_connection() {
    an_inbox_outlives(2_000, async |broker| close_connection(broker, "reader (publishes)").await).await;
}

/// `lose` ends a connection of the reader's, or both, when the broker has sent all that it has for the inbox.
async fn an_inbox_outlives(payload: usize, lose: impl AsyncFnOnce(&RabbitMq)) {
    // More than a subscription holds.
    const MANY: usize = 3000;
    let broker = broker().await;
    let reading =
        BusOptions { client_name: "reader".to_owned(), deadline: super::PATIENCE, ..BusOptions::default() };
    let (bus, sender) = (connect(&broker.url(), reading), connected(&broker).await);
    up(&*bus).await;
    let mut inbox = bus.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap();
    let numbers = (0..MANY).map(|number| Bytes::from(format!("{number:0payload$}"))).collect();
    sender.publish_all("ari.worker.1.events", numbers).await.unwrap();
    until("they have left the queue", async || waiting(&broker, "ari.worker.1").await.0 == 0).await;
    let mut link = bus.link();
    lose(&broker).await;
    within("the link went down", link.changed()).await;
    for number in 0..MANY {
        assert_eq!(next(&mut inbox).await, format!("{number:0payload$}"));
    }
    up(&*bus).await;
    up(&*sender).await;
    publish(&*sender, "ari.worker.1.events", "last").await;
    assert_eq!(next(&mut inbox).await, "last");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_another_connection_holds_is_told_as_such() {
    let broker = broker().await;
    let deadline = Duration::from_secs(1);
    let (holder, bus) =
        (connected(&broker).await, connect(&broker.url(), BusOptions { deadline, ..BusOptions::default() }));
    up(&*bus).await;
    let inbox = || Topics::Under("ari.worker.1.".to_owned());
    let held = holder.subscribe(inbox()).await.unwrap();
    let error = bus.subscribe(inbox()).await.unwrap_err();
    assert_eq!(error.kind(), BusErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("exclusive"), "{error}");
    drop(held);
}

/// A member that holds an offer and dies gives it back too late for anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_that_was_held_until_it_expired_goes_to_nobody() {
    let broker = broker().await;
    let (proxy, worker) = (connected(&broker).await, connected(&broker).await);
    let holding = worker.join("app", "workers").await.unwrap();
    let reach = proxy.offer("app", Bytes::from_static(b"stale"), Duration::from_millis(500)).await.unwrap();
    assert_eq!(reach, Reach::Somebody);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut other = worker.join("app", "workers").await.unwrap();
    within("the leave", holding.leave()).await;
    publish(&*proxy, "app", "fresh").await;
    assert_eq!(next(&mut other).await, "fresh");
}

/// That a worker listens is taken for granted for a moment: what is offered to one that has just left waits for the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_is_heard_if_it_is_said_to_be() {
    let broker = broker().await;
    let (proxy, worker) = (connected(&broker).await, connected(&broker).await);
    let mut member = worker.join("app", "workers").await.unwrap();
    assert_eq!(offer(&*proxy, "app", "heard").await, Reach::Somebody);
    assert_eq!(next(&mut member).await, "heard");
    within("the leave", member.leave()).await;
    let left_behind = offer(&*proxy, "app", "left behind").await;
    let mut member = worker.join("app", "workers").await.unwrap();
    assert_eq!(offer(&*proxy, "app", "the next").await, Reach::Somebody);
    if left_behind == Reach::Somebody {
        assert_eq!(next(&mut member).await, "left behind");
    }
    assert_eq!(next(&mut member).await, "the next");
}

/// Under load, many times: nothing hangs, and what is published when it is over arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_under_load_comes_back_each_time() {
    let broker = broker().await;
    let (sender, reader) = (connected(&broker).await, connected(&broker).await);
    let mut inbox = reader.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap();
    let mut pool = reader.join("app", "workers").await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..20)
        .map(|number| {
            let (sender, ended) = (Arc::clone(&sender), Arc::clone(&ended));
            tokio::spawn(async move {
                let topics = [format!("ari.worker.1.load.{number}"), "app".to_owned()];
                while !ended.load(Ordering::Relaxed) {
                    for topic in &topics {
                        let sent =
                            within("a publish", sender.publish(topic, Bytes::from_static(b"load"))).await;
                        if sent.is_err() {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                    }
                }
            })
        })
        .collect();
    for _ in 0..3 {
        assert_eq!(next(&mut inbox).await, "load");
        assert_eq!(next(&mut pool).await, "load");
        broker.kill().await.unwrap();
        down(&*sender).await;
        down(&*reader).await;
        broker.start_again().await.unwrap();
        up(&*sender).await;
        up(&*reader).await;
    }
    ended.store(true, Ordering::Relaxed);
    for task in load {
        within("the load's end", task).await.unwrap();
    }
    publish(&*sender, "ari.worker.1.last", "last").await;
    while next(&mut inbox).await != "last" {}
    publish(&*sender, "app", "last").await;
    while next(&mut pool).await != "last" {}
    within("the close", reader.close()).await;
}

/// As `close` does, without the goodbye.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_dropped_ends_its_subscriptions() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let mut subscriptions = [
        bus.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap(),
        bus.subscribe(Topics::One("plain".to_owned())).await.unwrap(),
        bus.join("app", "workers").await.unwrap(),
    ];
    let link = bus.link();
    drop(bus);
    for subscription in &mut subscriptions {
        assert_eq!(within("the end", subscription.next()).await, None);
    }
    assert_eq!(link.now(), Link::Closed);
    until("the broker is left", async || broker.connections().await.unwrap() == 0).await;
}
