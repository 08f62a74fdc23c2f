//! go-ari-library's ways on RabbitMQ: each queue declared durable, not exclusive, not auto-delete, without arguments.

use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::sync::{Mutex, mpsc};

use crate::wait::ok;

/// Messages held between the client and the worker.
const CAPACITY: usize = 65_536;

/// A connection that is a member of a pool.
pub struct Pool {
    /// The connection lives as long as the pool does.
    _connection: Connection,
    channel: Channel,
    offers: Mutex<Consumer>,
}

impl Pool {
    pub(super) async fn join(url: &str, application: &str) -> Self {
        crate::brokers::prepare_process();
        let connection = ok(Connection::connect(url, ConnectionProperties::default()).await);
        let channel = ok(connection.create_channel().await);
        let offers = Mutex::new(consume(&channel, application).await);
        Self { _connection: connection, channel, offers }
    }

    pub(super) async fn next(&self) -> Vec<u8> {
        let Some(delivery) = self.offers.lock().await.next().await else { panic!("the pool is closed") };
        let delivery = ok(delivery);
        ok(delivery.ack(BasicAckOptions::default()).await);
        delivery.data
    }

    pub(super) async fn consume(&self, topic: &str) -> mpsc::Receiver<Vec<u8>> {
        let mut messages = consume(&self.channel, topic).await;
        let (sender, receiver) = mpsc::channel(CAPACITY);
        tokio::spawn(async move {
            // The queue is deleted at the dialog's end, which ends the consumer.
            while let Some(Ok(delivery)) = messages.next().await {
                if delivery.ack(BasicAckOptions::default()).await.is_err()
                    || sender.send(delivery.data).await.is_err()
                {
                    return;
                }
            }
        });
        receiver
    }

    pub(super) async fn publish(&self, topic: &str, bytes: Vec<u8>) {
        declare(&self.channel, topic).await;
        let properties =
            BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(1);
        ok(self
            .channel
            .basic_publish("".into(), topic.into(), BasicPublishOptions::default(), &bytes, properties)
            .await);
    }
}

async fn declare(channel: &Channel, queue: &str) {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    ok(channel.queue_declare(queue.into(), options, FieldTable::default()).await);
}

async fn consume(channel: &Channel, queue: &str) -> Consumer {
    declare(channel, queue).await;
    let options = BasicConsumeOptions { no_local: true, ..BasicConsumeOptions::default() };
    let tag = uuid::Uuid::now_v7().to_string();
    ok(channel.basic_consume(queue.into(), tag.as_str().into(), options, FieldTable::default()).await)
}
