//! What only RabbitMQ can do to its bus: half-open connections, a broker short of memory, queues deleted behind its
//! back, channels used up by errors, and the journal of queues across crashes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say so and end")]

mod channels;
mod faults;
mod inside;
mod journal;
mod somebody;
mod stuck;

use std::{future::Future, sync::Arc, time::Duration};

use ari_bus::{Bus, BusOptions, Link, LinkState, Reach, Subscription};
use ari_testbed::RabbitMq;
use bytes::Bytes;
use tokio::time::timeout;

/// Only a hang reaches this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn broker() -> RabbitMq {
    RabbitMq::start().await.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn connect(url: &str, options: BusOptions) -> Arc<dyn Bus> {
    ari_bus::connect(url, options).unwrap()
}

pub(crate) async fn connected(broker: &RabbitMq) -> Arc<dyn Bus> {
    let bus = connect(&broker.url(), BusOptions::default());
    up(&*bus).await;
    bus
}

pub(crate) async fn up(bus: &dyn Bus) {
    assert!(within("the link is up", bus.link().up()).await, "closed");
}

pub(crate) async fn down(bus: &dyn Bus) -> String {
    let mut link = bus.link();
    let fall = async {
        loop {
            match link.now() {
                Link::Down(why) => return why,
                _ => link.changed().await,
            };
        }
    };
    within("the link is down", fall).await
}

/// Waits until a link that was up has been down since `link` was taken, and is up.
pub(crate) async fn back(mut link: LinkState) {
    // Any change will do: whoever looks late finds the link up again and never sees it down.
    within("the link went down", link.changed()).await;
    assert!(within("the link is up", link.up()).await, "closed");
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("this never came: {what}"))
}

pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(what, waiting).await;
}

pub(crate) async fn publish(bus: &dyn Bus, topic: &str, text: &'static str) {
    bus.publish(topic, Bytes::from_static(text.as_bytes()))
        .await
        .unwrap_or_else(|error| panic!("{topic}: {error}"));
}

pub(crate) async fn offer(bus: &dyn Bus, topic: &str, text: &'static str) -> Reach {
    let offered = bus.offer(topic, Bytes::from_static(text.as_bytes()), Duration::from_secs(60)).await;
    offered.unwrap_or_else(|error| panic!("{topic}: {error}"))
}

pub(crate) async fn next(subscription: &mut Subscription) -> String {
    let message = within("a message", subscription.next()).await.expect("the subscription goes on");
    String::from_utf8_lossy(&message.payload).into_owned()
}

/// How many queues there are with this in their names.
pub(crate) async fn queues(broker: &RabbitMq, part: &str) -> usize {
    broker.queues().await.unwrap().iter().filter(|queue| queue.name.contains(part)).count()
}
