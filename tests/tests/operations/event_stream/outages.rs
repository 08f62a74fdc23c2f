//! The broker killed and back: up to the bound on memory nothing is lost, beyond it a counter and the stream itself tell.

use std::collections::{BTreeMap, HashSet};

use ari_proxy::Metric;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    oracle::number,
    proxies::{RunningProxy, config_json},
    wait::{eventually, ok, soon},
    worlds::{start_simulator, until_connected},
};
use asterisk_sim::{Load, LoadPlan, Simulator};
use futures_util::StreamExt as _;
use lapin::{
    Connection, ConnectionProperties, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use serde_json::{Value, json};
use std::time::Duration;

use super::readers::{Message, Reader, of_nats};

on_both_buses!(
    nothing_is_lost_while_the_broker_is_away,
    what_is_past_the_bound_is_counted_and_told_where_it_is_missing,
);

const CALLS: u64 = 4;

/// A fake Asterisk, a proxy, and a broker that keeps what is published.
struct World {
    simulator: Simulator,
    broker: Broker,
    proxy: RunningProxy,
}

impl World {
    async fn new(kind: Kind, mut stream: Value) -> Self {
        let broker = match kind {
            Kind::Nats => {
                stream["jetstream"] = json!({});
                Broker::start_jetstream().await
            }
            Kind::Rabbitmq => {
                let broker = Broker::start(kind).await;
                declare(&broker).await;
                broker
            }
        };
        let simulator = start_simulator().await;
        let mut config = config_json(&(&simulator).into(), kind, &broker.url(), "pbx", &["hello"]);
        config["stream"] = stream;
        // Nobody is to take these calls.
        config["dialog"] = json!({"offer_deadline": "10m"});
        let proxy = RunningProxy::start(&config);
        until_connected(&simulator, "hello").await;
        Self { simulator, broker, proxy }
    }

    /// Calls that send events until they are finished.
    fn load(&self, pause: Duration, filler: usize) -> Load {
        let (application, rate) = ("hello".to_owned(), 0.0);
        self.simulator.load(LoadPlan {
            application,
            rate,
            calls: CALLS,
            pause,
            filler,
            ..LoadPlan::default()
        })
    }

    /// Everything that the broker keeps, as it comes.
    async fn kept(&self) -> Reader {
        if self.broker.kind() == Kind::Rabbitmq {
            return Reader::of_queue(&self.broker, "kept").await;
        }
        let jetstream = async_nats::jetstream::new(ok(async_nats::connect(self.broker.url()).await));
        let stream = ok(jetstream.get_stream("ARI").await);
        let consumer =
            ok(stream.create_consumer(async_nats::jetstream::consumer::pull::Config::default()).await);
        let messages = ok(consumer.messages().await);
        let messages = messages.filter_map(|message| async {
            let message = message.ok()?;
            ok(message.ack().await);
            Some(of_nats(message.split().0))
        });
        Reader::noting(messages.boxed(), None)
    }
}

/// A durable queue for all of the stream.
async fn declare(broker: &Broker) {
    let connection = ok(Connection::connect(&broker.url(), ConnectionProperties::default()).await);
    let channel = ok(connection.create_channel().await);
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let none = FieldTable::default;
    ok(channel.exchange_declare("stasis".into(), ExchangeKind::Topic, durable, none()).await);
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    ok(channel.queue_declare("kept".into(), durable, none()).await);
    let bind =
        channel.queue_bind("kept".into(), "stasis".into(), "#".into(), QueueBindOptions::default(), none());
    ok(bind.await);
}

/// The numbers of each channel's events, in the order in which they came first; those that came again, by their ids.
#[derive(Default)]
struct Came {
    numbers: BTreeMap<String, Vec<u64>>,
    ids: HashSet<String>,
    again: usize,
    /// What gaps say that is missing.
    missing: u64,
}

impl Came {
    fn of(messages: &[Message]) -> Self {
        let mut came = Self::default();
        for message in messages {
            assert!(!message.id.is_empty(), "each has an id");
            if !came.ids.insert(message.id.clone()) {
                came.again += 1;
                continue;
            }
            let data = message.data();
            if message.name() == "ProxyGap" {
                came.missing += data["events"].as_u64().unwrap_or_default();
            } else if let Some(number) = number(&data) {
                let channel = data["channel"]["id"].as_str().unwrap_or_default().to_owned();
                came.numbers.entry(channel).or_default().push(number);
            }
        }
        came
    }

    fn count(&self) -> u64 {
        self.numbers.values().map(|numbers| numbers.len() as u64).sum()
    }
}

fn sent(load: &Load) -> u64 {
    load.calls().iter().map(|call| call.events).sum()
}

async fn until_sent(load: &Load, more: u64) {
    let from = sent(load);
    eventually("more events", async || sent(load) >= from + more).await;
}

async fn nothing_is_lost_while_the_broker_is_away(kind: Kind) {
    let world = World::new(kind, json!({})).await;
    let load = world.load(Duration::from_millis(10), 0);
    let published = || world.proxy.metrics.get(Metric::StreamPublished);
    for _ in 0..2 {
        let before = published();
        eventually("events on the broker", async || published() > before + 100).await;
        ok(world.broker.server().kill().await);
        until_sent(&load, 300).await;
        ok(world.broker.server().start_again().await);
        let before = published();
        eventually("the stream to go on", async || published() > before + 300).await;
    }
    load.finish();
    let report = soon("all events", load.wait()).await;
    let kept = world.kept().await;
    let messages = kept.until("every event", |messages| Came::of(messages).count() >= report.events).await;
    world.proxy.stop().await;
    let came = Came::of(&messages);
    for call in &report.calls {
        assert_eq!(came.numbers[&call.channel_id], (1..=call.events).collect::<Vec<_>>());
    }
    assert_eq!(came.missing, 0);
    println!("{kind:?}: {} events over two outages, {} of them came again", report.events, came.again);
    assert!(kind == Kind::Rabbitmq || came.again == 0, "JetStream knows their ids");
}

async fn what_is_past_the_bound_is_counted_and_told_where_it_is_missing(kind: Kind) {
    let world = World::new(kind, json!({"max_buffer": 1 << 20})).await;
    let load = world.load(Duration::from_millis(20), 5_000);
    let counted = |counter| world.proxy.metrics.get(counter);
    eventually("events on the broker", async || counted(Metric::StreamPublished) > 50).await;
    ok(world.broker.server().kill().await);
    eventually("events that are dropped", async || counted(Metric::StreamLost) > 100).await;
    ok(world.broker.server().start_again().await);
    let before = counted(Metric::StreamPublished);
    eventually("the stream to go on", async || counted(Metric::StreamPublished) > before + 300).await;
    load.finish();
    let report = soon("all events", load.wait()).await;
    let lost = counted(Metric::StreamLost);
    let kept = world.kept().await;
    let all = |messages: &[Message]| {
        let came = Came::of(messages);
        came.missing == lost && came.count() + lost >= report.events
    };
    let messages = kept.until("all that was not dropped", all).await;
    world.proxy.stop().await;
    let came = Came::of(&messages);
    let missing = report.calls.iter().map(|call| call.events - came.numbers[&call.channel_id].len() as u64);
    assert_eq!(missing.sum::<u64>(), lost);
    let gaps = messages.iter().filter(|message| message.data()["events"].is_u64());
    let ids: HashSet<_> = gaps.map(|message| &message.id).collect();
    println!("{kind:?}: {lost} of {} events dropped, told by {} messages", report.events, ids.len());
    assert_eq!(ids.len(), 1, "one outage is one hole");
    for numbers in came.numbers.values() {
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}
