//! A worker that behaves as go-ari-library does, on each bus through the bus's own client: nothing of ours in between.
//!
//! It takes AppStart from its pool, sends `DUMMY` on the commands topic, only then subscribes to events and answers, and
//! sends commands without an id, one at a time, each time waiting for the next answer, 5 s at most.

mod nats;
mod rabbitmq;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    brokers::Broker,
    wait::{DEADLINE, ok, soon},
};

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

    /// The next AppStart.
    ///
    /// # Panics
    /// When none comes, or the pool is closed.
    pub async fn app_start(&self) -> Value {
        let next = async {
            match self {
                Self::Nats(pool) => pool.next().await,
                Self::Rabbitmq(pool) => pool.next().await,
            }
        };
        ok(serde_json::from_slice(&soon("an AppStart", next).await))
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
        let events_topic = format!("events_{id}");
        let responses_topic = format!("responses_{id}");
        let events = self.consume(&events_topic).await;
        let responses = self.consume(&responses_topic).await;
        GoDialog { commands, events_topic, responses_topic, events, responses }
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
    /// The events topic.
    pub events_topic: String,
    /// The answers' topic.
    pub responses_topic: String,
    events: mpsc::Receiver<Vec<u8>>,
    responses: mpsc::Receiver<Vec<u8>>,
}

impl GoDialog {
    /// What the broker holds of a dialog that is over for the proxy, and not yet for this worker: on NATS its
    /// subscriptions; on RabbitMQ nothing, since the proxy deletes the queues.
    #[must_use]
    pub fn still_held(&self, broker: &Broker) -> Vec<String> {
        match broker {
            Broker::Nats(_) => vec![self.events_topic.clone(), self.responses_topic.clone()],
            Broker::Rabbitmq(_) => Vec::new(),
        }
    }

    /// The next event's envelope.
    ///
    /// # Panics
    /// When none comes, or it is not JSON.
    pub async fn event(&mut self) -> Value {
        let Some(bytes) = soon("an event", self.events.recv()).await else { panic!("the topic is gone") };
        ok(serde_json::from_slice(&bytes))
    }

    /// The envelopes of all events up to the first of this type.
    ///
    /// # Panics
    /// When it does not come; the text shows what came instead.
    pub async fn events_until(&mut self, kind: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        while events.last().is_none_or(|event| event["type"] != kind) {
            match tokio::time::timeout(DEADLINE, self.events.recv()).await {
                Ok(Some(bytes)) => events.push(ok(serde_json::from_slice(&bytes))),
                _ => panic!("{kind} never came; there came {events:#?}"),
            }
        }
        events
    }

    /// What still comes once the proxy is through with the dialog.
    ///
    /// On RabbitMQ the proxy deletes the queue then, which ends its consumer. On NATS a subject has no end: a message of
    /// our own stands behind all of the proxy's.
    ///
    /// # Panics
    /// When the end does not come.
    pub async fn rest(mut self, pool: &GoPool) -> Vec<Value> {
        const END: &[u8] = b"END";
        if matches!(pool, GoPool::Nats(_)) {
            pool.publish(&self.events_topic, END.to_vec()).await;
        }
        let mut rest = Vec::new();
        while let Some(bytes) = soon("the end of the events", self.events.recv()).await {
            if bytes == END {
                break;
            }
            rest.push(ok(serde_json::from_slice(&bytes)));
        }
        rest
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

    /// Whether an answer came that no command awaits. It would be taken for that of the next command, as that library
    /// does: here one that no other test sends, and that has an answer of its own.
    ///
    /// # Panics
    /// When no answer comes at all.
    pub async fn has_stray_answer(&mut self, pool: &GoPool) -> bool {
        self.command(pool, "FENCE", "/", "").await["status_code"] != 405
    }
}
