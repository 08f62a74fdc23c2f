//! The websocket on which Asterisk sends the events of all configured applications, and its reconnection.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::{SinkExt, StreamExt};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderValue, ORIGIN};
use tokio::{
    net::TcpStream,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
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
/// How often we ping: Asterisk does not notice a half-open connection, so we must.
const PING_EVERY: Duration = Duration::from_secs(5);
/// A connection from which nothing came for so long is dead.
const SILENCE: Duration = Duration::from_secs(12);
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
    // Said once, not at each attempt.
    let mut complained = false;
    loop {
        let connected = tokio::select! {
            connected = connect(config) => connected,
            () = stop.cancelled() => return,
        };
        let pause = match connected {
            Ok(socket) => {
                info!(applications = %config.applications.join(","), "connected to Asterisk's events");
                (pauses, complained) = (self::pauses(), false);
                listener.connected();
                let why = read(socket, &mut listener, &stop).await;
                listener.disconnected();
                if stop.is_cancelled() {
                    return;
                }
                warn!(%why, "the connection to Asterisk's events was lost; connecting again");
                pauses.next()
            }
            Err(error) => {
                let pause = if error.refused { Some(REFUSED_PAUSE) } else { pauses.next() };
                if complained {
                    debug!(error = %error.text, "still cannot connect to Asterisk's events");
                } else {
                    warn!("cannot connect to Asterisk's events, will keep trying: {}", error.text);
                    complained = true;
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

/// Reads frames until the connection ends; returns why it did.
async fn read(mut socket: Socket, listener: &mut impl Listener, stop: &CancellationToken) -> String {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            frame = socket.next() => {
                heard = Instant::now();
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
            _ = pings.tick() => {
                if heard.elapsed() > SILENCE {
                    return format!("nothing heard for {SILENCE:?}");
                }
                match timeout(WRITE_TIMEOUT, socket.send(Message::Ping(Bytes::new()))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return error.to_string(),
                    Err(_) => return "a ping could not be written".to_owned(),
                }
            }
            () = stop.cancelled() => {
                // Asterisk needs no goodbye: it is a courtesy that must not hold us up.
                let _ = timeout(WRITE_TIMEOUT, socket.close(None)).await;
                return "stopping".to_owned();
            }
        }
    }
}
