//! The port against clients of our own.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, Utf8Bytes, client::IntoClientRequest as _},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    super::{
        event::Header,
        limits::HANDSHAKES,
        websocket::{Fence, Listener, Status, Surroundings},
    },
    Seat, Server, serve,
};
use crate::{
    applications::Applications,
    claim::Claim,
    config::{Config, WebsocketListen},
    testing::{self, log},
};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Counts what it hears.
#[derive(Clone, Default)]
struct Ear {
    connected: Arc<AtomicUsize>,
    events: Arc<AtomicUsize>,
}

impl Listener for Ear {
    fn connected(&mut self, _: &[String], _: &Fence) {
        self.connected.fetch_add(1, Ordering::SeqCst);
    }

    fn disconnected(&mut self, _: &[String]) {}

    fn failed(&mut self, _: bool) {}

    fn event(&mut self, _: &Header<'_>, _: &Utf8Bytes) {
        self.events.fetch_add(1, Ordering::SeqCst);
    }

    fn broken_frame(&mut self) {}
}

/// A port for one Asterisk, and what its proxy has.
struct Port {
    address: SocketAddr,
    seat: Arc<Seat>,
    config: Config,
    stop: CancellationToken,
    told: Notify,
    ear: Ear,
    _server: AbortOnDropHandle<()>,
}

impl Port {
    async fn open() -> Self {
        let listen: WebsocketListen = serde_json::from_value(json!({
            "address": "127.0.0.1:0", "asterisks": [{"server_id": "pbx", "password": "s3cret"}],
        }))
        .unwrap();
        let seat = Seat::new();
        let server = Server::bind(&listen, vec![Arc::clone(&seat)]).await.unwrap();
        let address = server.address();
        let server = AbortOnDropHandle::new(tokio::spawn(async move { server.run().await }));
        let mut config = testing::config("");
        (config.stasis_url, config.websocket_url) = (String::new(), String::new());
        let (stop, told, ear) = Default::default();
        Self { address, seat, config, stop, told, ear, _server: server }
    }

    /// The link of the Asterisk's proxy, until `stop`.
    async fn serve(&self) {
        let rest = testing::rest(&self.config);
        let (claim, status) = (Claim::for_ever(), Status::default());
        let surroundings = Surroundings {
            config: &self.config,
            applications: &Applications::fixed(&self.config.applications),
            rest: &rest,
            claim: &claim,
            status: &status,
            told: &self.told,
            stop: &self.stop,
        };
        Box::pin(serve(&self.seat, surroundings, self.ear.clone())).await;
    }

