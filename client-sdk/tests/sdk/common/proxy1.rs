//! A version-1 proxy that does what a test tells it, as go-ari-proxy behaves: it knows nothing of terms and numbers,
//! and does not repeat the ids of commands.

use std::{borrow::Cow, time::Duration};

use ari_bus::{
    Bus, Reach, Subscription, Topics,
    memory::MemoryBus,
    protocol::{AppStart, CommandResponse, Event, EventBody, Names},
};
use bytes::Bytes;
use serde_json::Value;

use super::soon;

/// A dialog as that proxy has it.
pub struct Dialog {
    bus: MemoryBus,
    incoming: Subscription,
    pub id: String,
}

impl Dialog {
    /// Offers a dialog and waits until a worker takes it.
    pub async fn taken(bus: &MemoryBus) -> Self {
        let mut dialog = Self::offer(bus).await;
        assert_eq!(soon(dialog.incoming.next()).await.unwrap().payload, "DUMMY");
        dialog
    }

    pub async fn offer(bus: &MemoryBus) -> Self {
        let id = "261ce677-19e3-8d8d-855b-931ca32c8f04".to_owned();
        let names = Names::default();
        let incoming = bus.subscribe(Topics::One(names.commands(&id))).await.unwrap();
        let offer =
            AppStart { application: "hello".to_owned(), dialog_id: id.clone(), ..AppStart::default() };
        let payload = Bytes::from(serde_json::to_vec(&offer).unwrap());
        while bus.offer("hello", payload.clone(), Duration::ZERO).await.unwrap() == Reach::Nobody {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Self { bus: bus.clone(), incoming, id }
    }

    pub async fn event(&self, body: Value) {
        let (kind, text) = (body["type"].as_str().unwrap(), body.to_string());
        let event =
            Event { timestamp: Cow::Borrowed(""), ..Event::new("sim", kind, EventBody::String(&text)) };
        self.publish_event(serde_json::to_vec(&event).unwrap()).await;
    }

    pub async fn publish_event(&self, payload: impl Into<Bytes>) {
        self.bus.publish(&Names::default().events(&self.id), payload.into()).await.unwrap();
    }

    pub async fn next_command(&mut self) -> Value {
        let message = soon(self.incoming.next()).await.unwrap();
        serde_json::from_slice(&message.payload).unwrap()
    }

    /// Whether no command waits to be read.
    pub async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(10), self.incoming.next()).await.is_err()
    }

    pub async fn answer(&self, unique_id: &str, status: u16, body: &str) {
        let answer = CommandResponse {
            unique_id: unique_id.to_owned(),
            status_code: status,
            response_body: Some(body.to_owned()),
            ..CommandResponse::default()
        };
        let payload = serde_json::to_vec(&answer).unwrap();
        self.bus.publish(&Names::default().responses(&self.id), payload.into()).await.unwrap();
    }
}
