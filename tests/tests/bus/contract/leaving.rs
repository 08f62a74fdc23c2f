//! Leaving: nothing that was given to a reader is lost, nothing more comes, nothing hangs.

use ari_bus::Topics;

use super::{
    brokers::Broker,
    support::{bytes, connected, down, next, publish, text, unique, until, within},
};

pub(crate) async fn a_dropped_subscription_is_unsubscribed<B: Broker>() {
    let broker = B::shared().await;
    let bus = connected(broker).await;
    let (plain, pool) = (Topics::One(unique("plain")), Topics::One(unique("pool")));
    let inbox = Topics::Under(format!("ari.worker.{}.", unique("in")));
    let Topics::One(pool_topic) = &pool else { unreachable!() };
    let subscriptions = [
        bus.subscribe(plain.clone()).await.unwrap(),
        bus.subscribe(inbox.clone()).await.unwrap(),
        bus.join(pool_topic, "workers").await.unwrap(),
    ];
    for topics in [&plain, &inbox, &pool] {
        until("the broker knows the reader", async || broker.readers(topics).await > 0).await;
    }
    drop(subscriptions);
    for topics in [&plain, &inbox, &pool] {
        until("the broker has forgotten the reader", async || broker.readers(topics).await == 0).await;
    }
    assert!(bus.link().is_up());
}

pub(crate) async fn leaving_returns_what_had_arrived_and_no_more_comes<B: Broker>() {
    const MESSAGES: usize = 100;
    let broker = B::shared().await;
    let (sender, reader) = (connected(broker).await, connected(broker).await);
    let topic = unique("leaving");
    let mut member = reader.join(&topic, "workers").await.unwrap();
    let mut other = reader.join(&topic, "workers").await.unwrap();
    sender.publish_all(&topic, (0..MESSAGES).map(bytes).collect()).await.unwrap();
    // Sent by the same sender afterwards, so that all of the above is on its way to its member.
    let mut seen = vec![next(&mut member).await, next(&mut other).await];
    seen.extend(within("what is left", member.leave()).await.iter().map(|message| text(&message.payload)));
    publish(&*sender, &topic, "last").await;
    // What the broker would not give to anybody else came from `leave`, everything else comes here.
    while seen.len() <= MESSAGES {
        seen.push(next(&mut other).await);
    }
    let mut expected: Vec<String> = (0..MESSAGES).map(|number| number.to_string()).collect();
    expected.push("last".to_owned());
    expected.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, expected);
}

pub(crate) async fn leaving_while_the_broker_is_away_does_not_hang<B: Broker>() {
    let broker = B::start().await;
    let bus = connected(&broker).await;
    let member = bus.join(&unique("away"), "workers").await.unwrap();
    let reader = bus.subscribe(Topics::One(unique("away"))).await.unwrap();
    broker.kill().await;
    down(&*bus).await;
    within("a leave without a broker", member.leave()).await;
    drop(reader);
    within("a close without a broker", bus.close()).await;
}
