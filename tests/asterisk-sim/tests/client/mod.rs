//! A small ARI client for the tests.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code, though not inside a test function")]

use std::time::Duration;

use asterisk_sim::{Simulator, SimulatorOptions};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error, Message},
};

/// Longer than anything here takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    http: reqwest::Client,
    url: String,
    user: String,
    password: String,
    pub(crate) application: String,
}

pub(crate) async fn start(application: &str) -> (Simulator, Client) {
    start_with(application, SimulatorOptions::default()).await
}

pub(crate) async fn start_with(application: &str, options: SimulatorOptions) -> (Simulator, Client) {
    let sim = Simulator::start(options).await.unwrap();
    let client = Client::connect(&sim, application).await;
    (sim, client)
}

/// reqwest wants to know who would do its TLS, even without any.
pub(crate) fn http() -> reqwest::Client {
    // An error means that another test has said so already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

pub(crate) async fn get_as(sim: &Simulator, user: &str, password: &str, path: &str) -> u16 {
    let url = format!("{}{path}", sim.ari_url());
    http().get(url).basic_auth(user, Some(password)).send().await.unwrap().status().as_u16()
}

/// Waits for something that comes without an event.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    tokio::time::timeout(PATIENCE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .expect("it did not come about");
}

impl Client {
    pub(crate) async fn connect(sim: &Simulator, application: &str) -> Self {
        Self::connect_with(sim, application, "").await
    }

    pub(crate) async fn connect_with(sim: &Simulator, application: &str, more: &str) -> Self {
        let (websocket, rest) = (sim.websocket_url(), sim.ari_url());
        Self::connect_to(&websocket, &rest, sim.user(), sim.password(), application, more).await
    }

    pub(crate) async fn connect_to(
        websocket: &str,
        rest: &str,
        user: &str,
        password: &str,
        application: &str,
        more: &str,
    ) -> Self {
        let url = format!("{websocket}?app={application}&api_key={user}:{password}{more}");
        let connected = tokio::time::timeout(PATIENCE, tokio_tungstenite::connect_async(url)).await;
        let (socket, _) = connected.expect("the handshake was not answered").unwrap();
        Self {
            socket,
            http: http(),
            url: rest.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            application: application.to_owned(),
        }
    }

    pub(crate) async fn message(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came")
    }

    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.message().await.expect("the socket ended").expect("the socket broke") {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                other => drop(other),
            }
        }
    }

    /// The next event of this type; others are passed over.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The types of the events up to and including this one.
    pub(crate) async fn types_until(&mut self, kind: &str) -> Vec<String> {
        let mut types = Vec::new();
        loop {
            let event = self.next().await;
            types.push(event["type"].as_str().unwrap().to_owned());
            if event["type"] == kind {
                return types;
            }
        }
    }

    pub(crate) async fn closed(&mut self) {
        while let Some(Ok(message)) = self.message().await {
            if message.is_close() {
                return;
            }
        }
    }

    pub(crate) async fn ping(&mut self) {
        self.socket.send(Message::Ping("hello".into())).await.unwrap();
        loop {
            match self.message().await.unwrap().unwrap() {
                Message::Pong(payload) => return assert_eq!(&payload[..], b"hello"),
                other => drop(other),
            }
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        self.http.request(method, format!("{}{path}", self.url)).basic_auth(&self.user, Some(&self.password))
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str) -> (u16, Value) {
        self.call("POST", path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.call("DELETE", path, None).await
    }
}
