//! A network that fails as it is told to: a relay of TCP connections between clients and a server, which cuts, stalls,
//! halves, throttles and refuses them.
//!
//! What it is told holds when the method returns. Bytes that were handed to the system's sockets before that are under
//! way and may still arrive, as in any network.

mod connection;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::net::{Shutdown, shutdown};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::wait::{ok, soon};

/// How connections are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As by the peer's own close.
    Clean,
    /// By a reset.
    Reset,
}

/// A direction, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// What clients send.
    ToServer,
    /// What clients receive.
    ToClient,
    /// All of it.
    Both,
}

impl Way {
    /// The directions that it means.
    fn each(self) -> &'static [Self] {
        match self {
            Self::ToServer => &[Self::ToServer],
            Self::ToClient => &[Self::ToClient],
            Self::Both => &[Self::ToServer, Self::ToClient],
        }
    }
}

/// What befalls one direction of all connections.
#[derive(Debug, Clone, Copy, Default)]
struct Direction {
    stalled: bool,
    /// Connections with a smaller number carry nothing any more.
    dead_below: u64,
    /// Bytes a second of each connection.
    rate: Option<u64>,
}

/// What befalls all connections.
#[derive(Debug, Clone, Copy, Default)]
struct Conditions {
    to_server: Direction,
    to_client: Direction,
    /// Connections with a smaller number end, and how.
    cut_below: u64,
    how: Option<Cut>,
    refused: bool,
    /// Of which direction is written down what passes.
    recorded: Option<Way>,
}

impl Conditions {
    fn direction(&self, way: Way) -> Direction {
        if way == Way::ToServer { self.to_server } else { self.to_client }
    }

    fn direction_mut(&mut self, way: Way) -> &mut Direction {
        if way == Way::ToServer { &mut self.to_server } else { &mut self.to_client }
    }
}

/// What happens at the relay, for whoever waits for it.
#[derive(Debug, Default)]
struct Doings {
    /// The numbers of the connections that are open.
    open: BTreeSet<u64>,
    listening: bool,
}

/// The relay. All its connections end when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    conditions: watch::Sender<Conditions>,
    doings: watch::Receiver<Doings>,
    /// The number of the next connection.
    next: Arc<AtomicU64>,
    records: Records,
    task: JoinHandle<()>,
}

/// What was sent, by connection, as far as it is recorded.
type Records = Arc<Mutex<BTreeMap<u64, Vec<u8>>>>;

impl FaultProxy {
    /// Stands before a server on this machine, which need not be there yet. A connection that the server does not take
    /// is reset.
    ///
    /// # Panics
    /// When there is no port for it.
    pub async fn before(server_port: u16) -> Self {
        // One that the system lends to nobody while new connections are refused.
        let port = ok(ari_testbed::free_tcp_port());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = ok(TcpListener::bind(address).await);
        let conditions = watch::Sender::new(Conditions::default());
        let (doings, seen) = watch::channel(Doings { listening: true, ..Doings::default() });
        let (next, records) = (Arc::<AtomicU64>::default(), Records::default());
        let relay = Relay {
            address,
            server: (Ipv4Addr::LOCALHOST, server_port).into(),
            conditions: conditions.subscribe(),
            doings: Arc::new(doings),
            next: Arc::clone(&next),
            records: Arc::clone(&records),
        };
        let task = tokio::spawn(relay.run(listener));
        Self { address, conditions, doings: seen, next, records, task }
    }

