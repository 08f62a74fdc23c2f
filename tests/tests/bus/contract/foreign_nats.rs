//! NATS as other programs use it: version-1 workers in a queue group, answers to offers, permissions.

use ari_bus::{BusErrorKind, Reach, Topics};
use futures_util::StreamExt;

use super::{
    brokers::{Broker, RealNats},
    messages::flooded,
    support::{bytes, connected, connected_with, next, offer, options, publish, unique, until, within},
};

#[tokio::test]
async fn a_foreign_worker_is_served_and_heard() {
    let broker = RealNats::shared().await;
    let (proxy, worker) = (connected(broker).await, async_nats::connect(broker.0.url()).await.unwrap());
    let (application, commands) = (unique("app"), unique("commands_srv"));
    let mut calls = worker.queue_subscribe(application.clone(), "workers".to_owned()).await.unwrap();
    let mut received = proxy.subscribe(Topics::Under(format!("{commands}."))).await.unwrap();
    worker.flush().await.unwrap();

    until("the worker is there", async || offer(&*proxy, &application, "call").await == Reach::Somebody)
        .await;
    let call = within("a call", calls.next()).await.unwrap();
    assert_eq!(call.payload, "call");
    worker.publish(format!("{commands}.1"), "DUMMY".into()).await.unwrap();
    assert_eq!(next(&mut received).await, "DUMMY");
}

/// A worker of another kind may answer what looks to it like a request.
#[tokio::test]
async fn a_worker_that_answers_an_offer_counts_as_somebody() {
    let broker = RealNats::shared().await;
    let (proxy, worker) = (connected(broker).await, async_nats::connect(broker.0.url()).await.unwrap());
    let application = unique("app");
    let mut calls = worker.subscribe(application.clone()).await.unwrap();
    worker.flush().await.unwrap();
    until("the worker is there", async || offer(&*proxy, &application, "call").await == Reach::Somebody)
        .await;
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            for answer in ["one", "and another"] {
                worker.publish(call.reply.clone().unwrap(), answer.into()).await.unwrap();
            }
        }
    });
    for _ in 0..100 {
        assert_eq!(offer(&*proxy, &application, "call").await, Reach::Somebody);
        assert_eq!(offer(&*proxy, &unique("nobody"), "call").await, Reach::Nobody);
    }
}

#[tokio::test]
async fn what_permissions_forbid_is_refused() {
    let broker = RealNats::start_with(
        "authorization { users: [{ user: proxy, password: p, permissions: {
             publish: { deny: \"secret.>\" }, subscribe: { deny: [\"secret.>\", \"pool\"] } } }] }",
    )
    .await;
    let proxy = broker.connect_as("proxy", "p", options());
    super::support::up(&*proxy).await;
    let refused = |error: ari_bus::BusError| (error.kind(), error.is_retryable());
    for _ in 0..20 {
        let plain = proxy.subscribe(Topics::One("secret.a".to_owned())).await.unwrap_err();
        let under = proxy.subscribe(Topics::Under("secret.".to_owned())).await.unwrap_err();
        let pool = proxy.join("pool", "workers").await.unwrap_err();
        let offer = proxy.offer("secret.a", bytes("x"), super::support::EXPIRES).await.unwrap_err();
        for error in [plain, under, pool, offer] {
            assert_eq!(refused(error), (BusErrorKind::Refused, false));
        }
    }
    let mut allowed = proxy.join("open", "workers").await.unwrap();
    publish(&*proxy, "open", "still here").await;
    assert_eq!(next(&mut allowed).await, "still here");
}

#[tokio::test]
async fn a_token_logs_in_and_a_server_that_is_down_is_passed_over() {
    let broker = RealNats::start_with("authorization { token: \"t0k:en\" }").await;
    let gone = RealNats::start().await;
    gone.kill().await;
    let url = format!("nats://t0k%3Aen@127.0.0.1:{},127.0.0.1:{}", gone.0.port(), broker.0.port());
    let bus = ari_bus::connect(&url, options()).unwrap();
    super::support::up(&*bus).await;
    let topic = unique("topic");
    let mut subscription = bus.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*bus, &topic, "hello").await;
    assert_eq!(next(&mut subscription).await, "hello");
}

/// A reader that never reads costs messages to itself, in the end, and nothing to anybody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_s_overflow_is_its_own() {
    /// More than the bus holds for one subscription.
    const MESSAGES: usize = 300_000;
    let mut stuck = flooded(RealNats::shared().await, MESSAGES).await;
    assert!(stuck.reader.link().is_up());
    // What it gets is in order, and goes on once it reads.
    for number in 0..MESSAGES / 2 {
        assert_eq!(next(&mut stuck.subscription).await, number.to_string());
    }
    publish(&*stuck.sender, &stuck.topic, "now").await;
    while next(&mut stuck.subscription).await != "now" {}
}

/// For whoever looks at the server's connections.
#[tokio::test]
async fn the_client_s_name_is_told() {
    let broker = RealNats::start().await;
    let name = "ari-proxy \"pbx 1\"";
    let _bus =
        connected_with(&broker, ari_bus::BusOptions { client_name: name.to_owned(), ..options() }).await;
    let connections = broker.0.connection_list().await.unwrap();
    assert!(connections.iter().any(|connection| connection["name"] == name), "{connections:?}");
}
