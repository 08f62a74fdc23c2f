//! A worker process by hand: a name, a desk, a place in the pool, heartbeats when the test wants them.

use std::sync::Arc;

use ari_bus::Bus;
use ari_tests::{
    brokers::Kind,
    desk::{Desk, Owned, Pool},
    wait::ok,
    worlds::Simulated,
};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

/// A worker.
pub(crate) struct Hand {
    pub(crate) name: String,
    pub(crate) desk: Desk,
    pool: Mutex<Pool>,
    bus: Arc<dyn Bus>,
    control: String,
}

impl Hand {
    /// A worker in the pool of a world's application.
    pub(crate) async fn join(world: &Simulated) -> Self {
        let name = format!("hand-{}", Uuid::now_v7().simple());
        let bus = world.broker.connect(&name).await;
        let desk = Desk::open(Arc::clone(&bus)).await;
        let pool = Mutex::new(desk.join(&world.application).await);
        // The server's id with its space as one token.
        let control = format!("ari.pbx%20{}.control", world.application);
        Self { name, desk, pool, bus, control }
    }

    /// The next offer.
    pub(crate) async fn offer(&self) -> Value {
        self.pool.lock().await.offer().await
    }

    /// The next offer, accepted in this worker's name.
    pub(crate) async fn take(&self) -> (Value, Owned<'_>) {
        let offer = self.offer().await;
        let dialog = self.accept(&offer).await;
        (offer, dialog)
    }

    /// Accepts an offer in this worker's name and waits until it has it.
    pub(crate) async fn accept(&self, offer: &Value) -> Owned<'_> {
        let dialog = self.desk.owned(offer);
        dialog
            .send(&json!({
                "control": "accept", "term": offer["term"], "unique_id": "accept", "worker_id": self.name,
                "events": dialog.events_topic, "responses": dialog.responses_topic,
            }))
            .await;
        assert_eq!(dialog.answer("accept").await.0, 204);
        dialog
    }

    /// Sends a heartbeat with these dialogs, to be answered where one of them has its answers; returns the reply.
    pub(crate) async fn beat(&self, dialog: &Owned<'_>, dialogs: Value) -> Value {
        let id = Uuid::now_v7().to_string();
        let heartbeat = json!({
            "control": "heartbeat", "unique_id": id, "worker_id": self.name, "load": 1, "dialogs": dialogs,
            "responses": dialog.responses_topic,
        });
        self.control(&heartbeat.to_string()).await;
        let (status, body) = dialog.answer(&id).await;
        assert_eq!(status, 200, "{body}");
        ok(serde_json::from_str(&body))
    }

    /// Sends anything to the control topic.
    pub(crate) async fn control(&self, message: &str) {
        ok(self.bus.publish(&self.control, message.to_owned().into()).await);
    }
}

/// A world whose offers are repeated soon: what is lost in a stopped worker's queue costs little.
pub(crate) async fn world(kind: Kind) -> Simulated {
    // These tests count what Asterisk is asked to do.
    Simulated::new(kind, |config| config["asterisk"]["mark_channels"] = false.into()).await
}

/// A control message of an owner, with its answer's status.
pub(crate) async fn say(dialog: &Owned<'_>, mut message: Value) -> u64 {
    let id = Uuid::now_v7().to_string();
    message["unique_id"] = json!(id);
    dialog.send(&message).await;
    dialog.answer(&id).await.0
}

/// The digits that a dialog's events told, in their order.
pub(crate) fn digits(dialog: &Owned<'_>) -> String {
    let digit = |event: &Value| ari_tests::desk::ari(event)["digit"].as_str().map(str::to_owned);
    dialog.events().iter().filter_map(digit).collect()
}
