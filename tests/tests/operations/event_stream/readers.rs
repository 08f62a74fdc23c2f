//! Readers of the stream as anybody writes them: plain clients of RabbitMQ and NATS that know nothing of ours.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ari_tests::{
    brokers::{Broker, Kind},
    process::Process,
    wait::{DEADLINE, ok, soon},
};
use futures_util::{
    StreamExt as _,
    stream::{BoxStream, select_all},
};
use lapin::{
    Channel, Connection, ConnectionProperties, ExchangeKind,
    options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

/// A message of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) key: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) id: String,
    pub(crate) body: String,
}

impl Message {
    /// A field of the envelope.
    pub(crate) fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn name(&self) -> String {
        self.field("name")
    }

    /// The event inside.
    pub(crate) fn data(&self) -> Value {
        self.json()["data"].take()
    }

    /// The bytes of the event inside.
    pub(crate) fn inside(&self) -> &str {
        let event = self.body.split_once(r#","data":"#).and_then(|(_, behind)| behind.strip_suffix('}'));
        event.unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        ok(serde_json::from_str(&self.body))
    }
}

/// What a reader of RabbitMQ needs as long as it reads.
type Keeps = Option<(Connection, Channel)>;

/// A reader that notes what comes.
pub(crate) struct Reader {
    messages: Arc<Mutex<Vec<Message>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
    _connection: Keeps,
    /// Where it runs, if not beside the test.
    process: Option<Process>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    /// Reads what is published under these keys (RabbitMQ) or below these subjects (NATS).
    pub(crate) async fn of(broker: &Broker, keys: &[&str]) -> Self {
        let (messages, connection) = Self::coming(broker.kind(), &broker.url(), keys).await;
        Self::noting(messages, connection)
    }

    /// Does so as a program of its own, whose reading holds nothing else of the test up, and keeps the events of one type alone.
    pub(crate) async fn apart(broker: &Broker, keys: &'static [&'static str], name: &'static str) -> Self {
        let (process, kind, url) = (Process::start(), broker.kind(), broker.url());
        let of_type =
            move |message: &Message| ready(message.headers.get("name").is_some_and(|its| its == name));
        let reading = async move {
            let (messages, connection) = Self::coming(kind, &url, keys).await;
            Self::noting(messages.filter(of_type).boxed(), connection)
        };
        let mut reader = process.run(reading).await;
        reader.process = Some(process);
        reader
    }

    async fn coming(kind: Kind, url: &str, keys: &[&str]) -> (BoxStream<'static, Message>, Keeps) {
        match kind {
            Kind::Nats => (Self::heard(&ok(async_nats::connect(url).await), keys).await, None),
            Kind::Rabbitmq => Self::bound_to(url, keys).await,
        }
    }

    /// Reads what is published under these keys to the usual exchange of a RabbitMQ.
    pub(crate) async fn of_url(url: &str, keys: &[&str]) -> Self {
        let (messages, connection) = Self::bound_to(url, keys).await;
        Self::noting(messages, connection)
    }

    async fn bound_to(url: &str, keys: &[&str]) -> (BoxStream<'static, Message>, Keeps) {
        let bindings: Vec<_> = keys.iter().map(|key| (*key, FieldTable::default())).collect();
        Self::bound_at(url, "stasis", ExchangeKind::Topic, &bindings).await
    }

    /// Reads from an exchange, which it declares if it is the first one there.
    pub(crate) async fn bound(
        broker: &Broker,
        exchange: &str,
        kind: ExchangeKind,
        bindings: &[(&str, FieldTable)],
    ) -> Self {
        let (messages, connection) = Self::bound_at(&broker.url(), exchange, kind, bindings).await;
        Self::noting(messages, connection)
    }

