//! The websocket on which Asterisk sends the events of all configured applications, and its reconnection.

use std::{pin::pin, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::{SinkExt, StreamExt};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderValue, ORIGIN};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        self, Bytes, Message, Utf8Bytes, client::IntoClientRequest, http::Request, protocol::WebSocketConfig,
    },
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{config::Config, secret::basic_authorization};

/// How long a connection and its handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before connecting again; it doubles up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before connecting again.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The pause after Asterisk refused our credentials: only a person can change that.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// A connection that lived so long is a good one: pauses begin anew, and its loss is news again.
const STEADY: Duration = Duration::from_secs(5);
/// How often we ping: Asterisk does not notice a half-open connection, so we must.
const PING_EVERY: Duration = Duration::from_secs(5);
/// A connection on which nothing came after so many pings is dead. Counted, not timed: that our own process stood still
/// says nothing about Asterisk.
const PINGS_UNANSWERED: u32 = 2;
/// How long a ping or goodbye may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest event, in bytes. Asterisk's own are far smaller.
const MAX_EVENT: usize = 16 << 20;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Who hears what comes from Asterisk. Called by the one task that reads the socket, so it must never block: Asterisk
/// closes a socket whose reader stalls 100 ms.
pub(crate) trait Listener {
    /// The socket is up: events of the applications come from now on. What happened before is not repeated.
    fn connected(&mut self);
    /// The socket is gone: events are lost until [`Listener::connected`].
    fn disconnected(&mut self);
    /// One text frame.
    fn event(&mut self, text: Utf8Bytes);
    /// A frame that cannot be an event.
    fn broken_frame(&mut self);
}

/// Keeps a websocket to Asterisk until `stop` is cancelled, connecting again whenever it is lost.
pub(crate) async fn listen(config: &Config, mut listener: impl Listener, stop: CancellationToken) {
    let mut pauses = pauses();
    let mut said = Said::default();
    loop {
        let connected = tokio::select! {
            connected = connect(config) => connected,
            () = stop.cancelled() => return,
        };
        let pause = match connected {
            Ok(socket) => {
                let quiet = said.connected;
                if quiet {
                    debug!("connected to Asterisk's events once more");
                } else {
                    say_connected(config);
                    said.connected = true;
                }
                listener.connected();
                let (steady, why) = {
                    let mut reading = pin!(read(socket, &mut listener, &stop, Pings::new(PING_EVERY)));
                    match timeout(STEADY, &mut reading).await {
                        Ok(why) => (false, why),
                        Err(_) => {
                            if quiet {
                                say_connected(config);
                            }
                            (pauses, said) = (self::pauses(), Said::default());
                            (true, reading.await)
                        }
                    }
                };
                listener.disconnected();
                if stop.is_cancelled() {
                    return;
                }
                if steady {
                    warn!(%why, "the connection to Asterisk's events was lost; connecting again");
                } else if said.lost {
                    debug!(%why, "the connection to Asterisk's events was lost once more");
                } else {
                    warn!(%why, "the connection to Asterisk's events was lost soon after it was made; trying on");
                    said.lost = true;
                }
                pauses.next()
            }
            Err(error) => {
                let pause = if error.refused { Some(REFUSED_PAUSE) } else { pauses.next() };
                if said.failed {
                    debug!(error = %error.text, "still cannot connect to Asterisk's events");
                } else {
                    warn!("cannot connect to Asterisk's events, will keep trying: {}", error.text);
                    said.failed = true;
                }
                pause
            }
        };
        tokio::select! {
            () = sleep(pause.unwrap_or(MAX_PAUSE)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// What was said since a connection was last [`STEADY`]: each thing is said once, not at each attempt.
#[derive(Debug, Default)]
struct Said {
    connected: bool,
    /// That a connection was lost which had not been steady.
    lost: bool,
    failed: bool,
}

fn say_connected(config: &Config) {
    info!(applications = %config.applications.join(","), "connected to Asterisk's events");
}

fn pauses() -> ExponentialBackoff {
    let builder = ExponentialBuilder::default().with_min_delay(MIN_PAUSE).with_max_delay(MAX_PAUSE);
    builder.with_jitter().without_max_times().build()
}

/// Why there is no connection.
struct ConnectError {
    text: String,
    /// Asterisk answered, and said no to our credentials.
    refused: bool,
}

async fn connect(config: &Config) -> Result<Socket, ConnectError> {
    let failed = |text: String| ConnectError { text, refused: false };
    let request = handshake(config).map_err(|error| failed(error.to_string()))?;
    let limits = WebSocketConfig::default().max_message_size(Some(MAX_EVENT)).max_frame_size(Some(MAX_EVENT));
    // `true`: TCP_NODELAY.
    match timeout(CONNECT_TIMEOUT, connect_async_with_config(request, Some(limits), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(tungstenite::Error::Http(response))) => Err(match response.status().as_u16() {
            401 | 403 => ConnectError {
                text: "Asterisk refuses `ws_user` and `ws_password`; compare them with ari.conf".to_owned(),
                refused: true,
            },
            404 => failed(
                "there is no ARI at `websocket_url` (404); is it ws://HOST:8088/ari/events?".to_owned(),
            ),
            503 => failed("Asterisk is still starting (503)".to_owned()),
            status => failed(format!("Asterisk answers with status {status}")),
        }),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {CONNECT_TIMEOUT:?}"))),
    }
}

fn handshake(config: &Config) -> Result<Request<()>, tungstenite::Error> {
    let applications: Vec<String> = config
        .applications
        .iter()
        .map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC).to_string())
        .collect();
    let separator = if config.websocket_url.contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}app={}", config.websocket_url, applications.join(","));
    let mut request = url.into_client_request()?;
    request.headers_mut().insert(AUTHORIZATION, basic_authorization(&config.ws_user, &config.ws_password));
    if let Some(origin) = HeaderValue::from_str(&config.origin).ok().filter(|origin| !origin.is_empty()) {
        request.headers_mut().insert(ORIGIN, origin);
    }
    Ok(request)
}

/// When to ping, and when a connection is dead.
#[derive(Debug)]
struct Pings {
    every: Duration,
    next: Instant,
    /// Pings since something was heard last.
    unanswered: u32,
}

impl Pings {
    fn new(every: Duration) -> Self {
        Self { every, next: Instant::now(), unanswered: 0 }
    }

    /// Anything came.
    fn heard(&mut self) {
        self.unanswered = 0;
    }

    /// Whether a ping is due: it counts as sent.
    fn due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.next;
        if due {
            self.next = now + self.every;
            self.unanswered += 1;
        }
        due
    }

    /// Whether nothing came for too many pings.
    fn dead(&self) -> bool {
        self.unanswered > PINGS_UNANSWERED
    }
}

