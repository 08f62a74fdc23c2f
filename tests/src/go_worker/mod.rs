//! A worker that behaves as go-ari-library does, on each bus through the bus's own client: nothing of ours in between.
//!
//! It takes AppStart from its pool, sends `DUMMY` on the commands topic, only then subscribes to events and answers, and
//! sends commands without an id, one at a time, each time waiting for the next answer, 5 s at most.

mod nats;
mod rabbitmq;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{brokers::Broker, wait::ok};

/// How long go-ari-library waits for an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Membership in an application's pool.
pub enum GoPool {
    /// On NATS.
    Nats(Box<nats::Pool>),
    /// On RabbitMQ.
    Rabbitmq(Box<rabbitmq::Pool>),
}

impl GoPool {
    /// Joins the pool of an application.
    ///
    /// # Panics
    /// When the broker does not let us.
    pub async fn join(broker: &Broker, application: &str) -> Self {
        match broker {
            Broker::Nats(_) => Self::Nats(Box::new(nats::Pool::join(&broker.url(), application).await)),
            Broker::Rabbitmq(_) => {
                Self::Rabbitmq(Box::new(rabbitmq::Pool::join(&broker.url(), application).await))
            }
        }
    }

    /// The next AppStart, as text.
    ///
    /// # Panics
    /// When the pool is closed.
    pub async fn app_start(&self) -> Value {
        let bytes = match self {
            Self::Nats(pool) => pool.next().await,
            Self::Rabbitmq(pool) => pool.next().await,
        };
        ok(serde_json::from_slice(&bytes))
    }

    /// Takes a dialog: `DUMMY` at once, the subscriptions `pause` later.
    ///
    /// # Panics
    /// When the broker does not let us.
    pub async fn take(&self, app_start: &Value, pause: Duration) -> GoDialog {
        let id = app_start["dialog_id"].as_str().unwrap_or_default().to_owned();
        let commands = format!("commands_{id}");
        self.publish(&commands, b"DUMMY".to_vec()).await;
        tokio::time::sleep(pause).await;
        let events = self.consume(&format!("events_{id}")).await;
        let responses = self.consume(&format!("responses_{id}")).await;
        GoDialog { commands, events, responses }
    }

    async fn consume(&self, topic: &str) -> mpsc::Receiver<Vec<u8>> {
        match self {
            Self::Nats(pool) => pool.consume(topic).await,
            Self::Rabbitmq(pool) => pool.consume(topic).await,
        }
    }

    /// Publishes any bytes to a topic.
    ///
    /// # Panics
    /// When the broker does not let us.
    pub async fn publish(&self, topic: &str, bytes: Vec<u8>) {
        match self {
            Self::Nats(pool) => pool.publish(topic, bytes).await,
            Self::Rabbitmq(pool) => pool.publish(topic, bytes).await,
        }
    }
}

/// A dialog of such a worker.
pub struct GoDialog {
    /// The commands topic.
    pub commands: String,
    events: mpsc::Receiver<Vec<u8>>,
    responses: mpsc::Receiver<Vec<u8>>,
}

impl GoDialog {
    /// The next event's envelope; `None` if none comes within this time.
    ///
    /// # Panics
    /// When it is not JSON.
    pub async fn event_within(&mut self, time: Duration) -> Option<Value> {
        let bytes = tokio::time::timeout(time, self.events.recv()).await.ok()??;
        Some(ok(serde_json::from_slice(&bytes)))
    }

    /// Sends a command as that library writes it and takes the next answer for its own.
    ///
    /// # Panics
    /// When none comes within its 5 s.
    pub async fn command(&mut self, pool: &GoPool, method: &str, url: &str, body: &str) -> Value {
        let message = json!({ "unique_id": "", "url": url, "method": method, "body": body });
        pool.publish(&self.commands, message.to_string().into_bytes()).await;
        match tokio::time::timeout(ANSWER, self.responses.recv()).await {
            Ok(Some(bytes)) => ok(serde_json::from_slice(&bytes)),
            _ => panic!("no answer to {method} {url} within {ANSWER:?}"),
        }
    }

    /// Whether an answer came that no command awaits.
    pub fn has_stray_answer(&mut self) -> bool {
        self.responses.try_recv().is_ok()
    }
}
