//! Pools: each message to one member, whoever comes and goes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ari_bus::Topics;
use ari_tests::process::Process;

use super::{
    brokers::Broker,
    support::{Collector, bytes, connected, next, publish, text, unique, within},
};

pub(crate) async fn each_message_goes_to_one_member<B: Broker>() {
    const MESSAGES: usize = 300;
    const MEMBERS: usize = 3;
    let broker = B::shared().await;
    let sender = connected(broker).await;
    let topic = unique("pool");
    let mut collector = Collector::new();
    let mut members = Vec::new();
    for member in 0..MEMBERS {
        let bus = connected(broker).await;
        collector.read(member, bus.join(&topic, "workers").await.unwrap());
        members.push(bus);
    }

    for number in 0..MESSAGES {
        publish(&*sender, &topic, number).await;
    }
    collector.until(MESSAGES).await;
    collector.assert_each_once();
    assert_eq!(collector.by_reader.len(), MEMBERS, "some member got nothing: {:?}", collector.by_reader);
}

/// Members come and go while messages flow: whatever the broker gives to one that leaves is returned to it.
pub(crate) async fn a_member_that_leaves_loses_nothing<B: Broker>() {
    const LEAVES: usize = 30;
    let broker = B::shared().await;
    let (sender, stayer, leaver) =
        (connected(broker).await, connected(broker).await, connected(broker).await);
    let topic = unique("leaving");
    let mut collector = Collector::new();
    collector.read(0, stayer.join(&topic, "workers").await.unwrap());

    let enough = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        // A clone: one that is dropped without being closed may take with it what it has not written yet.
        let (enough, topic, sender) = (Arc::clone(&enough), topic.clone(), Arc::clone(&sender));
        async move {
            let mut sent = 0;
            while !enough.load(Ordering::Relaxed) {
                publish(&*sender, &topic, sent).await;
                sent += 1;
            }
            sent
        }
    });
    for _ in 0..LEAVES {
        let mut member = leaver.join(&topic, "workers").await.unwrap();
        for _ in 0..10 {
            collector.sender().send((1, next(&mut member).await)).unwrap();
        }
        for message in within("what is left", member.leave()).await {
            collector.sender().send((1, text(&message.payload))).unwrap();
        }
    }
    enough.store(true, Ordering::Relaxed);
    let sent = within("the end of the sending", sending).await.unwrap();
    collector.until(sent).await;
    collector.assert_each_once();
}

pub(crate) async fn a_pool_and_a_plain_reader_do_not_share<B: Broker>() {
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let (pool, plain) = (unique("pool"), unique("plain"));
    let mut member = reader.join(&pool, "workers").await.unwrap();
    let mut subscription = reader.subscribe(Topics::One(plain.clone())).await.unwrap();
    publish(&*sender, &pool, "to the pool").await;
    publish(&*sender, &plain, "to the reader").await;
    assert_eq!(next(&mut member).await, "to the pool");
    assert_eq!(next(&mut subscription).await, "to the reader");
}

/// Where the broker keeps messages: those that a member had been sent, but had not taken when it died.
pub(crate) async fn what_a_dead_member_had_not_taken_comes_to_another<B: Broker>() {
    const MESSAGES: usize = 10;
    let broker = B::shared().await;
    let sender = connected(broker).await;
    let topic = unique("dying");
    let process = Process::start();
    let (taken_sender, mut taken) = tokio::sync::mpsc::channel(MESSAGES);
    let member_topic = topic.clone();
    process
        .run(async move {
            let bus = connected(broker).await;
            let mut member = bus.join(&member_topic, "workers").await.unwrap();
            tokio::spawn(async move {
                for _ in 0..4 {
                    taken_sender.send(next(&mut member).await).await.unwrap();
                }
                std::future::pending::<()>().await;
                drop((member, bus));
            });
        })
        .await;
    sender.publish_all(&topic, (0..MESSAGES).map(bytes).collect()).await.unwrap();
    for number in 0..4 {
        assert_eq!(within("a message", taken.recv()).await, Some(number.to_string()));
    }

    drop(process);
    let mut collector = Collector::new();
    for number in 0..4 {
        collector.sender().send((0, number.to_string())).unwrap();
    }
    collector.read(1, sender.join(&topic, "workers").await.unwrap());
    // One that was taken comes again only if its acknowledgement died as well.
    collector.until(MESSAGES).await;
    assert!(collector.by_reader[&1] >= MESSAGES - 4);
}
