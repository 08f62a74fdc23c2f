//! Websockets of the test's own: one hears all that happens, the other is there to be replaced.

use std::sync::Arc;

use ari_client::ari::Event;
use ari_tests::{
    proxies::Ari,
    wait::{ok, soon},
    worlds::fresh_application,
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::{bench::Records, heard::Source};

pub(crate) struct Watcher {
    records: Arc<Records>,
    spare: String,
}

impl Watcher {
    pub(crate) async fn new(ari: &Ari, records: &Arc<Records>) -> Self {
        let watcher = Self { records: records.clone(), spare: fresh_application() };
        watcher.listen(ari, &fresh_application(), true, None).await;
        let request = json!({
            "type": "RESTRequest", "transaction_id": "t", "request_id": "r", "method": "GET", "uri": "asterisk/ping",
        });
        watcher.listen(ari, &watcher.spare, false, Some(request)).await;
        watcher
    }

    /// An application that gets nothing but what it subscribes to.
    pub(crate) fn spare(&self) -> &str {
        &self.spare
    }

    /// Another websocket takes the spare application over.
    pub(crate) async fn is_replaced(&self, ari: &Ari) {
        self.listen(ari, &self.spare, false, None).await;
        self.records
            .heard
            .find("the replacement", |event| match event {
                Event::ApplicationReplaced(replaced) if replaced.application == *self.spare.as_str() => {
                    Some(())
                }
                _ => None,
            })
            .await;
    }

    /// Notes what an application gets, for as long as the test lasts.
    async fn listen(&self, ari: &Ari, application: &str, all: bool, first: Option<Value>) {
        let mut socket = connect(ari, application, all).await;
        if let Some(first) = first {
            ok(socket.send(Message::text(first.to_string())).await);
        }
        let records = self.records.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let Ok(body) = message.to_text() else { continue };
                let Ok(event) = serde_json::from_str::<Value>(body) else { continue };
                records.heard.note(Source::Websocket, event["type"].as_str().unwrap_or_default(), body);
            }
        });
    }
}

/// A websocket of an application, which hears of everything there is if that is wanted.
pub(crate) async fn connect(
    ari: &Ari,
    application: &str,
    all: bool,
) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let Ari { websocket_url, user, password, .. } = ari;
    let url = format!("{websocket_url}?app={application}&subscribeAll={all}&api_key={user}:{password}");
    ok(soon("a websocket", Box::pin(connect_async(url))).await).0
}
