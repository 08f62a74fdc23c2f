//! A plain program that reads from an exchange of RabbitMQ.

use std::collections::BTreeMap;

use ari_testbed::RabbitMq;
use ari_tests::wait::{ok, soon};
use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
    options::{
        BasicAckOptions, BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};

pub(crate) struct Program {
    pub(crate) channel: Channel,
    _connection: Connection,
}

/// A message as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) key: String,
    pub(crate) body: String,
    pub(crate) properties: BasicProperties,
}

impl Seen {
    pub(crate) fn headers(&self) -> BTreeMap<String, String> {
        let table = self.properties.headers().as_ref().expect("headers").inner();
        let text = |value: &AMQPValue| match value {
            AMQPValue::LongString(text) => text.to_string(),
            other => panic!("no string: {other:?}"),
        };
        table.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    pub(crate) fn id(&self) -> String {
        self.properties.message_id().as_ref().expect("an id").to_string()
    }
}

impl Program {
    pub(crate) async fn connect(broker: &RabbitMq) -> Self {
        let connection = ok(Connection::connect(&broker.url(), ConnectionProperties::default()).await);
        Self { channel: ok(connection.create_channel().await), _connection: connection }
    }

    /// A durable queue with arguments.
    pub(crate) async fn declare(&self, queue: &str, arguments: &[(&str, AMQPValue)]) {
        let mut table = FieldTable::default();
        for (name, value) in arguments {
            table.insert((*name).into(), value.clone());
        }
        ok(self.channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), table).await);
    }

    /// A durable queue bound to an exchange by a key, or by headers.
    pub(crate) async fn bind(&self, queue: &str, exchange: &str, key: &str, headers: &[(&str, &str)]) {
        self.declare(queue, &[]).await;
        let mut arguments = FieldTable::default();
        for (name, value) in headers {
            arguments.insert((*name).into(), AMQPValue::LongString((*value).into()));
        }
        let options = QueueBindOptions::default();
        ok(self.channel.queue_bind(queue.into(), exchange.into(), key.into(), options, arguments).await);
    }

    /// Declares an exchange, or asks whether it is there (`passive`).
    pub(crate) async fn exchange(&self, name: &str, kind: ExchangeKind, passive: bool) -> lapin::Result<()> {
        let options = ExchangeDeclareOptions { durable: true, passive, ..ExchangeDeclareOptions::default() };
        self.channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
    }

    pub(crate) async fn consume(&self, queue: &str) -> Messages {
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        Messages(ok(self.channel.basic_consume(queue.into(), "".into(), options, none).await))
    }
}

pub(crate) struct Messages(Consumer);

impl Messages {
    pub(crate) async fn next(&mut self) -> Seen {
        let delivery = ok(soon("a message", self.0.next()).await.expect("the consumer goes on"));
        ok(delivery.ack(BasicAckOptions::default()).await);
        let body = String::from_utf8(delivery.data).expect("text");
        Seen { key: delivery.routing_key.to_string(), body, properties: delivery.properties }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<Seen> {
        let mut seen = Vec::with_capacity(count);
        while seen.len() < count {
            seen.push(self.next().await);
        }
        seen
    }
}
