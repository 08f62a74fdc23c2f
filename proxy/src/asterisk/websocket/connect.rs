//! One attempt to connect, and the causes why it can fail.

use std::{io, sync::Arc};

use ari_bus::security::{Handshake, explain};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::ClientConfig;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        self, client::IntoClientRequest, error::ProtocolError, http::Request, protocol::WebSocketConfig,
    },
};

use super::super::{
    headers::headers,
    limits::{HANDSHAKE_TIMEOUT, MAX_EVENT},
};
use crate::config::Config;

pub(super) type Stream = MaybeTlsStream<TcpStream>;
pub(super) type Socket = WebSocketStream<Stream>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}")]
    NoAnswer(String),
    #[error("{0}")]
    Failed(String),
    #[error("Asterisk refuses `ws_user` and `ws_password`; compare them with ari.conf")]
    Credentials,
    #[error("there is no ARI at `websocket_url` (404); is it ws://HOST:8088/ari/events?")]
    NoAri,
    #[error("Asterisk is still starting (503)")]
    Starting,
    #[error("Asterisk answers with status {0}")]
    Status(u16),
}

/// Opens a websocket for these applications.
pub(super) async fn connect(
    config: &Config,
    tls: Option<&Arc<ClientConfig>>,
    applications: &[String],
) -> Result<Socket, ConnectError> {
    let request = handshake(config, applications).map_err(|error| ConnectError::Failed(error.to_string()))?;
    let limits = WebSocketConfig::default().max_message_size(Some(MAX_EVENT)).max_frame_size(Some(MAX_EVENT));
    let connector = tls.map(|tls| Connector::Rustls(Arc::clone(tls)));
    // `true`: TCP_NODELAY.
    let connecting = connect_async_tls_with_config(request, Some(limits), true, connector);
    match timeout(HANDSHAKE_TIMEOUT, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(tungstenite::Error::Http(response))) => Err(match response.status().as_u16() {
            401 | 403 => ConnectError::Credentials,
            404 => ConnectError::NoAri,
            503 => ConnectError::Starting,
            status => ConnectError::Status(status),
        }),
        Ok(Err(tungstenite::Error::Io(error))) if is_nobody(&error) => {
            Err(ConnectError::NoAnswer(error.to_string()))
        }
        Ok(Err(error)) => {
            // A connection that ends without an answer; the library has a word of its own for that.
            let ended = io::Error::from(io::ErrorKind::UnexpectedEof);
            let error: &(dyn std::error::Error + 'static) = match &error {
                tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => &ended,
                error => error,
            };
            let explained = explain(error, trying(config));
            Err(ConnectError::Failed(explained.unwrap_or_else(|| error.to_string())))
        }
        Err(_) => Err(ConnectError::NoAnswer(format!("no answer within {HANDSHAKE_TIMEOUT:?}"))),
    }
}

fn trying(config: &Config) -> Handshake {
    let tls = config.websocket_url.starts_with("wss:");
    Handshake { tls, certificate: config.asterisk.tls.cert.is_some(), plain: "ws", secure: "wss" }
}

/// Whether nobody listens at the other end; one that listens and hangs up is there.
fn is_nobody(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | TimedOut)
}

impl ConnectError {
    /// Whether there is no Asterisk that could take a command either.
    pub(super) fn is_away(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Starting)
    }

    /// Whether only a person can change it.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Credentials)
    }
}

/// All that a query would read as something else. What every server takes as it is stays: the request line is short.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The request that opens the websocket.
///
/// # Errors
/// When `websocket_url` is none that a websocket can be opened to.
pub(crate) fn handshake(config: &Config, applications: &[String]) -> Result<Request<()>, tungstenite::Error> {
    let applications: Vec<String> =
        applications.iter().map(|name| utf8_percent_encode(name, ENCODED).to_string()).collect();
    let separator = if config.websocket_url.contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}app={}", config.websocket_url, applications.join(","));
    let mut request = url.into_client_request()?;
    request.headers_mut().extend(headers(config));
    Ok(request)
}
