//! Writers that publish what the stream would, as a plain client does: what events cost before a proxy has anything to do with them.

use ari_tests::{
    brokers::{Broker, Kind},
    wait::ok,
};
use async_nats::HeaderMap;
use futures_util::future::join_all;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind,
    options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions},
    types::{AMQPValue, FieldTable},
};

/// A message to publish.
pub(crate) struct Event {
    pub(crate) key: &'static str,
    pub(crate) headers: [(&'static str, &'static str); 2],
    pub(crate) body: String,
}

/// A client with a connection of its own.
pub(crate) enum Writer {
    Nats(async_nats::Client),
    Rabbitmq { channel: Channel, _connection: Connection },
}

impl Writer {
    /// Connects; on RabbitMQ to the usual exchange, with confirms.
    pub(crate) async fn of(broker: &Broker) -> Self {
        match broker.kind() {
            Kind::Nats => Self::Nats(ok(async_nats::connect(broker.url()).await)),
            Kind::Rabbitmq => {
                let connection =
                    ok(Connection::connect(&broker.url(), ConnectionProperties::default()).await);
                let channel = ok(connection.create_channel().await);
                let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
                let declaring = channel.exchange_declare(
                    "stasis".into(),
                    ExchangeKind::Topic,
                    durable,
                    FieldTable::default(),
                );
                ok(declaring.await);
                ok(channel.confirm_select(ConfirmSelectOptions::default()).await);
                Self::Rabbitmq { channel, _connection: connection }
            }
        }
    }

    /// Publishes an event so many times, and waits until the broker has them all. Each has an id of its own, from `first` on.
    pub(crate) async fn publish(&self, event: &Event, first: u64, times: u64) {
        let ids = (first..first + times).map(|id| id.to_string());
        match self {
            Self::Nats(client) => {
                for id in ids {
                    let mut headers = HeaderMap::new();
                    headers.insert("Nats-Msg-Id", id);
                    event.headers.iter().for_each(|(name, value)| headers.insert(*name, *value));
                    let body = event.body.clone().into();
                    ok(client.publish_with_headers(event.key, headers, body).await);
                }
                ok(client.flush().await);
            }
            Self::Rabbitmq { channel, .. } => {
                let sending = ids.map(|id| {
                    let mut headers = FieldTable::default();
                    for (name, value) in event.headers {
                        headers.insert(name.into(), AMQPValue::LongString(value.into()));
                    }
                    let properties = BasicProperties::default()
                        .with_content_type("application/json".into())
                        .with_delivery_mode(2)
                        .with_headers(headers)
                        .with_message_id(id.into());
                    async move {
                        let options = BasicPublishOptions::default();
                        let body = event.body.as_bytes();
                        let sent = channel.basic_publish(
                            "stasis".into(),
                            event.key.into(),
                            options,
                            body,
                            properties,
                        );
                        ok(ok(sent.await).await)
                    }
                });
                join_all(sending).await.iter().for_each(|confirmed| assert!(confirmed.is_ack()));
            }
        }
    }
}
