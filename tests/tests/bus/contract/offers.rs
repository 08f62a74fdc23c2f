//! Offers: whether anybody is there, known without waiting for an answer.

use std::{sync::Arc, time::Duration};

use ari_bus::{BusErrorKind, Reach, Topics};
use ari_tests::process::Process;
use bytes::Bytes;

use super::{
    brokers::Broker,
    support::{EXPIRES, bytes, connected, next, offer, publish, unique, until, within},
};

pub(crate) async fn an_offer_to_nobody_is_known_to_reach_nobody<B: Broker>() {
    let broker = B::shared().await;
    let (proxy, worker) = (connected(broker).await, connected(broker).await);
    let topic = unique("app");
    for _ in 0..3 {
        assert_eq!(offer(&*proxy, &topic, "to nobody").await, Reach::Nobody);
    }
    // Nothing of it was kept.
    let mut member = worker.join(&topic, "workers").await.unwrap();
    assert_eq!(offer(&*proxy, &topic, "to somebody").await, Reach::Somebody);
    assert_eq!(next(&mut member).await, "to somebody");
}

pub(crate) async fn an_offer_reaches_somebody_and_arrives_once<B: Broker>() {
    let broker = B::shared().await;
    let (proxy, worker) = (connected(broker).await, connected(broker).await);
    let (pool, plain) = (unique("app"), unique("plain"));
    let mut member = worker.join(&pool, "workers").await.unwrap();
    let mut reader = worker.subscribe(Topics::One(plain.clone())).await.unwrap();
    assert_eq!(offer(&*proxy, &pool, "one").await, Reach::Somebody);
    assert_eq!(offer(&*proxy, &pool, "two").await, Reach::Somebody);
    publish(&*proxy, &pool, "three").await;
    for text in ["one", "two", "three"] {
        assert_eq!(next(&mut member).await, text);
    }
    assert_eq!(offer(&*proxy, &plain, "plain").await, Reach::Somebody);
    assert_eq!(next(&mut reader).await, "plain");
    // To oneself is to somebody as well: a proxy and a worker may share a process.
    assert_eq!(offer(&*worker, &plain, "own").await, Reach::Somebody);
    assert_eq!(next(&mut reader).await, "own");
}

pub(crate) async fn an_offer_after_the_reader_left_reaches_nobody<B: Broker>() {
    let broker = B::shared().await;
    let (proxy, worker) = (connected(broker).await, connected(broker).await);
    let topic = unique("app");
    let member = worker.join(&topic, "workers").await.unwrap();
    assert_eq!(offer(&*proxy, &topic, "before").await, Reach::Somebody);
    within("the leaving", member.leave()).await;
    until("nobody is there after a leave", async || offer(&*proxy, &topic, "x").await == Reach::Nobody).await;

    let member = worker.join(&topic, "workers").await.unwrap();
    assert_eq!(offer(&*proxy, &topic, "between").await, Reach::Somebody);
    drop(member);
    until("nobody is there after a drop", async || offer(&*proxy, &topic, "x").await == Reach::Nobody).await;
}

pub(crate) async fn an_offer_after_the_reader_died_reaches_nobody<B: Broker>() {
    let broker = B::shared().await;
    let proxy = connected(broker).await;
    let topic = unique("app");
    let process = Process::start();
    let member_topic = topic.clone();
    process
        .run(async move {
            let bus = connected(broker).await;
            let member = bus.join(&member_topic, "workers").await.unwrap();
            tokio::spawn(async move {
                std::future::pending::<()>().await;
                drop((member, bus));
            });
        })
        .await;
    assert_eq!(offer(&*proxy, &topic, "before").await, Reach::Somebody);
    drop(process);
    until("nobody is there", async || offer(&*proxy, &topic, "x").await == Reach::Nobody).await;
}

pub(crate) async fn many_offers_at_once_are_told_apart<B: Broker>() {
    const OFFERS: usize = 200;
    let broker = B::shared().await;
    let (proxy, worker) = (connected(broker).await, connected(broker).await);
    let (full, empty) = (unique("full"), unique("empty"));
    let mut member = worker.join(&full, "workers").await.unwrap();
    let offers: Vec<_> = (0..OFFERS)
        .map(|number| {
            let (proxy, full, empty) = (Arc::clone(&proxy), full.clone(), empty.clone());
            tokio::spawn(async move {
                let (topic, expected) = match number % 2 {
                    0 => (full, Reach::Somebody),
                    _ => (format!("{empty}.{number}"), Reach::Nobody),
                };
                assert_eq!(offer(&*proxy, &topic, number).await, expected, "{topic}");
            })
        })
        .collect();
    for offer in offers {
        within("an offer", offer).await.unwrap();
    }
    let mut taken = Vec::new();
    for _ in 0..OFFERS / 2 {
        taken.push(next(&mut member).await.parse::<usize>().unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..OFFERS).step_by(2).collect::<Vec<_>>());
}

pub(crate) async fn an_offer_that_is_too_large_is_refused<B: Broker>() {
    let broker = B::shared().await;
    let (proxy, worker) = (connected(broker).await, connected(broker).await);
    let topic = unique("app");
    let mut member = worker.join(&topic, "workers").await.unwrap();
    let payload = Bytes::from(vec![b'x'; proxy.largest_message() + 1]);
    let error = proxy.offer(&topic, payload, EXPIRES).await.unwrap_err();
    assert_eq!(error.kind(), BusErrorKind::TooLarge);
    assert_eq!(offer(&*proxy, &topic, "small").await, Reach::Somebody);
    assert_eq!(next(&mut member).await, "small");
}

/// Where the broker keeps messages: an offer that sat in a reader's hands until that died is not given to the next.
pub(crate) async fn an_offer_that_nobody_takes_expires<B: Broker>() {
    const SOON: Duration = Duration::from_millis(300);
    let broker = B::shared().await;
    let (proxy, other) = (connected(broker).await, connected(broker).await);
    let topic = unique("app");
    let stuck = connected(broker).await;
    let member = stuck.join(&topic, "workers").await.unwrap();
    let offered = proxy.offer(&topic, bytes("stale"), SOON).await;
    assert_eq!(offered.unwrap(), Reach::Somebody);
    // Not a wait for luck: the time that the offer has to live.
    tokio::time::sleep(SOON * 2).await;
    drop(member);
    let mut member = other.join(&topic, "workers").await.unwrap();
    assert_eq!(offer(&*proxy, &topic, "fresh").await, Reach::Somebody);
    assert_eq!(next(&mut member).await, "fresh");
}
