//! The journal: a crash leaves no queues behind, and a living process loses none.

use std::sync::Arc;

use ari_bus::{Bus, BusOptions, Topics, protocol::Names};
use ari_testbed::RabbitMq;
use ari_tests::process::Process;

use super::{
    back, broker, connect, connected, down, next, publish, queues, somebody::Somebody, until, up, within,
};

const JOURNAL: &str = "ari.pbx.queues";

fn options() -> BusOptions {
    BusOptions { queue_journal: Some("pbx".to_owned()), ..BusOptions::default() }
}

async fn journaled(broker: &RabbitMq) -> Arc<dyn Bus> {
    let bus = connect(&broker.url(), options());
    up(&*bus).await;
    bus
}

async fn messages(broker: &RabbitMq) -> u64 {
    let queues = broker.queues().await.unwrap();
    queues.iter().filter(|queue| queue.name == JOURNAL).map(|queue| queue.messages).sum()
}

/// Declares topics of so many dialogs: their events, say.
async fn declare(bus: &dyn Bus, word: &str, count: usize) -> Vec<String> {
    let topics: Vec<_> = (0..count).map(|_| format!("{word}_{}", Names::dialog_id("pbx"))).collect();
    for topic in &topics {
        bus.declare(topic).await.unwrap();
    }
    topics
}

/// Makes a queue that a process which is no more seems to have left behind.
async fn left_behind(bus: &dyn Bus, queue: &str) {
    bus.declare(queue).await.unwrap();
    let line = format!(r#"{{"queue":"{queue}","process":"01a1fa55-425f-77c1-a5c0-c30f15fad2d7"}}"#);
    bus.publish(JOURNAL, line.into()).await.unwrap();
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
    assert_eq!(queues(&broker, "events_").await, 50);
    until("the journal knows them", async || messages(&broker).await == 50).await;
    drop(process);
    drop(bus);

    let next = journaled(&broker).await;
    let kept = declare(&*next, "responses", 3).await;
    until("the leftovers are gone", async || queues(&broker, "events_").await == 0).await;
    until("the journal knows the new ones alone", async || messages(&broker).await == 3).await;
    assert_eq!(queues(&broker, "responses_").await, 3);
    for topic in kept {
        next.delete(&topic).await.unwrap();
    }
    until("the journal is empty", async || messages(&broker).await == 0).await;
}

/// Whoever may publish to the broker may write into the journal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_the_journal_deletes_a_queue_that_is_no_dialog_s() {
    let broker = broker().await;
    let (bus, stranger) = (journaled(&broker).await, connected(&broker).await);
    let other_server = format!("events_{}", Names::dialog_id("other"));
    let own = format!("events_{}", Names::dialog_id("pbx"));
    for queue in ["app", &other_server, &own] {
        left_behind(&*stranger, queue).await;
    }
    until("the journal is empty", async || messages(&broker).await == 0).await;
    assert_eq!(queues(&broker, "app").await + queues(&broker, &other_server).await, 2);
    assert_eq!(queues(&broker, &own).await, 0);
    drop(bus);
}

/// Two processes of one server run side by side during an upgrade.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_living_process_loses_no_queue_to_another() {
    let broker = broker().await;
    let (old, new) = (journaled(&broker).await, journaled(&broker).await);
    declare(&*old, "events", 5).await;
    declare(&*new, "responses", 5).await;
    // A blip may turn the journal over to the other.
    let links = [old.link(), new.link()];
    broker.close_connections().await.unwrap();
    for link in links {
        back(link).await;
    }
    // A process that is dead is found so: the grace for one that does not show itself is over.
    let dead = format!("commands_{}", Names::dialog_id("pbx"));
    left_behind(&*connected(&broker).await, &dead).await;
    until("the dead one's queue is gone", async || queues(&broker, &dead).await == 0).await;
    assert_eq!((queues(&broker, "events_").await, queues(&broker, "responses_").await), (5, 5));

    within("the close", old.close()).await;
    until("what the old one left is gone", async || queues(&broker, "events_").await == 0).await;
    assert_eq!(queues(&broker, "responses_").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_consumers_survive_a_restart_of_the_broker() {
    let broker = broker().await;
    let (bus, worker) = (journaled(&broker).await, connected(&broker).await);
    let mut commands = bus.subscribe(Topics::Under("commands_pbx.".to_owned())).await.unwrap();
    let topics = declare(&*bus, "commands", 20).await;
    broker.kill().await.unwrap();
    down(&*bus).await;
    bus.delete(&topics[0]).await.unwrap_err();
    broker.start_again().await.unwrap();
    up(&*bus).await;
    up(&*worker).await;
    for topic in &topics[1..] {
        publish(&*worker, topic, "DUMMY").await;
        assert_eq!(next(&mut commands).await, "DUMMY");
    }
    until("the deletion was remembered", async || queues(&broker, "commands_").await == 19).await;
    until("the journal forgot it", async || messages(&broker).await == 19).await;
    for topic in &topics[1..] {
        bus.delete(topic).await.unwrap();
    }
    until("the journal is empty", async || messages(&broker).await == 0).await;
    assert_eq!(queues(&broker, "commands_").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_its_data_gets_queues_and_journal_again() {
    let broker = broker().await;
    let bus = journaled(&broker).await;
    let topics = declare(&*bus, "events", 20).await;
    until("the journal knows them", async || messages(&broker).await == 20).await;
    let link = bus.link();
    Somebody::at(&broker).await.deletes(topics.iter().map(String::as_str).chain([JOURNAL])).await;
    broker.close_connections().await.unwrap();
    back(link).await;
    until("the queues are back", async || queues(&broker, "events_").await == 20).await;
    until("the journal knows them", async || messages(&broker).await == 20).await;
}

/// A deletion that was remembered in an outage may not hit a queue that is declared again after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_deletion_spares_what_was_declared_again() {
    let broker = broker().await;
    let bus = journaled(&broker).await;
    let (again, unwanted) = (declare(&*bus, "events", 300).await, declare(&*bus, "responses", 300).await);
    broker.kill().await.unwrap();
    down(&*bus).await;
    for topic in again.iter().chain(&unwanted) {
        bus.delete(topic).await.unwrap_err();
    }
    broker.start_again().await.unwrap();
    up(&*bus).await;
    let declarations = again.iter().map(|topic| bus.declare(topic));
    for declared in futures_util::future::join_all(declarations).await {
        declared.unwrap();
    }
    until("the unwanted ones are gone", async || queues(&broker, "responses_").await == 0).await;
    assert_eq!(queues(&broker, "events_").await, 300);
    until("the journal knows the others alone", async || messages(&broker).await == 300).await;
}
