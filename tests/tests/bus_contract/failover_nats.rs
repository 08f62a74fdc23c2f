//! NATS with several servers in the URL: what happens when the first is lost and the second takes its place.

use std::io::{ErrorKind, Read};

use ari_bus::{Link, Topics};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::{
    brokers::{Broker, RealNats},
    support::{connected, next, options, publish, unique, until, up, within},
};

/// The library tries the lost server again for seconds, and ends its subscriptions after that.
#[tokio::test]
async fn subscriptions_do_not_wait_for_the_server_that_was_lost() {
    let broker = RealNats::shared().await;
    // Stands before the server for one connection, and takes the next without a word, as a host that hangs.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [first, second] =
        [listener.local_addr().unwrap().to_string(), format!("127.0.0.1:{}", broker.0.port())];
    let bus = ari_bus::connect(&format!("nats://{first},{second}"), options()).unwrap();
    let (mut client, _) = listener.accept().await.unwrap();
    let relay = tokio::spawn(async move {
        let mut server = TcpStream::connect(second).await.unwrap();
        copy_bidirectional(&mut client, &mut server).await
    });
    up(&*bus).await;
    let topic = unique("topic");
    let mut subscription = bus.subscribe(Topics::One(topic.clone())).await.unwrap();

    let mut link = bus.link();
    relay.abort();
    within("the link is down", link.changed()).await;
    up(&*bus).await;
    publish(&*connected(broker).await, &topic, "hello").await;
    assert_eq!(next(&mut subscription).await, "hello");
    let again = within("another attempt", listener.accept()).await.unwrap().0.into_std().unwrap();
    let read = (&again).read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(read, Err(ErrorKind::WouldBlock), "the message waited until the library gave the attempt up");
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
