//! A connection has 2,047 channels, and lapin never gets over an error on one: whatever the broker refuses, however
//! often, everything else goes on.

use std::time::Duration;

use ari_bus::{Bus, BusErrorKind, Reach};

use super::{
    broker, connected,
    inside::{channels, connections},
    next, offer, queues,
    somebody::Somebody,
    up,
};

/// More than a connection has channels.
const MANY: usize = 3000;

/// Declaring, joining and offering work.
async fn works(bus: &dyn Bus) {
    bus.declare("commands_pbx.after").await.unwrap();
    let mut member = bus.join("after", "workers").await.unwrap();
    assert_eq!(offer(bus, "after", "to somebody").await, Reach::Somebody);
    assert_eq!(next(&mut member).await, "to somebody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_to_an_application_that_nobody_reads_cost_no_channels() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let (before, connected) = (channels(&broker).await.len(), connections(&broker).await);
    for _ in 0..MANY {
        assert_eq!(offer(&*bus, "app", "to nobody").await, Reach::Nobody);
    }
    works(&*bus).await;
    assert_eq!(connections(&broker).await, connected, "it reconnected");
    let after = channels(&broker).await.len();
    assert!(after < before + 10, "{before} channels, then {after}");
    // As go-ari-proxy would have made it, with nothing in it.
    let app = broker.queues().await.unwrap().into_iter().find(|queue| queue.name == "app").unwrap();
    assert_eq!((app.messages, app.consumers), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_to_a_queue_that_is_declared_differently_cost_no_channels() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    Somebody::at(&broker).await.declares("theirs").await;
    for _ in 0..MANY {
        assert_eq!(offer(&*bus, "theirs", "to nobody").await, Reach::Nobody);
    }
    works(&*bus).await;
    assert_eq!(queues(&broker, "theirs").await, 1);
}

/// Each refusal costs a channel: the bus reconnects before there is none left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_without_end_leave_everything_else_working() {
    let broker = broker().await;
    let bus = connected(&broker).await;
    let connected = connections(&broker).await;
    Somebody::at(&broker).await.declares("theirs").await;
    let mut refused = 0;
    while refused < MANY {
        match bus.declare("theirs").await.unwrap_err() {
            error if error.kind() == BusErrorKind::Refused => refused += 1,
            // It reconnects.
            error => {
                assert!(error.is_retryable(), "{error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
                up(&*bus).await;
            }
        }
    }
    let now = connections(&broker).await;
    assert!(!connected.iter().all(|ours| now.contains(ours)), "more channels than there are");
    works(&*bus).await;
}
