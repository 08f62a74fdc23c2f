//! The journal: a crash leaves no queues behind, and a living process loses none.

use std::{sync::Arc, time::Duration};

use ari_bus::{Bus, BusOptions, Topics};
use ari_testbed::RabbitMq;
use ari_tests::process::Process;

use crate::{back, broker, connect, down, next, publish, queues, until, up, within};

fn options() -> BusOptions {
    BusOptions { queue_journal: Some("ari.pbx.queues".to_owned()), ..BusOptions::default() }
}

async fn journaled(broker: &RabbitMq) -> Arc<dyn Bus> {
    let bus = connect(&broker.url(), options());
    up(&*bus).await;
    bus
}

async fn messages(broker: &RabbitMq) -> u64 {
    let queues = broker.queues().await.unwrap();
    queues.iter().filter(|queue| queue.name == "ari.pbx.queues").map(|queue| queue.messages).sum()
}

async fn declare(bus: &dyn Bus, word: &str, count: usize) {
    for number in 0..count {
        bus.declare(&format!("{word}_pbx.{number}")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_is_deleted_by_the_next_start() {
    let broker = broker().await;
    let (process, url) = (Process::start(), broker.url());
    let bus = process
        .run(async move {
            let bus = connect(&url, options());
            up(&*bus).await;
            declare(&*bus, "events", 50).await;
            bus
        })
        .await;
    assert_eq!((queues(&broker, "events_").await, messages(&broker).await), (50, 50));
    drop(process);
    drop(bus);

    let next = journaled(&broker).await;
    declare(&*next, "kept", 3).await;
    until("the leftovers are gone", async || queues(&broker, "events_").await == 0).await;
    until("the journal knows the new ones alone", async || messages(&broker).await == 3).await;
    assert_eq!(queues(&broker, "kept_").await, 3);
    for number in 0..3 {
        next.delete(&format!("kept_pbx.{number}")).await.unwrap();
    }
    until("the journal is empty", async || messages(&broker).await == 0).await;
}

/// Two processes of one server run side by side during an upgrade.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_living_process_loses_no_queue_to_another() {
    let broker = broker().await;
    let (old, new) = (journaled(&broker).await, journaled(&broker).await);
    declare(&*old, "old", 5).await;
    declare(&*new, "new", 5).await;
    // A blip may turn the journal over to the other.
    let links = [old.link(), new.link()];
    broker.close_connections().await.unwrap();
    for link in links {
        back(link).await;
    }
    // Longer than the grace for a process that does not show itself.
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!((queues(&broker, "old_").await, queues(&broker, "new_").await), (5, 5));

    within("the close", old.close()).await;
    until("what the old one left is gone", async || queues(&broker, "old_").await == 0).await;
    assert_eq!(queues(&broker, "new_").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_consumers_survive_a_restart_of_the_broker() {
    let broker = broker().await;
    let (bus, worker) = (journaled(&broker).await, crate::connected(&broker).await);
    let mut commands = bus.subscribe(Topics::Under("commands_pbx.".to_owned())).await.unwrap();
    declare(&*bus, "commands", 20).await;
    broker.kill().await.unwrap();
    down(&*bus).await;
    bus.delete("commands_pbx.0").await.unwrap_err();
    broker.start_again().await.unwrap();
    up(&*bus).await;
    up(&*worker).await;
    for number in 1..20 {
        publish(&*worker, &format!("commands_pbx.{number}"), "DUMMY").await;
        assert_eq!(next(&mut commands).await, "DUMMY");
    }
    until("the deletion was remembered", async || queues(&broker, "commands_").await == 19).await;
    until("the journal forgot it", async || messages(&broker).await == 19).await;
    for number in 1..20 {
        bus.delete(&format!("commands_pbx.{number}")).await.unwrap();
    }
    until("the journal is empty", async || messages(&broker).await == 0).await;
    assert_eq!(queues(&broker, "commands_").await, 0);
}
