//! What a real Asterisk received and did, told by itself to an application of its own: no part of ours stands in between.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use asterisk_sim::CallEnd;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    oracle::Request,
    proxies::Ari,
    wait::{ok, soon},
};

/// What it saw of a channel.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The commands of handlers, in the order in which Asterisk carried them out.
    pub requests: Vec<Request>,
    /// How it ended, if it has.
    pub end: Option<CallEnd>,
}

/// An application that hears of everything.
pub struct Witness {
    seen: Arc<Mutex<HashMap<String, Seen>>>,
    reader: JoinHandle<()>,
}

impl Witness {
    /// Listens from now on.
    ///
    /// # Panics
    /// When Asterisk does not let it.
    pub async fn of(ari: &Ari) -> Self {
        let Ari { websocket_url, user, password, .. } = ari;
        let url = format!("{websocket_url}?app=witness&subscribeAll=true&api_key={user}:{password}");
        let connected = soon("the witness", Box::pin(tokio_tungstenite::connect_async(url))).await;
        let (mut socket, _) = ok(connected);
        let seen = Arc::<Mutex<HashMap<String, Seen>>>::default();
        let kept = Arc::clone(&seen);
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let at = Instant::now();
                let event: Value = message
                    .to_text()
                    .ok()
                    .and_then(|text| serde_json::from_str(text).ok())
                    .unwrap_or_default();
                let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let mut seen = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let of = seen.entry(text("/channel/id").to_owned()).or_default();
                match text("/type") {
                    "ChannelVarset" => of.requests.extend(Request::of(text("/variable"), text("/value"), at)),
                    "ChannelDestroyed" => {
                        let cause = event["cause"].as_u64().and_then(|cause| u16::try_from(cause).ok());
                        // Nobody else hangs up here: the far end waits for an hour.
                        of.end = Some(CallEnd::HungUpByAri { cause: cause.unwrap_or_default() });
                    }
                    _ => {}
                }
            }
        });
        Self { seen, reader }
    }

    /// What it saw of a channel so far.
    #[must_use]
    pub fn seen(&self, channel: &str) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(channel).cloned().unwrap_or_default()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
