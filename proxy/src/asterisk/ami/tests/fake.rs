//! A manager interface that does what a test says, and a client of it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use md5::{Digest as _, Md5};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::super::{AmiEvent, Listener, listen};
use crate::{config::Ami, metrics::Metrics};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);

const SECRET: &str = "s3cret";
const CHALLENGE: &str = "115387620";

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What listens.
pub(super) struct Fake {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Fake {
    pub(super) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls: None }
    }

    pub(super) async fn with_tls(config: Arc<rustls::ServerConfig>) -> Self {
        Self { tls: Some(config.into()), ..Self::start().await }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// What a client of it is configured with.
    pub(super) fn ami(&self) -> Ami {
        let ami = json!({"address": self.address().to_string(), "user": "stream", "secret": SECRET});
        serde_json::from_value(ami).unwrap()
    }

    /// Somebody has come. With TLS it may be that they do not like it.
    pub(super) async fn accept(&self) -> std::io::Result<Session> {
        let (stream, _) = self.listener.accept().await.unwrap();
        let stream: Box<dyn Stream> = match &self.tls {
            Some(tls) => Box::new(tls.accept(stream).await?),
            None => Box::new(stream),
        };
        Ok(Session(BufReader::new(stream)))
    }

    /// Somebody has come, been greeted, and asked to be let in with the right answer to the challenge.
    pub(super) async fn asked(&self) -> Session {
        let mut session = self.accept().await.unwrap();
        session.say("Asterisk Call Manager/11.0.0\r\n").await;
        assert_eq!(session.action().await, ["Action: Challenge", "AuthType: MD5", "ActionID: ari-proxy"]);
        let answer = format!("Response: Success\r\nActionID: ari-proxy\r\nChallenge: {CHALLENGE}\r\n\r\n");
        session.say(&answer).await;
        let key: String =
            Md5::digest(format!("{CHALLENGE}{SECRET}")).iter().map(|byte| format!("{byte:02x}")).collect();
        let login = session.action().await;
        let expected =
            ["Action: Login", "AuthType: MD5", "Username: stream", &format!("Key: {key}"), "Events: on"];
        assert_eq!(login[..5], expected);
        session
    }

    /// The same, and they were let in.
    pub(super) async fn logged_in(&self) -> Session {
        let mut session = self.asked().await;
        session.answer("Success", "Authentication accepted").await;
        session
    }
}

/// One connection, seen from the side of Asterisk.
pub(super) struct Session(BufReader<Box<dyn Stream>>);

impl Session {
    pub(super) async fn say(&mut self, text: &str) {
        self.say_bytes(text.as_bytes()).await;
    }

    pub(super) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Answers what was asked last.
    pub(super) async fn answer(&mut self, response: &str, message: &str) {
        self.say(&format!("Response: {response}\r\nActionID: ari-proxy\r\nMessage: {message}\r\n\r\n")).await;
    }

    /// The lines of the next action; none at the end.
    pub(super) async fn action(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return Vec::new();
            }
            match line.strip_suffix("\r\n").unwrap() {
                "" => return lines,
                line => lines.push(line.to_owned()),
            }
        }
    }
}

/// What a listener was told.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Connected,
    Lost,
    Event(AmiEvent),
}

struct Ear(UnboundedSender<Told>);

impl Listener for Ear {
    fn connected(&mut self) {
        self.0.send(Told::Connected).unwrap();
    }

    fn lost(&mut self) {
        self.0.send(Told::Lost).unwrap();
    }

    fn event(&mut self, event: AmiEvent) {
        self.0.send(Told::Event(event)).unwrap();
    }
}

/// What a client hears, and what stops it.
pub(super) struct Client {
    told: UnboundedReceiver<Told>,
    pub(super) stop: CancellationToken,
}

impl Client {
    pub(super) async fn next(&mut self) -> Told {
        self.told.recv().await.unwrap()
    }

    pub(super) async fn event(&mut self) -> AmiEvent {
        match self.next().await {
            Told::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }
}

/// Lets a client listen while Asterisk does what a test says; both must come to an end.
pub(super) async fn play(ami: &Ami, asterisk: impl AsyncFnOnce(&mut Client)) -> Metrics {
    let (ear, told) = unbounded_channel();
    let (metrics, stop) = (Metrics::new("pbx", &[]), CancellationToken::new());
    let mut client = Client { told, stop: stop.clone() };
    let both = async { tokio::join!(listen(ami, Ear(ear), &metrics, &stop), asterisk(&mut client)) };
    timeout(PATIENCE, both).await.unwrap();
    metrics
}