    /// Dials in; fails with the status of the refusal.
    async fn dial(&self, user: &str, password: &str, protocol: Option<&'static str>) -> Result<Client, u16> {
        let mut request = format!("ws://{}/ari", self.address).into_client_request().unwrap();
        let credentials = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        request.headers_mut().insert("authorization", credentials.parse().unwrap());
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        match Box::pin(connect_async(request)).await {
            Ok((client, _)) => Ok(client),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn dial_well(&self) -> Client {
        let dialling = async {
            loop {
                match self.dial("pbx", "s3cret", Some("ari")).await {
                    Ok(client) => return client,
                    Err(503) => tokio::task::yield_now().await,
                    Err(status) => panic!("{status}"),
                }
            }
        };
        timeout(PATIENCE, dialling).await.unwrap()
    }
}

#[tokio::test]
async fn who_may_not_come_is_told_by_the_status_and_the_log() {
    let (_log, mut lines) = log();
    let port = Port::open().await;
    assert_eq!(port.dial("pbx", "guess", Some("ari")).await.err(), Some(401));
    assert_eq!(port.dial("pbx", "guess", Some("ari")).await.err(), Some(401));
    assert_eq!(port.dial("other", "s3cret", Some("ari")).await.err(), Some(401));
    assert_eq!(port.dial("pbx", "s3cret", None).await.err(), Some(400));
    assert_eq!(port.dial("pbx", "s3cret", Some("ari")).await.err(), Some(503), "nobody reads it yet");
    let lines: Vec<String> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    let refused: Vec<&String> = lines.iter().filter(|line| line.contains("was refused")).collect();
    assert_eq!(refused.len(), 4, "{lines:#?}");
    assert!(refused.iter().all(|line| !line.contains("guess") && !line.contains("s3cret")), "{lines:#?}");
}

#[tokio::test]
async fn what_came_before_a_stop_is_read_and_nobody_comes_after_it() {
    const EVENTS: usize = 1_000;
    let port = Port::open().await;
    let client = async {
        let mut client = port.dial_well().await;
        for _ in 0..EVENTS {
            client.feed(Message::text(r#"{"type":"X"}"#)).await.unwrap();
        }
        client.flush().await.unwrap();
        port.stop.cancel();
        assert_eq!(port.dial("pbx", "s3cret", Some("ari")).await.err(), Some(503));
        // The goodbye, and nothing that was unsolicited.
        while let Some(Ok(frame)) = client.next().await {
            assert!(!frame.is_pong(), "{frame}");
        }
    };
    timeout(PATIENCE, async { tokio::join!(port.serve(), client) }).await.unwrap();
    assert_eq!(port.ear.events.load(Ordering::SeqCst), EVENTS);
}

#[tokio::test]
async fn a_newer_connection_takes_the_place_of_the_first_which_is_read_to_its_end() {
    let port = Port::open().await;
    let clients = async {
        let mut first = port.dial_well().await;
        first.send(Message::text(r#"{"type":"X"}"#)).await.unwrap();
        let mut second = port.dial_well().await;
        // The first is closed.
        while let Some(Ok(_)) = first.next().await {}
        second.send(Message::text(r#"{"type":"X"}"#)).await.unwrap();
        while port.ear.events.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        port.stop.cancel();
        while let Some(Ok(_)) = second.next().await {}
    };
    timeout(PATIENCE, async { tokio::join!(port.serve(), clients) }).await.unwrap();
    assert_eq!(port.ear.connected.load(Ordering::SeqCst), 2);
}

/// Asterisk leaves lying what comes in one piece with the answer to its handshake.
#[tokio::test]
async fn nothing_is_written_before_asterisk_has_spoken() {
    let port = Port::open().await;
    let client = async {
        let mut client = port.dial_well().await;
        let early = timeout(Duration::from_millis(300), client.next()).await;
        assert!(early.is_err(), "{early:?}");
        client
            .send(Message::text(r#"{"type":"ApplicationRegistered","application":"hello"}"#))
            .await
            .unwrap();
        let probe = client.next().await.unwrap().unwrap();
        assert!(probe.to_text().unwrap().contains("RESTRequest"), "{probe}");
        port.stop.cancel();
        while let Some(Ok(_)) = client.next().await {}
    };
    timeout(PATIENCE, async { tokio::join!(port.serve(), client) }).await.unwrap();
}

#[tokio::test]
async fn strangers_that_say_nothing_keep_nobody_out_for_ever_and_a_flood_of_words_ends() {
    let port = Port::open().await;
    let mut silent = Vec::new();
    for _ in 0..HANDSHAKES {
        silent.push(TcpStream::connect(port.address).await.unwrap());
    }
    // There is no room: closed at once.
    let mut late = TcpStream::connect(port.address).await.unwrap();
    let end = timeout(PATIENCE, late.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    // They are given up.
    for mut stranger in silent {
        let end = timeout(PATIENCE, stranger.read(&mut [0; 16])).await.unwrap();
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    let mut chatty = TcpStream::connect(port.address).await.unwrap();
    let talking = async {
        chatty.write_all(b"GET / HTTP/1.1\r\n").await?;
        loop {
            chatty.write_all(format!("x: {}\r\n", "x".repeat(1_000)).as_bytes()).await?;
        }
    };
    let end: std::io::Result<()> = timeout(PATIENCE, talking).await.unwrap();
    assert!(end.is_err());
    assert_eq!(port.dial("pbx", "guess", Some("ari")).await.err(), Some(401), "there is room again");
}

/// Asterisk registers all its applications when it dials in.
#[tokio::test]
async fn to_take_an_application_back_asterisk_is_made_to_dial_anew() {
    let port = Port::open().await;
    let client = async {
        let mut client = port.dial_well().await;
        client.send(Message::text(r#"{"type":"X"}"#)).await.unwrap();
        // Nothing is taken: nothing is done.
        port.told.notify_one();
        let quiet = async { while !client.next().await.unwrap().unwrap().is_close() {} };
        assert!(timeout(Duration::from_millis(300), quiet).await.is_err());
        client.send(Message::text(r#"{"type":"ApplicationReplaced","application":"hello"}"#)).await.unwrap();
        while port.ear.events.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        port.told.notify_one();
        while let Some(Ok(_)) = client.next().await {}
        let mut client = port.dial_well().await;
        port.stop.cancel();
        client.send(Message::text(r#"{"type":"X"}"#)).await.unwrap();
        while let Some(Ok(_)) = client.next().await {}
    };
    timeout(PATIENCE, async { tokio::join!(port.serve(), client) }).await.unwrap();
    assert_eq!(port.ear.connected.load(Ordering::SeqCst), 2);
    assert_eq!(port.ear.events.load(Ordering::SeqCst), 3, "what came before the stop, or with it");
}
