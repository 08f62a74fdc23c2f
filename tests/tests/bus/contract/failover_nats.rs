//! NATS with several servers in the URL: what happens when the first is lost and the second takes its place.

use std::time::Duration;

use ari_bus::{Link, Topics};
use ari_tests::fault_proxy::{Cut, FaultProxy, Way};

use super::{
    brokers::{Broker, RealNats},
    support::{connected, next, options, publish, unique, until, up, within},
};

/// The library tries the lost server again for seconds, and ends its subscriptions after that.
#[tokio::test]
async fn subscriptions_do_not_wait_for_the_server_that_was_lost() {
    let broker = RealNats::shared().await;
    let first = FaultProxy::before(broker.0.port()).await;
    let url = format!("nats://127.0.0.1:{},127.0.0.1:{}", first.port(), broker.0.port());
    let bus = ari_bus::connect(&url, options()).unwrap();
    up(&*bus).await;
    let topic = unique("topic");
    let mut subscription = bus.subscribe(Topics::One(topic.clone())).await.unwrap();

    let mut link = bus.link();
    // From now on the first takes connections without a word, as a host that hangs.
    first.stall(Way::Both);
    first.cut(Cut::Reset).await;
    within("the link is down", link.changed()).await;
    up(&*bus).await;
    publish(&*connected(broker).await, &topic, "hello").await;
    assert_eq!(next(&mut subscription).await, "hello");
    until("another attempt", async || first.taken() > 1).await;
    assert_eq!(first.taken(), 2, "the message did not wait until the library gave the attempt up");
}

/// A link that is up but deaf would be worse than one that is down and says why.
#[tokio::test]
async fn a_server_that_forbids_a_subscription_takes_no_place() {
    let first = RealNats::start().await;
    let second = RealNats::start_with(
        "authorization { users: [{ user: u, password: p, permissions: { subscribe: { deny: \"topic\" } } }] }",
    )
    .await;
    let url = format!("nats://u:p@127.0.0.1:{},127.0.0.1:{}", first.0.port(), second.0.port());
    let bus = ari_bus::connect(&url, options()).unwrap();
    up(&*bus).await;
    let mut subscription = bus.subscribe(Topics::One("topic".to_owned())).await.unwrap();
    first.kill().await;
    let told = || matches!(bus.link().now(), Link::Down(why) if why.contains("does not allow"));
    until("the refusal is told", async || told()).await;
    first.start_again().await;
    up(&*bus).await;
    publish(&*bus, "topic", "hello").await;
    assert_eq!(next(&mut subscription).await, "hello");
}

/// The library asks only a silent server whether it is there, and this one is not silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_takes_nothing_any_more_is_given_up_whatever_it_brings() {
    let broker = RealNats::shared().await;
    let network = FaultProxy::before(broker.0.port()).await;
    let bus = ari_bus::connect(&format!("nats://127.0.0.1:{}", network.port()), options()).unwrap();
    up(&*bus).await;
    let topic = unique("topic");
    let _chatter = bus.subscribe(Topics::One(topic.clone())).await.unwrap();
    let other = connected(broker).await;
    let chatting = tokio::spawn(async move {
        loop {
            publish(&*other, &topic, "still here").await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let mut link = bus.link();
    network.halve(Way::ToServer);
    let told = within("the link is down", link.changed()).await;
    assert!(matches!(&told, Link::Down(why) if why.contains("took nothing")), "{told:?}");
    // A new connection works.
    up(&*bus).await;
    chatting.abort();
}
