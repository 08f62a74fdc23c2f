//! Prints a live log of all calls from the event stream on RabbitMQ. The proxy's configuration has `"stream": {"channels": true}`.
//!
//! ```sh
//! cargo run -p ari-client --example call_log_rabbitmq -- amqp://guest:guest@127.0.0.1:5672/%2f
//! ```

mod call_log;

use call_log::CallLog;
use futures_util::StreamExt as _;
use lapin::{
    Connection, ConnectionProperties, ExchangeKind,
    options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let bus = Connection::connect(&url, ConnectionProperties::default()).await?.create_channel().await?;
    // As the proxy declares it: whoever is there first makes it.
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    bus.exchange_declare("stasis".into(), ExchangeKind::Topic, durable, FieldTable::default()).await?;
    // A queue of our own, which is gone with us.
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = bus.queue_declare("".into(), exclusive, FieldTable::default()).await?.name().clone();
    let options = QueueBindOptions::default();
    bus.queue_bind(queue.clone(), "stasis".into(), "stasis.channel.#".into(), options, FieldTable::default())
        .await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut messages = bus.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
    println!("listening for calls");
    let mut log = CallLog::default();
    while let Some(message) = messages.next().await {
        log.note(&message?.data);
    }
    Ok(())
}
