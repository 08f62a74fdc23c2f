//! Another client of the broker, which knows nothing of us.

use ari_testbed::RabbitMq;
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};

pub(crate) struct Somebody {
    channel: Channel,
    _connection: Connection,
}

impl Somebody {
    pub(crate) async fn at(broker: &RabbitMq) -> Self {
        let connection = Connection::connect(&broker.url(), ConnectionProperties::default()).await.unwrap();
        Self { channel: connection.create_channel().await.unwrap(), _connection: connection }
    }

    /// Declares a queue in a way that is not ours.
    pub(crate) async fn declares(&self, queue: &str) {
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), 7i32.into());
        self.channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.unwrap();
    }

    pub(crate) async fn deletes(&self, queues: impl IntoIterator<Item = &str>) {
        for queue in queues {
            self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
        }
    }
}
