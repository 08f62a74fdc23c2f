//! Closing: what was sent goes out, every subscription ends, and nothing begins afterwards.

use std::time::Duration;

use ari_bus::{Bus, BusErrorKind, BusOptions, Link, LinkState, Topics};

use super::{
    brokers::Broker,
    support::{bytes, connected, connected_with, down, next, options, publish, unique, within},
};

pub(crate) async fn closing_ends_subscriptions_and_operations<B: Broker>() {
    let broker = B::shared().await;
    let (bus, other) = (connected(broker).await, connected(broker).await);
    let topic = unique("closing");
    let mut link = bus.link();
    let told = tokio::spawn(until_closed(bus.link()));
    let mut plain = bus.subscribe(Topics::One(topic.clone())).await.unwrap();
    let mut member = bus.join(&unique("pool"), "workers").await.unwrap();
    let waiting = tokio::spawn(async move { member.next().await });
    publish(&*other, &topic, "arrived").await;
    assert_eq!(next(&mut plain).await, "arrived");

    within("the close", bus.close()).await;
    assert_eq!(within("the end", plain.next()).await, None);
    assert_eq!(within("the end", waiting).await.unwrap(), None);
    assert!(plain.leave().await.is_empty());
    assert_eq!(bus.link().now(), Link::Closed);
    assert_eq!(within("the end", told).await.unwrap(), [Link::Closed], "to leave is no outage");
    assert!(!within("the link", link.up()).await);
    all_fail(&*bus, BusErrorKind::Closed).await;
    within("another close", bus.close()).await;

    // The others go on.
    let mut plain = other.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*other, &topic, "still here").await;
    assert_eq!(next(&mut plain).await, "still here");
}

/// All that the link becomes.
async fn until_closed(mut link: LinkState) -> Vec<Link> {
    let mut told = Vec::new();
    while told.last() != Some(&Link::Closed) {
        told.push(link.changed().await);
    }
    told
}

/// Asserts that no operation is possible, and why.
pub(crate) async fn all_fail(bus: &dyn Bus, kind: BusErrorKind) {
    let topic = unique("none");
    let expected = Err(kind);
    let publish = within("a publish", bus.publish(&topic, bytes("x"))).await;
    assert_eq!(publish.map_err(|error| error.kind()), expected);
    let offer = within("an offer", bus.offer(&topic, bytes("x"), super::support::EXPIRES)).await;
    assert_eq!(offer.map(drop).map_err(|error| error.kind()), expected);
    let join = within("a join", bus.join(&topic, "workers")).await;
    assert_eq!(join.map(drop).map_err(|error| error.kind()), expected);
    let subscribe = within("a subscribe", bus.subscribe(Topics::One(topic.clone()))).await;
    assert_eq!(subscribe.map(drop).map_err(|error| error.kind()), expected);
    let declare = within("a declare", bus.declare(&topic)).await;
    assert_eq!(declare.map(drop).map_err(|error| error.kind()), expected);
}

pub(crate) async fn closing_sends_what_was_published<B: Broker>() {
    const MESSAGES: usize = 2_000;
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("goodbye");
    let mut subscription = reader.subscribe(Topics::One(topic.clone())).await.unwrap();
    sender.publish_all(&topic, (0..MESSAGES).map(bytes).collect()).await.unwrap();
    within("the close", sender.close()).await;
    drop(sender);
    for number in 0..MESSAGES {
        assert_eq!(next(&mut subscription).await, number.to_string());
    }
}

pub(crate) async fn closing_while_the_broker_is_away_does_not_hang<B: Broker>() {
    let broker = B::start().await;
    let deadline = Duration::from_millis(500);
    let bus = connected_with(&broker, BusOptions { deadline, ..options() }).await;
    let mut subscription = bus.subscribe(Topics::One(unique("away"))).await.unwrap();
    broker.stop().await;
    down(&*bus).await;
    within("the close", bus.close()).await;
    assert_eq!(within("the end", subscription.next()).await, None);
    assert_eq!(bus.link().now(), Link::Closed);
}