    /// Stands before the server of a URL on this machine; returns the URL of the relay in its place, too.
    ///
    /// # Panics
    /// When there is no port for it, or none in the URL.
    pub async fn before_url(url: &str) -> (Self, String) {
        let port = url.split([':', '/']).find_map(|part| part.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no port in {url}"));
        let relay = Self::before(port).await;
        let url = relay.url(url, port);
        (relay, url)
    }

    /// Where clients find it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The server's URL with this relay in place of the server: `port` is the server's.
    #[must_use]
    pub fn url(&self, url: &str, port: u16) -> String {
        url.replacen(&format!("127.0.0.1:{port}"), &self.address.to_string(), 1)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.doings.borrow().open.len()
    }

    /// How many there have ever been.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    /// Writes down what is sent in one direction from now on, whether it arrives or not.
    pub fn record(&self, way: Way) {
        self.conditions.send_modify(|conditions| conditions.recorded = Some(way));
    }

    /// What was sent there since, by connection, in the order of these.
    #[must_use]
    pub fn recorded(&self) -> Vec<Vec<u8>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Ends all connections that there are; new ones work.
    ///
    /// # Panics
    /// When they do not end.
    pub async fn cut(&self, how: Cut) {
        let below = self.taken();
        self.conditions.send_modify(|conditions| (conditions.cut_below, conditions.how) = (below, Some(how)));
        let mut doings = self.doings.clone();
        let gone = doings.wait_for(|doings| doings.open.first().is_none_or(|oldest| *oldest >= below));
        ok(soon("the end of the connections", gone).await);
    }

    /// Lets nothing pass, on connections that there are and on new ones, until [`resume`](Self::resume).
    pub fn stall(&self, way: Way) {
        self.change(way, |direction| direction.stalled = true);
    }

    /// Lets everything pass again that was stalled.
    pub fn resume(&self) {
        self.change(Way::Both, |direction| direction.stalled = false);
    }

    /// Makes a direction of the connections that there are dead for good, without ending them, as when one side of a
    /// network forgets them; new connections work.
    pub fn halve(&self, way: Way) {
        let below = self.taken();
        self.change(way, |direction| direction.dead_below = below);
    }

    /// Lets so many bytes a second pass on each connection; `None`: as many as there are.
    pub fn throttle(&self, way: Way, rate: Option<u64>) {
        self.change(way, |direction| direction.rate = rate.map(|rate| rate.max(1)));
    }

    /// Refuses new connections, as if nobody listened, or takes them again.
    ///
    /// # Panics
    /// When the port cannot be taken again.
    pub async fn refuse(&self, refused: bool) {
        self.conditions.send_modify(|conditions| conditions.refused = refused);
        let mut doings = self.doings.clone();
        ok(soon("the change of the port", doings.wait_for(|doings| doings.listening != refused)).await);
    }

    fn change(&self, way: Way, change: impl Fn(&mut Direction)) {
        self.conditions.send_modify(|conditions| {
            way.each().iter().for_each(|way| change(conditions.direction_mut(*way)));
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        // Its connections are tasks of its own and end with it.
        self.task.abort();
    }
}

/// The task that takes connections.
struct Relay {
    address: SocketAddr,
    server: SocketAddr,
    conditions: watch::Receiver<Conditions>,
    doings: Arc<watch::Sender<Doings>>,
    next: Arc<AtomicU64>,
    records: Records,
}

impl Relay {
    async fn run(mut self, listener: TcpListener) {
        let mut listener = Some(listener);
        let mut connections = JoinSet::new();
        loop {
            let refused = self.conditions.borrow_and_update().refused;
            if refused == listener.is_some() {
                listener = match listener.take() {
                    Some(old) => {
                        // Not by closing it alone: a program that is just being started has a copy of it until it runs.
                        ok(shutdown(&old, Shutdown::Both));
                        None
                    }
                    None => Some(ok(TcpListener::bind(self.address).await)),
                };
                self.doings.send_modify(|doings| doings.listening = !refused);
            }
            tokio::select! {
                client = accept(listener.as_ref()) => {
                    let number = self.next.fetch_add(1, Ordering::SeqCst);
                    self.doings.send_modify(|doings| _ = doings.open.insert(number));
                    let open = Open { number, doings: Arc::clone(&self.doings) };
                    let records = Arc::clone(&self.records);
                    connections.spawn(connection::relay(client, self.server, open, records, self.conditions.clone()));
                }
                Some(_) = connections.join_next() => {}
                changed = self.conditions.changed() => if changed.is_err() { return },
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => ok(listener.accept().await).0,
        None => std::future::pending().await,
    }
}

/// Stands for a connection while it is open.
struct Open {
    number: u64,
    doings: Arc<watch::Sender<Doings>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.doings.send_modify(|doings| _ = doings.open.remove(&self.number));
    }
}
