//! A version-2 worker written by hand: JSON as `docs/protocol.md` tells it, none of our own message types.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ari_bus::{Bus, Subscription, Topics};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use crate::wait::{DEADLINE, ok, soon};

/// What arrived at a desk, by topic.
type Letters = Arc<Mutex<HashMap<String, Vec<Value>>>>;

/// A worker's place on the bus: an inbox for events and answers, and membership in pools.
pub struct Desk {
    bus: Arc<dyn Bus>,
    inbox: String,
    letters: Letters,
    arrived: watch::Receiver<usize>,
    reader: JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Desk {
    /// Opens an inbox.
    ///
    /// # Panics
    /// When the bus does not let us.
    pub async fn open(bus: Arc<dyn Bus>) -> Self {
        Self::open_under(bus, "").await
    }

    /// Opens an inbox of an installation with a prefix.
    ///
    /// # Panics
    /// When the bus does not let us.
    pub async fn open_under(bus: Arc<dyn Bus>, prefix: &str) -> Self {
        let inbox = format!("{prefix}ari.worker.{}.", Uuid::now_v7().simple());
        let mut subscription = ok(bus.subscribe(Topics::Under(inbox.clone())).await);
        let letters = Letters::default();
        let (count, arrived) = watch::channel(0);
        let kept = Arc::clone(&letters);
        let reader = tokio::spawn(async move {
            while let Some(message) = subscription.next().await {
                let value = ok(serde_json::from_slice::<Value>(&message.payload));
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .entry(message.topic)
                    .or_default()
                    .push(value);
                count.send_modify(|count| *count += 1);
            }
        });
        Self { bus, inbox, letters, arrived, reader }
    }

    /// Joins the pool of an application.
    ///
    /// # Panics
    /// When the bus does not let us.
    pub async fn join(&self, application: &str) -> Pool {
        Pool(ok(self.bus.join(application, application).await))
    }

    /// Accepts an offer, whoever else has.
    ///
    /// # Panics
    /// When the message cannot be published.
    pub async fn accept(&self, offer: &Value) -> Owned<'_> {
        let owned = self.owned(offer);
        owned
            .send(&json!({
                "control": "accept", "term": offer["term"], "unique_id": "accept", "worker_id": "by hand",
                "events": owned.events_topic, "responses": owned.responses_topic,
            }))
            .await;
        owned
    }

    /// A dialog at this desk, without a word to the proxy.
    #[must_use]
    pub fn owned(&self, offer: &Value) -> Owned<'_> {
        let key = Uuid::now_v7().simple();
        Owned {
            desk: self,
            commands_topic: offer["commands"].as_str().unwrap_or_default().to_owned(),
            events_topic: format!("{}events.{key}", self.inbox),
            responses_topic: format!("{}responses.{key}", self.inbox),
        }
    }

    /// Waits until all that was sent to this desk before has arrived: a message of its own stands behind it.
    ///
    /// # Panics
    /// When that does not come.
    pub async fn fence(&self) {
        let topic = format!("{}fence", self.inbox);
        ok(self.bus.publish(&topic, "{}".into()).await);
        self.until(&topic, "the fence", |letters| letters.first().cloned()).await;
    }

    /// Everything that arrived on a topic so far.
    #[must_use]
    pub fn letters(&self, topic: &str) -> Vec<Value> {
        self.look(topic, <[Value]>::to_vec)
    }

    /// Looks at what arrived on a topic, where it lies: thousands of letters are not copied for each that comes.
    fn look<T>(&self, topic: &str, look: impl FnOnce(&[Value]) -> T) -> T {
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        look(letters.get(topic).map_or(&[], Vec::as_slice))
    }

    /// Waits until a topic has what is looked for.
    ///
    /// # Panics
    /// When it does not come; the text shows what came instead.
    pub async fn until<T>(&self, topic: &str, what: &str, look: impl Fn(&[Value]) -> Option<T>) -> T {
        let mut arrived = self.arrived.clone();
        let wait = async {
            loop {
                arrived.borrow_and_update();
                if let Some(found) = self.look(topic, &look) {
                    return found;
                }
                ok(arrived.changed().await);
            }
        };
        match tokio::time::timeout(DEADLINE, wait).await {
            Ok(found) => found,
            Err(_) => panic!("never came: {what}; there came {:#?}", self.letters(topic)),
        }
    }
}

/// Membership in an application's pool.
pub struct Pool(Subscription);

impl Pool {
    /// The next offer.
    ///
    /// # Panics
    /// When none comes.
    pub async fn offer(&mut self) -> Value {
        let Some(message) = soon("an offer", self.0.next()).await else { panic!("the bus is closed") };
        ok(serde_json::from_slice(&message.payload))
    }
}

/// A dialog at a desk.
pub struct Owned<'a> {
    desk: &'a Desk,
    /// Where its commands go.
    pub commands_topic: String,
    /// Where its events come.
    pub events_topic: String,
    /// Where its answers come.
    pub responses_topic: String,
}

impl Owned<'_> {
    /// Sends any JSON to the commands topic.
    ///
    /// # Panics
    /// When it cannot be published.
    pub async fn send(&self, message: &Value) {
        self.send_bytes(message.to_string().into_bytes()).await;
    }

    /// Sends any bytes to the commands topic.
    ///
    /// # Panics
    /// When they cannot be published.
    pub async fn send_bytes(&self, bytes: Vec<u8>) {
        ok(self.desk.bus.publish(&self.commands_topic, bytes.into()).await);
    }

    /// Sends a command and waits for its answer: status and body.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn command(&self, method: &str, url: &str, body: Value) -> (u64, String) {
        let id = Uuid::now_v7().to_string();
        self.send(&json!({ "unique_id": id, "method": method, "url": url, "body": body })).await;
        self.answer(&id).await
    }

    /// Waits for the answer to a `unique_id`.
    ///
    /// # Panics
    /// When none comes.
    pub async fn answer(&self, id: &str) -> (u64, String) {
        let look = |letters: &[Value]| letters.iter().find(|letter| letter["unique_id"] == id).cloned();
        let answer = self.desk.until(&self.responses_topic, &format!("the answer to {id}"), look).await;
        let text = answer["response_body"].as_str().unwrap_or_default().to_owned();
        (answer["status_code"].as_u64().unwrap_or_default(), text)
    }

    /// Waits for the first event of a type and returns its envelope.
    ///
    /// # Panics
    /// When none comes.
    pub async fn event(&self, kind: &str) -> Value {
        let look = |letters: &[Value]| letters.iter().find(|letter| letter["type"] == kind).cloned();
        self.desk.until(&self.events_topic, kind, look).await
    }

    /// All events so far, each once: an event whose number is not larger than the last one's has come again.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let mut last = 0;
        let mut events = self.copies();
        events.retain(|event| {
            // ProxyGone has none.
            let seq = event["seq"].as_u64().unwrap_or(last + 1);
            let is_new = seq > last;
            last = last.max(seq);
            is_new
        });
        events
    }

    /// All that came as events so far, what came again included.
    #[must_use]
    pub fn copies(&self) -> Vec<Value> {
        self.desk.letters(&self.events_topic)
    }

    /// All answers so far.
    #[must_use]
    pub fn answers(&self) -> Vec<Value> {
        self.desk.letters(&self.responses_topic)
    }
}

/// The ARI event inside an envelope.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn ari(event: &Value) -> Value {
    ok(serde_json::from_str(event["ari_body"].as_str().unwrap_or_default()))
}
