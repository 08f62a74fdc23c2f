//! What dialogs make of a bus that fails for a moment, refuses, or keeps what is not read: a bus in memory that does so when
//! it is told to.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ari_bus::{
    Bus, BusError, BusErrorKind, Claimed, LinkState, Reach, Retention, Rival, Subscription, Topics,
    memory::MemoryBus,
};
use ari_proxy::Metric;
use ari_tests::{
    brokers::Kind,
    desk::{Desk, Pool},
    proxies::{RunningProxy, config_json},
    wait::{eventually, ok, soon},
    worlds::{start_simulator, until_connected},
};
use asterisk_sim::{Call, Simulator};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};

const APPLICATION: &str = "hello";

/// A bus that keeps messages for version 1, as RabbitMQ does, and fails as planned.
#[derive(Debug)]
struct Moody {
    bus: MemoryBus,
    /// Operations that are going to fail, by name, and how.
    planned: Mutex<VecDeque<(&'static str, BusErrorKind)>>,
    /// Whether offers, which reach the pool, are never confirmed.
    silent: AtomicBool,
    /// Whether declarations are never confirmed, and how many there were.
    stuck: AtomicBool,
    declarations: AtomicUsize,
    /// Messages that wait in each topic, as it tells.
    unread: AtomicUsize,
    asked: AtomicUsize,
    /// Each topic that was deleted, and what waited then.
    deleted: Mutex<Vec<(String, usize)>>,
    /// The largest message that it says it carries, and the largest one that it does.
    largest_told: AtomicUsize,
    largest: AtomicUsize,
}

impl Moody {
    fn new() -> Arc<Self> {
        let bus = MemoryBus::new();
        let largest = bus.largest_message();
        Arc::new(Self {
            bus,
            planned: Mutex::default(),
            silent: false.into(),
            stuck: false.into(),
            declarations: 0.into(),
            unread: 0.into(),
            asked: 0.into(),
            deleted: Mutex::default(),
            largest_told: largest.into(),
            largest: largest.into(),
        })
    }

    fn plan(&self, operation: &'static str, failures: &[BusErrorKind]) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.extend(failures.iter().map(|kind| (operation, *kind)));
    }

    fn failures_left(&self) -> usize {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn attempt(&self, operation: &str) -> Result<(), BusError> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        match planned.iter().position(|(name, _)| *name == operation).and_then(|at| planned.remove(at)) {
            Some((name, kind)) => Err(BusError::new(kind, format!("{name} fails as planned"))),
            None => Ok(()),
        }
    }

    fn deleted(&self) -> Vec<(String, usize)> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Bus for Moody {
    fn largest_message(&self) -> usize {
        self.largest_told.load(Ordering::SeqCst)
    }

    fn link(&self) -> LinkState {
        self.bus.link()
    }

    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError> {
        let largest = self.largest.load(Ordering::SeqCst);
        if payloads.iter().any(|payload| payload.len() > largest) {
            self.largest_told.store(largest, Ordering::SeqCst);
            return Err(BusError::new(BusErrorKind::TooLarge, "larger than since the reconnect"));
        }
        self.bus.publish_all(topic, payloads).await
    }

    async fn offer(&self, topic: &str, payload: Bytes, expires: Duration) -> Result<Reach, BusError> {
        let offered = self.bus.offer(topic, payload, expires).await;
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        offered
    }

    async fn join(&self, topic: &str, group: &str) -> Result<Subscription, BusError> {
        self.bus.join(topic, group).await
    }

    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError> {
        self.attempt("subscribe")?;
        self.bus.subscribe(topics).await
    }

    async fn share(&self, prefix: &str) -> Result<Subscription, BusError> {
        self.attempt("subscribe")?;
        self.bus.share(prefix).await
    }

    fn shared_comes_to_all(&self) -> bool {
        self.bus.shared_comes_to_all()
    }

    async fn claim(&self, name: &str, holder: &str, over: Option<&Rival>) -> Result<Claimed, BusError> {
        self.bus.claim(name, holder, over).await
    }

    async fn unclaim(&self, name: &str, holder: &str) -> Result<(), BusError> {
        self.bus.unclaim(name, holder).await
    }

    async fn declare(&self, _topic: &str) -> Result<Retention, BusError> {
        self.declarations.fetch_add(1, Ordering::SeqCst);
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.attempt("declare")?;
        Ok(Retention::Kept)
    }

    async fn unread(&self, _topic: &str) -> Result<usize, BusError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.attempt("unread")?;
        Ok(self.unread.load(Ordering::SeqCst))
    }

    async fn delete(&self, topic: &str) -> Result<(), BusError> {
        let unread = self.unread.load(Ordering::SeqCst);
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).push((topic.to_owned(), unread));
        Ok(())
    }

    async fn close(&self) {
        self.bus.close().await;
    }
}

/// A fake Asterisk and a proxy on a moody bus; a worker's desk and its pool.
struct World {
    bus: Arc<Moody>,
    simulator: Simulator,
    proxy: RunningProxy,
    desk: Desk,
    pool: Pool,
}

