//! The link to one Asterisk that dials in: its connections, one after the other.

use std::collections::BTreeSet;

use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, info, warn};

use super::{
    super::{
        event::Header,
        limits::{GOODBYE, PING_EVERY, PLACE_TAKEN, STEADY},
        rest::Line,
        websocket::{Connection, Fence, Fences, Listener, Read, Status, Surroundings, ready},
    },
    seat::{Arrival, Seat},
};

/// Takes the connections of one Asterisk until `stop` is cancelled. Then nobody is let in any more, and what was written to
/// us by then is read.
pub(crate) async fn serve(seat: &Seat, surroundings: Surroundings<'_>, listener: impl Listener) {
    let stop = surroundings.stop;
    let registered = Registered { listener, applications: BTreeSet::new(), status: surroundings.status };
    let mut link = Link { seat, surroundings, registered, contested: false, lost: false };
    seat.open(stop);
    let mut next = None;
    while !stop.is_cancelled() {
        next = match next.take() {
            Some(arrival) => link.serve(arrival).await,
            None => stop.run_until_cancelled(seat.next()).await,
        };
    }
    // Whoever has just been let in has been told so, and may have sent what it kept for us.
    for arrival in [next, seat.last().await].into_iter().flatten() {
        link.serve(arrival).await;
    }
}

struct Link<'a, L> {
    seat: &'a Seat,
    surroundings: Surroundings<'a>,
    registered: Registered<'a, L>,
    /// Whether it was said that connections take each other's place.
    contested: bool,
    /// Whether it was said that a connection was lost which had not lasted.
    lost: bool,
}

/// What can happen while a connection is read.
enum Meanwhile {
    /// Another one takes its place.
    Newer(Box<Arrival>),
    /// It has lasted for some time.
    Steady,
    /// It is known whether requests go over it.
    Riding,
    /// Somebody says that applications are to be taken back.
    Told,
}

impl<L: Listener> Link<'_, L> {
    /// Reads a connection to its end; returns the one that takes its place.
    async fn serve(&mut self, arrival: Arrival) -> Option<Arrival> {
        let Surroundings { config, rest, told, stop, .. } = self.surroundings;
        info!(server_id = config.server_id, peer = %arrival.peer, "Asterisk has dialled in");
        let (line, asks) = Line::new();
        let (fence, fences) = Fences::new();
        // Before anybody asks what there is.
        let mut riding = Some(Box::pin(rest.ride(line)));
        self.registered.applications.clear();
        self.registered.listener.connected(&config.applications, &fence);
        let applications = config.applications.clone();
        let mut connection =
            Connection::new(arrival.socket, applications, fences, asks, PING_EVERY).dialled_in();
        let (since, mut steady) = (Instant::now(), false);
        let (mut next, mut why) = (None, None);
        loop {
            let interrupt = async {
                tokio::select! {
                    newer = self.seat.next() => Meanwhile::Newer(Box::new(newer)),
                    () = sleep_until(since + STEADY), if !steady => Meanwhile::Steady,
                    () = ready(&mut riding) => Meanwhile::Riding,
                    () = told.notified() => Meanwhile::Told,
                }
            };
            match connection.read(&mut self.registered, stop, interrupt).await {
                Read::Lost(lost) => {
                    why = Some(lost);
                    break;
                }
                Read::Stopped => break,
                Read::Taken(application) => {
                    warn!(
                        server_id = config.server_id,
                        application,
                        "another program took over this application: its calls and events go there. At a SIGHUP, or when Asterisk dials in again, they come here"
                    );
                    self.registered.status.taken(&application);
                    self.registered.listener.disconnected(&[application]);
                }
                Read::Interrupted(Meanwhile::Riding) => riding = None,
                Read::Interrupted(Meanwhile::Steady) => {
                    (steady, self.contested, self.lost) = (true, false, false);
                    self.registered.compare(&config.server_id, &config.applications);
                }
                Read::Interrupted(Meanwhile::Told) => {
                    if connection.applications.len() < config.applications.len() {
                        info!("told to take applications back: Asterisk is to dial in anew");
                        connection.finish(&mut self.registered, GOODBYE).await;
                        break;
                    }
                }
                Read::Interrupted(Meanwhile::Newer(newer)) => {
                    self.contested(&arrival.peer, &newer, steady);
                    connection.finish(&mut self.registered, PLACE_TAKEN).await;
                    next = Some(*newer);
                    break;
                }
            }
        }
        self.registered.status.disconnected();
        self.registered.listener.disconnected(&connection.applications);
        if let Some(why) = why.filter(|_| !stop.is_cancelled()) {
            self.lost(steady, &why);
        }
        next
    }

    fn lost(&mut self, steady: bool, why: &str) {
        let server_id = &self.surroundings.config.server_id;
        if steady || !std::mem::replace(&mut self.lost, true) {
            warn!(server_id, why, "the connection with which Asterisk dialled in was lost; it is waited for");
        } else {
            debug!(server_id, why, "the connection with which Asterisk dialled in was lost once more");
        }
    }

    /// A connection takes another's place. Two Asterisks of one name would do that for ever.
    fn contested(&mut self, old: &std::net::SocketAddr, newer: &Arrival, steady: bool) {
        let server_id = &self.surroundings.config.server_id;
        if steady {
            info!(server_id, peer = %newer.peer, "Asterisk has dialled in anew");
        } else if std::mem::replace(&mut self.contested, true) {
            debug!(server_id, peer = %newer.peer, "a connection took the place of another once more");
        } else {
            warn!(server_id, %old, new = %newer.peer, "a connection takes the place of one that has just come: have two Asterisks one name?");
        }
    }
}

/// Notes which applications an Asterisk registers, on the way of its events.
struct Registered<'a, L> {
    listener: L,
    status: &'a Status,
    applications: BTreeSet<String>,
}

impl<L> Registered<'_, L> {
    /// Says where Asterisk's `apps` and our `applications` differ.
    fn compare(&self, server_id: &str, configured: &[String]) {
        let missing: Vec<_> = configured.iter().filter(|name| !self.applications.contains(*name)).collect();
        if !missing.is_empty() {
            warn!(
                server_id,
                ?missing,
                "Asterisk has not registered these `applications`: no call of theirs comes. They belong into `apps` of its ari.conf"
            );
        }
        let others: Vec<_> = self.applications.iter().filter(|name| !configured.contains(name)).collect();
        if !others.is_empty() {
            warn!(
                server_id,
                ?others,
                "Asterisk registers applications that are not among `applications`: their calls wait here for nobody"
            );
        }
    }
}

/// The type of event that says that an application is registered on this connection.
const REGISTERED: &str = "ApplicationRegistered";

impl<L: Listener> Listener for Registered<'_, L> {
    fn connected(&mut self, applications: &[String], fence: &Fence) {
        self.listener.connected(applications, fence);
    }

    fn disconnected(&mut self, applications: &[String]) {
        self.listener.disconnected(applications);
    }

    fn failed(&mut self, away: bool) {
        self.listener.failed(away);
    }

    fn event(&mut self, header: &Header<'_>, text: &Utf8Bytes) {
        if header.kind == REGISTERED && self.applications.len() < MAX_REGISTERED {
            let application = header.application.clone().into_owned();
            self.status.connected(std::slice::from_ref(&application));
            self.applications.insert(application);
        }
        self.listener.event(header, text);
    }

    fn broken_frame(&mut self) {
        self.listener.broken_frame();
    }
}

/// Applications of one connection that are noted: far more than anybody writes into `apps`.
const MAX_REGISTERED: usize = 1_000;
