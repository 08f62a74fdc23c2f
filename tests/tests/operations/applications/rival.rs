//! Another program with a websocket of its own, which takes applications.

use ari_tests::{proxies::Ari, wait::ok};
use futures_util::StreamExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// The state of an application that one has.
pub(super) const TAKEN: &str = "taken by another program";

/// Such a program.
pub(super) struct Rival(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Rival {
    /// One for these, with commas between them.
    pub(super) async fn of(ari: &Ari, names: &str) -> Self {
        let Ari { websocket_url, user, password, .. } = ari;
        Self(ok(connect_async(format!("{websocket_url}?app={names}&api_key={user}:{password}")).await).0)
    }

    /// Waits until one is taken from it; returns how it was told.
    pub(super) async fn until_replaced(&mut self) -> Message {
        while let Some(frame) = self.0.next().await {
            let frame = ok(frame);
            if frame.to_text().is_ok_and(|text| text.contains("ApplicationReplaced")) {
                return frame;
            }
        }
        panic!("the websocket was closed");
    }

    /// Gives everything up.
    pub(super) async fn close(mut self) {
        ok(self.0.close(None).await);
        while self.0.next().await.is_some_and(|frame| frame.is_ok()) {}
    }
}
