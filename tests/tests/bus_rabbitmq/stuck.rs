//! Channels that the broker does not answer on for a while: the rest goes on, and nothing is lost when it answers.

use std::time::Duration;

use ari_bus::{BusErrorKind, BusOptions, Reach, Topics};
use bytes::Bytes;

use crate::{
    broker, connect,
    inside::{Stuck, channels, connections, new_channel},
    next, publish, until, up,
};

/// Operations fail soon in these tests.
fn hasty() -> BusOptions {
    BusOptions { deadline: Duration::from_secs(1), ..BusOptions::default() }
}

/// The answer is an error, which ends the channel: a client that had closed it first would lose the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_question_holds_up_no_other_and_costs_no_connection() {
    let broker = broker().await;
    let bus = connect(&broker.url(), hasty());
    up(&*bus).await;
    let mut inbox = bus.subscribe(Topics::Under("ari.worker.1.".to_owned())).await.unwrap();
    bus.declare("kept").await.unwrap();
    let before = channels(&broker).await;
    assert_eq!(bus.unread("kept").await.unwrap(), 0);
    let stuck = Stuck::channel(&broker, &new_channel(&broker, &before).await).await;
    let connected = connections(&broker).await;

    for _ in 0..2 {
        assert_eq!(bus.unread("missing").await.unwrap_err().kind(), BusErrorKind::Timeout);
        assert_eq!(bus.unread("kept").await.unwrap(), 0);
        let offered = bus.offer("app", Bytes::from_static(b"x"), Duration::from_secs(1)).await;
        assert_eq!(offered.unwrap(), Reach::Nobody);
    }
    stuck.resume().await;
    stuck.gone().await;
    until("the question can be asked", async || bus.unread("missing").await.is_ok()).await;
    assert_eq!(connections(&broker).await, connected);
    publish(&*bus, "ari.worker.1.events", "hello").await;
    assert_eq!(next(&mut inbox).await, "hello");
}
