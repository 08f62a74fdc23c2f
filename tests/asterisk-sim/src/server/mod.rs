//! The listening side: accepts connections, tells websockets from requests, and lets faults happen.

pub(crate) mod frame;
pub(crate) mod http;
pub(crate) mod outbox;
pub(crate) mod websocket;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    faults::{Cut, FaultAnswer, Faults, Refusal},
    limits,
    options::SimulatorOptions,
    record::Recorder,
    rest::{self, ApiRequest, Params, reply},
    state::World,
};
use http::{ReadError, Reply, Request};
use outbox::Outbox;

/// What all tasks of a simulator share.
pub(crate) struct Shared {
    pub(crate) options: Arc<SimulatorOptions>,
    pub(crate) faults: Faults,
    pub(crate) record: Recorder,
    world: Mutex<World>,
    next_socket: AtomicU64,
    registrations: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(options: SimulatorOptions) -> Self {
        let options = Arc::new(options);
        Self {
            faults: Faults::default(),
            record: Recorder::new(options.record_requests),
            world: Mutex::new(World::new(Arc::clone(&options))),
            next_socket: AtomicU64::new(1),
            registrations: watch::Sender::new(0),
            options,
        }
    }

    /// The state. A panic under the lock is a bug that its own test shows; the others go on.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fresh_socket_id(&self) -> u64 {
        self.next_socket.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn register(&self, outbox: &Outbox, applications: &[String], subscribe_all: bool) {
        let mut world = self.world();
        for application in applications {
            world.register(application, outbox, subscribe_all);
        }
        drop(world);
        self.registrations.send_modify(|count| *count += 1);
    }

    /// Changes whenever an application is registered.
    pub(crate) fn registrations(&self) -> watch::Receiver<u64> {
        self.registrations.subscribe()
    }

    pub(crate) fn unregister(&self, outbox: &Outbox) {
        self.world().unregister(outbox);
    }

    /// Forgets everything, as a restarted Asterisk does.
    pub(crate) fn forget_all(&self) {
        let mut world = self.world();
        world.end_all_calls();
        let outcomes = std::mem::take(&mut world.outcomes);
        *world = World::new(Arc::clone(&self.options));
        world.outcomes = outcomes;
    }

    fn may_enter(&self, request: &Request) -> bool {
        let (user, password) = (&self.options.user, &self.options.password);
        let basic = request.header("authorization").and_then(|value| value.split_once(' '));
        if let Some((scheme, given)) = basic
            && scheme.eq_ignore_ascii_case("basic")
        {
            return given.trim() == STANDARD.encode(format!("{user}:{password}"));
        }
        let key = Params::from_query(&request.query).text("api_key");
        key.is_some_and(|key| key == format!("{user}:{password}"))
    }
}

/// Binds the port, and again after a restart: the old connections may still linger on it.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let give_up = Instant::now() + limits::REBIND_PATIENCE;
    loop {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        // As deep as the kernel allows: a herd of workers connecting at once is no error.
        match socket.bind(address).and_then(|()| socket.listen(4096)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < give_up => {
                sleep(limits::REBIND_PAUSE).await;
            }
            result => return result,
        }
    }
}

/// Accepts until cancelled. While connections are refused, nobody listens.
pub(crate) async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    address: SocketAddr,
    cancel: CancellationToken,
    tasks: TaskTracker,
) {
    let mut refused = shared.faults.refused_connections();
    let mut listener = Some(listener);
    loop {
        if *refused.borrow_and_update() {
            listener = None;
        } else if listener.is_none() {
            listener = bind(address).await.ok();
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = refused.changed() => if changed.is_err() { return },
            accepted = accept_one(listener.as_ref()) => {
                // An error here is the peer's, or a lack of file descriptors that passes.
                let Ok(stream) = accepted else { continue };
                let (shared, cancel) = (Arc::clone(&shared), cancel.clone());
                tasks.spawn(async move {
                    cancel.run_until_cancelled(connection(&shared, stream)).await;
                });
            }
        }
    }
}

