//! A version-2 worker written by hand: JSON as `docs/protocol.md` tells it, none of our own message types.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use ari_bus::{Bus, Reach, Subscription, Topics, protocol::Names};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
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

    /// Opens a dialog of an application.
    ///
    /// # Panics
    /// When the proxy does not.
    pub async fn open_dialog(&self, application: &str) -> Opened<'_> {
        self.open_as(application, self.owned(&Value::Null)).await
    }

    /// The same, for this place at the desk.
    ///
    /// # Panics
    /// When the proxy does not.
    pub async fn open_as<'a>(&self, application: &str, mut owned: Owned<'a>) -> Opened<'a> {
        let id = Uuid::now_v7().to_string();
        let open = owned.open(application, &id);
        self.offer_to_proxies(application, &open).await;
        let (status, body) = owned.answer(&id).await;
        assert_eq!(status, 200, "{body}");
        let reply: Value = ok(serde_json::from_str(&body));
        owned.commands_topic = reply["commands"].as_str().unwrap_or_default().to_owned();
        Opened { owned, reply }
    }

    /// Sends an `open` with other fields, which is refused; returns with which status and words.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn refused(&self, topic: &str, application: &str, change: Value) -> (u64, String) {
        let owned = self.owned(&Value::Null);
        let mut open = owned.open(application, "refused");
        for (field, value) in change.as_object().into_iter().flatten() {
            open[field] = value.clone();
        }
        self.offer_to_proxies(topic, &open).await;
        let is_answer = |letters: &[Value]| letters.first().cloned();
        let answer = self.until(&owned.responses_topic, "a refusal", is_answer).await;
        let text = answer["response_body"].as_str().unwrap_or_default().to_owned();
        (answer["status_code"].as_u64().unwrap_or_default(), text)
    }

    async fn offer_to_proxies(&self, application: &str, open: &Value) {
        let topic = Names::default().open(application);
        let message = open.to_string().into_bytes();
        let reach = ok(self.bus.offer(&topic, message.into(), DEADLINE).await);
        assert_eq!(reach, Reach::Somebody, "no proxy has {application}");
    }

    /// Sends one heartbeat of a worker, and waits for the reply.
    ///
    /// # Panics
    /// When none comes.
    pub async fn beat(&self, server_id: &str, worker_id: &str) -> Value {
        let owned = self.owned(&Value::Null);
        let beat = json!({
            "control": "heartbeat", "unique_id": "beat", "worker_id": worker_id, "load": 0,
            "responses": owned.responses_topic, "dialogs": [],
        });
        ok(self
            .bus
            .publish(&Names::default().control(server_id), beat.to_string().into_bytes().into())
            .await);
        let (status, body) = owned.answer("beat").await;
        assert_eq!(status, 200, "{body}");
        ok(serde_json::from_str(&body))
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

    /// Waits until its own connection is there again, after the broker was away.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn back(&self) {
        assert!(soon("the desk's connection", self.bus.link().up()).await, "the desk was closed");
        self.fence().await;
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

    /// Accepts each offer at once until something is done: when the first one of each channel came. Who waits for the broker to
    /// have one answer before the next does not see the next call come.
    pub async fn accept_all<T>(
        &mut self,
        desk: &Desk,
        until: impl Future<Output = T>,
    ) -> (HashMap<String, Instant>, T) {
        let (mut came, mut accepting) = (HashMap::new(), FuturesUnordered::new());
        let mut until = pin!(until);
        loop {
            tokio::select! {
                offer = self.offer() => {
                    let at = Instant::now();
                    let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
                    let id = start["channel"]["id"].as_str().unwrap_or_default().to_owned();
                    came.entry(id).or_insert(at);
                    accepting.push(async move { drop(desk.accept(&offer).await) });
                }
                Some(()) = accepting.next() => {}
                done = &mut until => return (came, done),
            }
        }
    }
}

/// A dialog that was opened from a desk.
pub struct Opened<'a> {
    /// The dialog.
    pub owned: Owned<'a>,
    /// What the proxy said to the `open`.
    pub reply: Value,
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
    fn open(&self, application: &str, unique_id: &str) -> Value {
        json!({
            "control": "open", "unique_id": unique_id, "worker_id": "by hand", "application": application,
            "events": self.events_topic, "responses": self.responses_topic,
        })
    }

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