/// Reads frames until the connection ends; returns why it did.
async fn read(
    mut socket: Socket,
    listener: &mut impl Listener,
    stop: &CancellationToken,
    mut pings: Pings,
) -> String {
    loop {
        tokio::select! {
            // What lies in the socket is read before its silence is judged.
            biased;
            () = stop.cancelled() => {
                // Asterisk needs no goodbye: it is a courtesy that must not hold us up.
                let _ = timeout(WRITE_TIMEOUT, socket.close(None)).await;
                return "stopping".to_owned();
            }
            frame = socket.next() => {
                pings.heard();
                match frame {
                    Some(Ok(Message::Text(text))) => listener.event(text),
                    Some(Ok(Message::Binary(_))) => listener.broken_frame(),
                    Some(Ok(Message::Close(frame))) => {
                        return frame.map_or_else(|| "closed by Asterisk".to_owned(), |frame| frame.to_string());
                    }
                    // Pings are answered by the library. A pong of our own would crash Asterisk 22.11-rc1.
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        if matches!(error, tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_)) {
                            listener.broken_frame();
                        }
                        return error.to_string();
                    }
                    None => return "closed by Asterisk".to_owned(),
                }
            }
            () = sleep_until(pings.next) => {}
        }
        // Here, not in the branch above: under constant load that is never reached.
        if pings.due() {
            if pings.dead() {
                return format!("nothing heard after {PINGS_UNANSWERED} pings, {:?} apart", pings.every);
            }
            match timeout(WRITE_TIMEOUT, socket.send(Message::Ping(Bytes::new()))).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "a ping could not be written".to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use tokio::net::TcpListener;
    use tokio_tungstenite::{accept_async, connect_async};

    use super::*;

    /// Counts what it hears; stands still for the given time at the first event.
    #[derive(Default)]
    struct Ear {
        connected: Arc<AtomicUsize>,
        events: usize,
        stall: Duration,
    }

    impl Listener for Ear {
        fn connected(&mut self) {
            self.connected.fetch_add(1, Ordering::SeqCst);
        }

        fn disconnected(&mut self) {}

        fn event(&mut self, _: Utf8Bytes) {
            self.events += 1;
            if self.events == 1 {
                std::thread::sleep(self.stall);
            }
        }

        fn broken_frame(&mut self) {}
    }

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn server() -> (TcpListener, String) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ari/events", server.local_addr().unwrap());
        (server, url)
    }

    #[tokio::test]
    async fn a_server_that_accepts_and_closes_is_neither_hurried_nor_told_of_for_ever() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _log = tracing::subscriber::set_default(log);
        let (server, url) = server().await;
        tokio::spawn(async move {
            while let Ok((stream, _)) = server.accept().await {
                drop(accept_async(stream).await);
            }
        });
        let config: Config = serde_json::from_value(serde_json::json!({
            "server_id": "x", "applications": ["a"], "websocket_url": url, "stasis_url": "http://x/ari",
            "ws_user": "u", "ws_password": "p", "message_bus": "NATS",
        }))
        .unwrap();
        let ear = Ear::default();
        let connected = Arc::clone(&ear.connected);
        let stop = CancellationToken::new();
        let _ = timeout(Duration::from_secs(2), listen(&config, ear, stop)).await;
        // Pauses of at least 100, 200, 400, 800 and 1,600 ms.
        let connected = connected.load(Ordering::SeqCst);
        assert!((2..=5).contains(&connected), "{connected}");
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        for line in ["connected to Asterisk's events", "was lost soon after it was made"] {
            assert_eq!(lines.matches(line).count(), 1, "{lines}");
        }
        assert_eq!(lines.lines().count(), 2, "{lines}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pings_go_out_under_constant_load() {
        let (server, url) = server().await;
        let serving = tokio::spawn(async move {
            let socket = accept_async(server.accept().await.unwrap().0).await.unwrap();
            let (mut sink, mut frames) = socket.split();
            let mut pings = 0;
            while pings < 5 {
                tokio::select! {
                    frame = frames.next() => pings += usize::from(frame.unwrap().unwrap().is_ping()),
                    sent = sink.send(Message::text("{}")) => sent.unwrap(),
                }
            }
        });
        let (socket, _) = connect_async(url).await.unwrap();
        let (mut ear, stop) = (Ear::default(), CancellationToken::new());
        let pings = Pings::new(Duration::from_millis(20));
        let reading = timeout(Duration::from_secs(20), read(socket, &mut ear, &stop, pings));
        reading.await.expect("the server saw five pings and closed");
        serving.await.unwrap();
        assert!(ear.events > 5);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn standing_still_ourselves_is_no_silence_of_asterisk() {
        let (server, url) = server().await;
        tokio::spawn(async move {
            let mut socket = accept_async(server.accept().await.unwrap().0).await.unwrap();
            socket.send(Message::text("{}")).await.unwrap();
            // Answers pings.
            while let Some(Ok(_)) = socket.next().await {}
        });
        let (socket, _) = connect_async(url).await.unwrap();
        let mut ear = Ear { stall: Duration::from_secs(2), ..Ear::default() };
        let stop = CancellationToken::new();
        let reading = read(socket, &mut ear, &stop, Pings::new(Duration::from_millis(500)));
        assert!(timeout(Duration::from_secs(4), reading).await.is_err(), "it still reads");
        assert_eq!(ear.events, 1);
    }

    #[tokio::test]
    async fn silence_is_noticed() {
        let (server, url) = server().await;
        let connecting = tokio::spawn(connect_async(url));
        // Never read from: no ping is answered.
        let silent = accept_async(server.accept().await.unwrap().0).await.unwrap();
        let (socket, _) = connecting.await.unwrap().unwrap();
        let stop = CancellationToken::new();
        let pings = Pings::new(Duration::from_millis(50));
        let why = timeout(Duration::from_secs(5), read(socket, &mut Ear::default(), &stop, pings)).await;
        assert!(why.unwrap().starts_with("nothing heard"));
        drop(silent);
    }
}
