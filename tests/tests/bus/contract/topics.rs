//! Prefixes, declared topics, and what becomes of a message that comes before its reader.

use ari_bus::{Retention, Topics};

use super::{
    brokers::Broker,
    support::{connected, connected_with, next, next_message, prefixed, publish, unique, until},
};

pub(crate) async fn an_inbox_gets_what_begins_with_its_name<B: Broker>() {
    inbox::<B>("").await;
}

pub(crate) async fn an_inbox_behind_a_prefix_gets_whole_topics<B: Broker>() {
    inbox::<B>(&unique("acme.west.")).await;
    inbox::<B>(&(unique("acme") + ".")).await;
    inbox::<B>(&(unique("acme") + "-")).await;
}

async fn inbox<B: Broker>(prefix: &str) {
    let broker = B::shared().await;
    let sender = connected_with(broker, prefixed(prefix)).await;
    let reader = connected_with(broker, prefixed(prefix)).await;
    let name = format!("{prefix}ari.worker.{}", unique("in"));
    let mut own = reader.subscribe(Topics::Under(format!("{name}."))).await.unwrap();
    let mut other = reader.subscribe(Topics::Under(format!("{name}z."))).await.unwrap();

    let topics = ["a", "b.c", "events.1.2.3", "a"].map(|last| format!("{name}.{last}"));
    for (number, topic) in topics.iter().enumerate() {
        publish(&*sender, &format!("{name}z.a"), "not yours").await;
        publish(&*sender, topic, number).await;
    }
    for (number, topic) in topics.iter().enumerate() {
        assert_eq!(next_message(&mut own).await, (topic.clone(), number.to_string()));
    }
    assert_eq!(next_message(&mut other).await, (format!("{name}z.a"), "not yours".to_owned()));
}

/// As a proxy reads the commands of its version-1 dialogs.
pub(crate) async fn a_prefix_gets_its_declared_topics<B: Broker>() {
    let broker = B::shared().await;
    let (worker, proxy) = (connected(broker).await, connected(broker).await);
    let server = unique("commands_srv");
    let mut commands = proxy.subscribe(Topics::Under(format!("{server}."))).await.unwrap();
    let topics = [1, 2, 3].map(|dialog| format!("{server}.{dialog}"));
    for topic in &topics {
        proxy.declare(topic).await.unwrap();
    }
    for topic in &topics {
        publish(&*worker, topic, "DUMMY").await;
        assert_eq!(next_message(&mut commands).await, (topic.clone(), "DUMMY".to_owned()));
    }
    proxy.delete(&topics[0]).await.unwrap();
    for topic in &topics[1..] {
        publish(&*worker, topic, "again").await;
        assert_eq!(next_message(&mut commands).await, (topic.clone(), "again".to_owned()));
    }
}

pub(crate) async fn declaring_and_deleting_can_be_repeated<B: Broker>() {
    let broker = B::shared().await;
    let (bus, another) = (connected(broker).await, connected(broker).await);
    let topic = unique("twice");
    let retention = bus.declare(&topic).await.unwrap();
    assert_eq!(bus.declare(&topic).await.unwrap(), retention);
    assert_eq!(another.declare(&topic).await.unwrap(), retention);
    publish(&*bus, &topic, "kept or not").await;
    bus.delete(&topic).await.unwrap();
    bus.delete(&topic).await.unwrap();
    another.delete(&topic).await.unwrap();
    bus.delete(&unique("never-declared")).await.unwrap();
    until("nothing is left of the topic", async || broker.kept(&topic).await == 0).await;
    // It can be used anew.
    assert_eq!(bus.declare(&topic).await.unwrap(), retention);
    let mut subscription = bus.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*another, &topic, "anew").await;
    assert_eq!(next(&mut subscription).await, "anew");
    drop(subscription);
    bus.delete(&topic).await.unwrap();
    until("nothing is left of the topic", async || broker.kept(&topic).await == 0).await;
}

pub(crate) async fn what_is_published_early_is_kept_or_not_as_declared<B: Broker>() {
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("early");
    let retention = sender.declare(&topic).await.unwrap();
    publish(&*sender, &topic, "early").await;
    let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*sender, &topic, "late").await;
    let first = next(&mut subscription).await;
    match retention {
        Retention::Kept => {
            assert_eq!(first, "early");
            assert_eq!(next(&mut subscription).await, "late");
        }
        // Two connections: the broker may have heard of the subscription first.
        Retention::Dropped if first == "early" => assert_eq!(next(&mut subscription).await, "late"),
        Retention::Dropped => assert_eq!(first, "late"),
    }
}
