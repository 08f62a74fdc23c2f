//! The three brokers, behind what the tests want to do with one.

use std::{future::Future, sync::Arc};

use ari_bus::{Bus, BusOptions, Topics, memory::MemoryBus};
use ari_testbed::{Nats, RabbitMq, Server};
use tokio::sync::OnceCell;

/// The user and password that [`Broker::start_with_login`] knows: with letters that a URL must escape.
pub(crate) const USER: &str = "proxy";
pub(crate) const PASSWORD: &str = "s3cr3t/p@ss:w,rd %41";

/// A broker that tests connect to, and that they may stop if it is their own.
pub(crate) trait Broker: Sized + Send + Sync + 'static {
    /// One that many tests use, and that none may stop.
    fn shared() -> impl Future<Output = &'static Self>;
    /// One for this test alone.
    fn start() -> impl Future<Output = Self>;
    /// One for this test alone that lets only [`USER`] in.
    fn start_with_login() -> impl Future<Output = Self>;

    /// A new connection.
    fn connect(&self, options: BusOptions) -> Arc<dyn Bus>;
    /// A new connection with this login, percent-encoded.
    fn connect_as(&self, user: &str, password: &str, options: BusOptions) -> Arc<dyn Bus>;

    /// What runs it.
    fn server(&self) -> &Server;

    async fn stop(&self) {
        self.server().stop().await.unwrap();
    }

    async fn kill(&self) {
        self.server().kill().await.unwrap();
    }

    async fn start_again(&self) {
        self.server().start_again().await.unwrap();
    }

    /// How many subscriptions or consumers the broker has for this; memory counts all it has.
    async fn readers(&self, topics: &Topics) -> usize;
    /// How many topics with this in their names the broker keeps messages for.
    async fn kept(&self, part: &str) -> usize;
    /// How many logins the broker has refused.
    fn refused_logins(&self) -> usize;
}

/// [`MemoryBus`].
pub(crate) struct Memory(MemoryBus);

impl Broker for Memory {
    async fn shared() -> &'static Self {
        // It costs nothing, so that each test has its own.
        Box::leak(Box::new(Self::start().await))
    }

    async fn start() -> Self {
        Self(MemoryBus::new())
    }

    async fn start_with_login() -> Self {
        unreachable!("memory asks for no login")
    }

    fn connect(&self, _options: BusOptions) -> Arc<dyn Bus> {
        Arc::new(self.0.another())
    }

    fn connect_as(&self, _user: &str, _password: &str, _options: BusOptions) -> Arc<dyn Bus> {
        unreachable!("memory asks for no login")
    }

    fn server(&self) -> &Server {
        unreachable!("memory is no server")
    }

    async fn stop(&self) {
        self.0.set_available(false);
    }

    async fn kill(&self) {
        self.0.set_available(false);
    }

    async fn start_again(&self) {
        self.0.set_available(true);
    }

    async fn readers(&self, _topics: &Topics) -> usize {
        self.0.subscriptions()
    }

    async fn kept(&self, _part: &str) -> usize {
        0
    }

    fn refused_logins(&self) -> usize {
        0
    }
}

/// A real nats-server.
pub(crate) struct RealNats(pub(crate) Nats);

/// A real RabbitMQ.
pub(crate) struct RealRabbitMq(pub(crate) RabbitMq);

impl RealNats {
    pub(crate) async fn start_with(configuration: &str) -> Self {
        Self(Nats::start_with(configuration).await.unwrap_or_else(|error| panic!("{error}")))
    }
}

impl Broker for RealNats {
    async fn shared() -> &'static Self {
        static SHARED: OnceCell<RealNats> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        Self::start_with("").await
    }

    async fn start_with_login() -> Self {
        Self::start_with(&format!("authorization {{ user: \"{USER}\", password: \"{PASSWORD}\" }}")).await
    }

    fn connect(&self, options: BusOptions) -> Arc<dyn Bus> {
        ari_bus::connect(&self.0.url(), options).unwrap()
    }

    fn connect_as(&self, user: &str, password: &str, options: BusOptions) -> Arc<dyn Bus> {
        let url = format!("nats://{user}:{password}@127.0.0.1:{}", self.0.port());
        ari_bus::connect(&url, options).unwrap()
    }

    fn server(&self) -> &Server {
        &self.0
    }

    async fn readers(&self, topics: &Topics) -> usize {
        let wanted = match topics {
            Topics::One(topic) => topic.clone(),
            Topics::Under(prefix) => format!("{prefix}>"),
        };
        let subscriptions = self.0.subscriptions().await.unwrap();
        subscriptions.iter().filter(|subject| **subject == wanted).count()
    }

    async fn kept(&self, _part: &str) -> usize {
        0
    }

    fn refused_logins(&self) -> usize {
        self.0.log().matches("authentication error").count()
    }
}

impl Broker for RealRabbitMq {
    async fn shared() -> &'static Self {
        static SHARED: OnceCell<RealRabbitMq> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        Self(RabbitMq::start().await.unwrap_or_else(|error| panic!("{error}")))
    }

    async fn start_with_login() -> Self {
        let configuration = format!("default_user = {USER}\ndefault_pass = '{PASSWORD}'\n");
        Self(RabbitMq::start_with(&configuration).await.unwrap_or_else(|error| panic!("{error}")))
    }

    fn connect(&self, options: BusOptions) -> Arc<dyn Bus> {
        ari_bus::connect(&self.0.url(), options).unwrap()
    }

    fn connect_as(&self, user: &str, password: &str, options: BusOptions) -> Arc<dyn Bus> {
        let url = format!("amqp://{user}:{password}@127.0.0.1:{}/%2f", self.0.port());
        ari_bus::connect(&url, options).unwrap()
    }

    fn server(&self) -> &Server {
        &self.0
    }

    async fn readers(&self, topics: &Topics) -> usize {
        let wanted = match topics {
            Topics::One(topic) => topic.as_str(),
            Topics::Under(prefix) => prefix.trim_end_matches('.'),
        };
        let queues = self.0.queues().await.unwrap();
        let consumers = queues.iter().filter(|queue| queue.name == wanted).map(|queue| queue.consumers);
        usize::try_from(consumers.sum::<u64>()).unwrap()
    }

    async fn kept(&self, part: &str) -> usize {
        self.0.queues().await.unwrap().iter().filter(|queue| queue.name.contains(part)).count()
    }

    fn refused_logins(&self) -> usize {
        self.0.log().matches("PLAIN login refused").count()
    }
}