async fn accept_one(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

/// Runs what the state wants to happen later.
pub(crate) async fn timers(shared: Arc<Shared>, cancel: CancellationToken) {
    let added = shared.world().timer_added();
    loop {
        let next = shared.world().run_timers();
        let wait = async {
            match next {
                Some(at) => sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = added.notified() => {}
            () = wait => {}
        }
    }
}

/// One connection: requests one after the other, or a websocket.
async fn connection(shared: &Shared, mut stream: TcpStream) {
    // Without it, small answers wait for the peer's delayed acknowledgement: 10 ms and more.
    let _ = stream.set_nodelay(true);
    let mut buffer = BytesMut::new();
    loop {
        let read = http::read_request(&mut stream, &mut buffer);
        let request = match timeout(limits::KEEP_ALIVE, read).await {
            Ok(Ok(request)) => request,
            Err(_) | Ok(Err(ReadError::Closed | ReadError::Broken)) => return,
        };
        if request.path == "/ari/events" && request.wants_websocket() {
            return websocket(shared, stream, buffer, &request).await;
        }
        let keep_alive = request.keep_alive() && !request.body_too_large;
        match respond(shared, request).await {
            Answered::Reply(reply) => {
                let bytes = reply.encode(&shared.options.version);
                let written = timeout(limits::HTTP_PATIENCE, stream.write_all(&bytes)).await;
                if !matches!(written, Ok(Ok(()))) || !keep_alive {
                    return;
                }
            }
            Answered::Never => std::future::pending().await,
            Answered::Cut(Cut::Clean) => return,
            Answered::Cut(Cut::Abrupt) => {
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
}

async fn websocket(shared: &Shared, mut stream: TcpStream, buffer: BytesMut, request: &Request) {
    let record = shared.record.arrived(request, true);
    let refusal = match shared.faults.refusal() {
        _ if !shared.may_enter(request) => Some(reply::unauthorized()),
        Some(Refusal::Silence) => return,
        Some(Refusal::Status(status)) => Some(reply::error(status, "Refused", "Refused by a fault")),
        Some(Refusal::Connection) | None => None,
    };
    let wanted = match refusal {
        Some(refusal) => Err(Box::new(refusal)),
        None => websocket::wanted(request),
    };
    match wanted {
        Ok(wanted) => {
            shared.record.answered(record, 101);
            websocket::run(shared, stream, wanted, buffer).await;
        }
        Err(refusal) => {
            shared.record.answered(record, refusal.status);
            let bytes = refusal.encode(&shared.options.version);
            let _ = timeout(limits::HTTP_PATIENCE, stream.write_all(&bytes)).await;
        }
    }
}

/// How a request ends.
enum Answered {
    Reply(Reply),
    Never,
    Cut(Cut),
}

async fn respond(shared: &Shared, request: Request) -> Answered {
    let record = shared.record.arrived(&request, false);
    let path = request.path.strip_prefix("/ari").unwrap_or(&request.path).to_owned();
    let fault = shared.faults.take(&request.method, &path);
    let act = fault.as_ref().is_none_or(|fault| fault.acted_upon);
    if let Some(fault) = &fault {
        sleep(fault.pause_before).await;
    }
    let reply = act.then(|| answer(shared, request));
    if let Some(fault) = &fault {
        sleep(fault.pause_after).await;
    }
    let answered = match (fault.map(|fault| fault.answer), reply) {
        (Some(FaultAnswer::Given(reply)), _) => Answered::Reply(reply),
        (Some(FaultAnswer::Silence), _) => Answered::Never,
        (Some(FaultAnswer::Cut(cut)), _) => Answered::Cut(cut),
        (Some(FaultAnswer::Real) | None, Some(reply)) => Answered::Reply(reply),
        (Some(FaultAnswer::Real) | None, None) => Answered::Never,
    };
    if let Answered::Reply(reply) = &answered {
        shared.record.answered(record, reply.status);
    }
    answered
}

fn answer(shared: &Shared, request: Request) -> Reply {
    let Some(path) = request.path.strip_prefix("/ari") else {
        return reply::error(404, "Not Found", "Resource not found");
    };
    if !shared.may_enter(&request) {
        return reply::unauthorized();
    }
    if request.body_too_large {
        let mut refusal = reply::error(413, "Request Entity Too Large", "The body is too large");
        refusal.headers.push(("Connection", "close".into()));
        return refusal;
    }
    let request = ApiRequest {
        path,
        method: &request.method,
        query: &request.query,
        content_type: request.header("content-type").unwrap_or_default(),
        body: &request.body,
    };
    rest::answer(&mut shared.world(), &request)
}
