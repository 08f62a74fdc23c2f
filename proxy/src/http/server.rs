//! The port, and the connections on it: HTTP/1.1, each connection with deadlines for all that a client may be slow at.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    response::IntoResponse as _,
};
use hyper::{body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::{
    limits::{ACCEPT_PAUSE, BODY, BUFFER, CONNECTIONS, GOODBYE, HEADERS, PORT_LOOK, STALLED},
    places::{Place, Places},
    reply::Refusal,
};

/// The listener, when it has its port or waits for it.
pub(crate) struct Server {
    address: SocketAddr,
    listener: Option<TcpListener>,
    router: Router,
}

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("listen: cannot listen on {address}: {error}{hint}")]
pub struct HttpError {
    address: SocketAddr,
    error: io::Error,
    hint: &'static str,
}

impl Server {
    /// Takes the port. Where the process takes over from another, which has the port until it ends, it may have it later.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub(crate) async fn bind(
        address: SocketAddr,
        takes_over: bool,
        router: Router,
    ) -> Result<Self, HttpError> {
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => Some(listener),
            Err(error) if takes_over && error.kind() == io::ErrorKind::AddrInUse => None,
            Err(error) => {
                let hint = match error.kind() {
                    io::ErrorKind::AddrInUse => {
                        "; another program has the port, or another proxy: each needs one of its own"
                    }
                    _ => "",
                };
                return Err(HttpError { address, error, hint });
            }
        };
        Ok(Self { address, listener, router })
    }

    /// Answers until `stop` is cancelled; then what is being answered is finished.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Self { address, listener, router } = self;
        let listening = async {
            match listener {
                Some(listener) => listener,
                None => free(address).await,
            }
        };
        let Some(listener) = stop.run_until_cancelled(listening).await else { return };
        info!(%address, "listening for operators");
        let (mut clients, places) = (JoinSet::new(), Places::new(CONNECTIONS));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
                Some(done) = clients.join_next() => {
                    report(done);
                    continue;
                }
            };
            match accepted {
                Ok((stream, peer)) => match places.take() {
                    Some(place) => {
                        clients.spawn(serve(stream, router.clone(), Arc::new(place), stop.clone()));
                    }
                    None => debug!(%peer, "all connections are being answered: another one is closed"),
                },
                Err(error) => {
                    debug!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // The port is free for another process at once.
        drop(listener);
        let finished = async {
            while let Some(done) = clients.join_next().await {
                report(done);
            }
        };
        if timeout(GOODBYE, finished).await.is_err() {
            debug!("answers were broken off: their clients did not take them in {GOODBYE:?}");
        }
    }
}

/// Waits until the process that has the port ends.
async fn free(address: SocketAddr) -> TcpListener {
    info!(%address, "`http.listen` is taken, by the process before this one: it is waited for");
    let mut said = false;
    loop {
        sleep(PORT_LOOK).await;
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if error.kind() != io::ErrorKind::AddrInUse && !std::mem::replace(&mut said, true) => {
                warn!(%address, %error, "`http.listen` cannot be listened on, will keep trying");
            }
            Err(error) => debug!(%error, "`http.listen` is not free yet"),
        }
    }
}

fn report(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        error!(%error, "the answer to an HTTP request broke off");
    }
}

/// Takes a request's body before anything is done for it: whoever sends it slowly can still give way.
async fn whole(request: Request<Incoming>) -> Result<Request<Body>, Refusal> {
    let (head, body) = request.into_parts();
    let body = timeout(HEADERS, to_bytes(Body::new(body), BODY)).await.map_err(|_| {
        Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the body did not come in {HEADERS:?}"))
    })?;
    let body = body.map_err(|_| {
        let text = format!("the body is broken, or longer than {BODY} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    })?;
    Ok(Request::from_parts(head, body.into()))
}

/// Answers the requests of one connection.
async fn serve(stream: TcpStream, router: Router, place: Arc<Place>, stop: CancellationToken) {
    // Small answers are not to wait for each other.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALLED));
    let (routes, cut) = (TowerToHyperService::new(router), place.cut.clone());
    let service = hyper::service::service_fn(move |request| {
        let (place, routes) = (Arc::clone(&place), routes.clone());
        async move {
            match whole(request).await {
                Ok(request) => {
                    let _asking = place.asks();
                    routes.call(request).await
                }
                Err(refusal) => Ok(refusal.into_response()),
            }
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(BUFFER);
    let mut connection = Box::pin(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = cut.cancelled() => return debug!("an idle connection gave way to another"),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection of the HTTP listener ended");
    }
}
