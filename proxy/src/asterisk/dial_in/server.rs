//! Listens for Asterisks, and lets in those that are known.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        self,
        handshake::server::{ErrorResponse, Request, Response},
        http::HeaderValue,
        protocol::WebSocketConfig,
    },
};
use tracing::{debug, info, warn};

use super::{
    super::limits::{ACCEPT_PAUSE, DIAL_IN_TIMEOUT, HANDSHAKES, MAX_EVENT},
    peer::{Refusal, Shown},
    refusals::Refusals,
    seat::{Arrival, Coming, Seat},
    tls::{BadTls, common_name, server_config},
};
use crate::config::{DialsIn, WebsocketListen};

/// A connection, with TLS or without.
pub(super) type Stream = Box<dyn Duplex>;

/// What can be read and written.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The port on which Asterisks dial in.
pub(crate) struct Server {
    listener: TcpListener,
    door: Arc<Door>,
}

/// What decides who is let in.
struct Door {
    tls: Option<TlsAcceptor>,
    asterisks: Vec<DialsIn>,
    /// Their places, in the same order.
    seats: Vec<Arc<Seat>>,
    refusals: Refusals,
}

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("address: cannot listen on {0}: {1}")]
    Address(SocketAddr, io::Error),
    /// The files of TLS cannot be used.
    #[error("tls.{0}: {1}")]
    Tls(&'static str, String),
}

impl Server {
    /// Takes the port. `seats` are the places of the configured Asterisks, in their order.
    pub(crate) async fn bind(config: &WebsocketListen, seats: Vec<Arc<Seat>>) -> Result<Self, ListenError> {
        let tls = config.tls.as_ref().map(server_config).transpose();
        let tls = tls.map_err(|BadTls { key, problem }| ListenError::Tls(key, problem))?;
        let listener = TcpListener::bind(config.address).await;
        let listener = listener.map_err(|error| ListenError::Address(config.address, error))?;
        if tls.is_none() && !config.address.ip().is_loopback() {
            warn!("`websocket_listen` has no `tls`: passwords and calls go in the clear");
        }
        info!(address = %config.address, asterisks = config.asterisks.len(), "waiting for Asterisk to dial in");
        let door = Door {
            tls: tls.map(TlsAcceptor::from),
            asterisks: config.asterisks.clone(),
            seats,
            refusals: Refusals::default(),
        };
        Ok(Self { listener, door: Arc::new(door) })
    }

    /// Where it listens.
    #[cfg(test)]
    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Lets Asterisks in for ever. Handshakes that are under way when this is dropped end.
    pub(crate) async fn run(&self) {
        let (mut handshakes, places) = (JoinSet::new(), Arc::new(Semaphore::new(HANDSHAKES)));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(done) = handshakes.join_next() => {
                    if let Err(error) = done {
                        warn!(%error, "a handshake broke off");
                    }
                    continue;
                }
            };
            match accepted {
                Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => {
                        let door = Arc::clone(&self.door);
                        handshakes.spawn(async move {
                            door.let_in(stream, peer).await;
                            drop(place);
                        });
                    }
                    Err(_) => debug!(%peer, "too many handshakes are under way: the connection is closed"),
                },
                Err(error) => {
                    debug!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Door {
    /// Finds out who has come, and brings them to their seat.
    async fn let_in(&self, stream: TcpStream, peer: SocketAddr) {
        // Small messages are not to wait for each other.
        let _ = stream.set_nodelay(true);
        match timeout(DIAL_IN_TIMEOUT, self.handshake(stream)).await {
            Ok(Ok((socket, coming))) => coming.arrive(Arrival { socket, peer }),
            Ok(Err(Some(refusal))) => self.refusals.say(peer.ip(), refusal),
            Ok(Err(None)) => debug!(%peer, "a connection was no websocket"),
            Err(_) => debug!(%peer, "a connection did not say who it is in {DIAL_IN_TIMEOUT:?}"),
        }
    }

    /// TLS, if it is configured, and the websocket's handshake. Fails with what is to be said of it, if anything.
    async fn handshake(
        &self,
        stream: TcpStream,
    ) -> Result<(WebSocketStream<Stream>, Coming), Option<Refusal>> {
        match &self.tls {
            None => Box::pin(self.upgrade(Box::new(stream), None)).await,
            Some(tls) => {
                let stream = Box::pin(tls.accept(stream)).await.map_err(|error| {
                    // One that hangs up is no attempt.
                    let told = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
                    told.then(|| Refusal::Tls(error.to_string()))
                })?;
                let certificate = certificate_of(&stream);
                Box::pin(self.upgrade(Box::new(stream), certificate)).await
            }
        }
    }

    async fn upgrade(
        &self,
        stream: Stream,
        certificate: Option<String>,
    ) -> Result<(WebSocketStream<Stream>, Coming), Option<Refusal>> {
        let mut decided = None;
        #[allow(clippy::result_large_err, reason = "the library wants it so")]
        let decide = |request: &Request, mut response: Response| match self.decide(request, certificate) {
            Ok(coming) => {
                decided = Some(Ok(coming));
                response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
                Ok(response)
            }
            Err(refusal) => {
                let response = refuse(&refusal);
                decided = Some(Err(refusal));
                Err(response)
            }
        };
        let limits =
            WebSocketConfig::default().max_message_size(Some(MAX_EVENT)).max_frame_size(Some(MAX_EVENT));
        let accepted = accept_hdr_async_with_config(stream, decide, Some(limits)).await;
        match (accepted, decided) {
            (Ok(socket), Some(Ok(coming))) => Ok((socket, coming)),
            (_, Some(Err(refusal))) => Err(Some(refusal)),
            (Err(tungstenite::Error::Http(_)) | Err(_) | Ok(_), _) => Err(None),
        }
    }

    fn decide(&self, request: &Request, certificate: Option<String>) -> Result<Coming, Refusal> {
        let place = Shown::in_handshake(request, certificate).identify(&self.asterisks)?;
        let offered = request.headers().get_all("sec-websocket-protocol").into_iter();
        let mut offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
        if !offered.any(|protocol| protocol.trim() == PROTOCOL) {
            return Err(Refusal::Protocol);
        }
        let not_ready = || Refusal::NotReady(self.asterisks[place].server_id.clone());
        self.seats[place].let_in().ok_or_else(not_ready)
    }
}

/// The subprotocol that Asterisk offers.
const PROTOCOL: &str = "ari";

fn certificate_of(stream: &TlsStream<TcpStream>) -> Option<String> {
    stream.get_ref().1.peer_certificates()?.first().and_then(common_name)
}

/// The answer to somebody who is not let in. It says nothing that a stranger should not know.
fn refuse(refusal: &Refusal) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = refusal.status().try_into().unwrap_or_default();
    if refusal.status() == 401 {
        response
            .headers_mut()
            .insert("www-authenticate", HeaderValue::from_static("Basic realm=\"ari-proxy\""));
    }
    response
}