    async fn bound_at(
        url: &str,
        exchange: &str,
        kind: ExchangeKind,
        bindings: &[(&str, FieldTable)],
    ) -> (BoxStream<'static, Message>, Keeps) {
        let connection = ok(Connection::connect(url, ConnectionProperties::default()).await);
        let channel = ok(connection.create_channel().await);
        let exchange = ShortString::from(exchange);
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        ok(channel.exchange_declare(exchange.clone(), kind, durable, FieldTable::default()).await);
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = ok(channel.queue_declare(ShortString::from(""), exclusive, FieldTable::default()).await);
        let queue = queue.name().clone();
        for (key, arguments) in bindings {
            let (key, options) = (ShortString::from(*key), QueueBindOptions::default());
            ok(channel.queue_bind(queue.clone(), exchange.clone(), key, options, arguments.clone()).await);
        }
        (consume(&channel, &queue).await, Some((connection, channel)))
    }

    /// Reads a queue that is there already.
    pub(crate) async fn of_queue(broker: &Broker, queue: &str) -> Self {
        let connection = ok(Connection::connect(&broker.url(), ConnectionProperties::default()).await);
        let channel = ok(connection.create_channel().await);
        let messages = consume(&channel, &ShortString::from(queue)).await;
        Self::noting(messages, Some((connection, channel)))
    }

    /// Reads what a client of NATS hears below these subjects.
    pub(crate) async fn of_client(client: &async_nats::Client, subjects: &[&str]) -> Self {
        Self::noting(Self::heard(client, subjects).await, None)
    }

    async fn heard(client: &async_nats::Client, subjects: &[&str]) -> BoxStream<'static, Message> {
        let mut all = Vec::new();
        for subject in subjects {
            all.push(ok(client.subscribe((*subject).to_owned()).await));
        }
        ok(client.flush().await);
        // The client lives as long as its subscriptions.
        select_all(all).map(of_nats).boxed()
    }

    pub(crate) fn noting(mut coming: BoxStream<'static, Message>, connection: Keeps) -> Self {
        let messages = Arc::<Mutex<Vec<Message>>>::default();
        let kept = Arc::clone(&messages);
        let (sender, count) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Some(message) = coming.next().await {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                sender.send_modify(|count| *count += 1);
            }
        });
        Self { messages, count, task, _connection: connection, process: None }
    }

    /// What came so far.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what came is as wanted, and returns it.
    pub(crate) async fn until(&self, what: &str, is: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let mut count = self.count.clone();
        let wait = async {
            loop {
                count.borrow_and_update();
                if is(&self.lock()) {
                    return self.messages();
                }
                ok(count.changed().await);
            }
        };
        match timeout(DEADLINE, wait).await {
            Ok(messages) => messages,
            Err(_) => {
                let came = self.messages();
                let last: Vec<_> = came.iter().rev().take(5).collect();
                panic!("never came: {what}; {} messages came, the last {last:#?}", came.len())
            }
        }
    }
}

async fn consume(channel: &Channel, queue: &ShortString) -> BoxStream<'static, Message> {
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let consumer = channel.basic_consume(queue.clone(), "".into(), options, FieldTable::default());
    let consumer = ok(soon("a consumer", consumer).await);
    consumer.filter_map(|delivery| async { delivery.ok().map(of_rabbitmq) }).boxed()
}

fn of_rabbitmq(delivery: lapin::message::Delivery) -> Message {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let properties = &delivery.properties;
    assert_eq!(*properties.delivery_mode(), Some(2), "it is persistent");
    let headers = properties.headers().iter().flat_map(|table| table.inner()).filter_map(|(name, value)| {
        let AMQPValue::LongString(value) = value else { return None };
        Some((name.to_string(), text(value.as_bytes())))
    });
    Message {
        key: delivery.routing_key.to_string(),
        headers: headers.collect(),
        id: properties.message_id().as_ref().map(ToString::to_string).unwrap_or_default(),
        body: text(&delivery.data),
    }
}

pub(crate) fn of_nats(message: async_nats::Message) -> Message {
    let headers = message.headers.unwrap_or_default();
    let all: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, values)| (name.to_string(), values.first().map(ToString::to_string).unwrap_or_default()))
        .collect();
    Message {
        key: message.subject.to_string(),
        id: all.get("Nats-Msg-Id").cloned().unwrap_or_default(),
        headers: all,
        body: String::from_utf8_lossy(&message.payload).into_owned(),
    }
}