impl World {
    async fn new(bus: Arc<Moody>) -> Self {
        let simulator = start_simulator().await;
        let mut config = config_json(&(&simulator).into(), Kind::Nats, "", "pbx", &[APPLICATION]);
        config["dialog"] = json!({"linger": "50ms"});
        config["stop_timeout"] = json!("1m");
        let proxy = RunningProxy::on_bus(&config, Arc::clone(&bus) as Arc<dyn Bus>);
        until_connected(&simulator, APPLICATION).await;
        let desk = Desk::open(Arc::new(bus.bus.another())).await;
        let pool = desk.join(APPLICATION).await;
        Self { bus, simulator, proxy, desk, pool }
    }

    /// Carries one call to its worker, and stops.
    async fn carry_a_call(mut self) {
        let _call = self.simulator.call(APPLICATION).place();
        let offer = self.pool.offer().await;
        self.desk.accept(&offer).await.event("StasisStart").await;
        self.proxy.stop().await;
    }

    /// A call that a version-1 worker has taken.
    async fn version_1_call(&mut self) -> Call {
        let call = self.simulator.call(APPLICATION).place();
        let offer = self.pool.offer().await;
        let commands = format!("commands_{}", offer["dialog_id"].as_str().unwrap_or_default());
        ok(self.bus.bus.publish(&commands, "DUMMY".into()).await);
        let accepted = async || self.proxy.metrics.get(Metric::DialogsAccepted) == 1;
        eventually("a worker has the call", accepted).await;
        call
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unread_outlives_a_blip_of_the_broker() {
    let bus = Moody::new();
    let mut world = World::new(Arc::clone(&bus)).await;
    let call = world.version_1_call().await;
    bus.unread.store(1, Ordering::SeqCst);
    bus.plan("unread", &[BusErrorKind::Timeout, BusErrorKind::Unavailable, BusErrorKind::Timeout]);
    call.hangup();
    eventually("all blips over", async || bus.failures_left() == 0).await;
    bus.unread.store(0, Ordering::SeqCst);
    eventually("the topics deleted", async || bus.deleted().len() == 3).await;
    assert!(bus.deleted().iter().all(|(_, unread)| *unread == 0), "{:?}", bus.deleted());
    world.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_what_is_unread() {
    let bus = Moody::new();
    let mut world = World::new(Arc::clone(&bus)).await;
    let _call = world.version_1_call().await;
    bus.unread.store(1, Ordering::SeqCst);
    let read = async {
        eventually("the proxy asks", async || bus.asked.load(Ordering::SeqCst) > 2).await;
        bus.unread.store(0, Ordering::SeqCst);
    };
    tokio::join!(world.proxy.stop(), read);
    assert_eq!(bus.deleted().len(), 3);
    assert!(bus.deleted().iter().all(|(_, unread)| *unread == 0), "{:?}", bus.deleted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_cannot_be_declared_at_once_costs_no_term() {
    let bus = Moody::new();
    bus.plan("declare", &[BusErrorKind::Timeout, BusErrorKind::Unavailable, BusErrorKind::Timeout]);
    let mut world = World::new(bus).await;
    let _call = world.simulator.call(APPLICATION).place();
    assert_eq!(world.pool.offer().await["term"], 1);
    world.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_counts_before_its_offer_is_confirmed() {
    let bus = Moody::new();
    bus.silent.store(true, Ordering::SeqCst);
    World::new(bus).await.carry_a_call().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_an_offer() {
    let bus = Moody::new();
    bus.silent.store(true, Ordering::SeqCst);
    let mut world = World::new(bus).await;
    let _call = world.simulator.call(APPLICATION).place();
    world.pool.offer().await;
    world.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_may_come_to_be_after_a_stop_is_deleted() {
    let bus = Moody::new();
    bus.stuck.store(true, Ordering::SeqCst);
    let world = World::new(Arc::clone(&bus)).await;
    let _call = world.simulator.call(APPLICATION).place();
    eventually("a declaration", async || bus.declarations.load(Ordering::SeqCst) == 1).await;
    world.proxy.stop().await;
    assert!(bus.deleted().iter().any(|(topic, _)| topic.starts_with("commands_")), "{:?}", bus.deleted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_subscription_is_tried_again() {
    let bus = Moody::new();
    bus.plan("subscribe", &[BusErrorKind::Refused; 4]);
    World::new(bus).await.carry_a_call().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_became_too_large_takes_no_other_with_it() {
    let bus = Moody::new();
    let mut world = World::new(Arc::clone(&bus)).await;
    let call = world.simulator.call(APPLICATION).place();
    let offer = world.pool.offer().await;
    let event = |kind: &str, text: &str| {
        let channel = json!({"id": call.channel_id()});
        json!({"type": kind, "application": APPLICATION, "channel": channel, "text": text}).to_string()
    };
    let long = "x".repeat(20_000);
    for (kind, text) in [("Before", ""), ("Large", &*long), ("After", "")] {
        assert!(world.simulator.send_raw(APPLICATION, &event(kind, text)));
    }
    // All of them are held, and go out together.
    let received = async || world.proxy.metrics.get(Metric::EventsReceived) >= 4;
    eventually("the events held", received).await;
    bus.largest.store(10_000, Ordering::SeqCst);
    let dialog = world.desk.accept(&offer).await;
    dialog.event("After").await;
    let kinds: Vec<Value> = dialog.events().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["StasisStart", "Before", "After"]);
    assert_eq!(dialog.event("After").await["seq"], 4, "the number of the lost one is used up");
    assert_eq!(world.proxy.metrics.get(Metric::EventsLost), 1);
    soon("the stop", world.proxy.stop()).await;
}
