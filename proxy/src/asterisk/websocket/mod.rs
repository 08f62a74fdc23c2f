//! The websocket on which Asterisk sends the events of all applications of the proxy, and its reconnection.

mod connect;
mod fence;
mod holdings;
mod probe;
mod read;
mod status;
#[cfg(test)]
mod tests;

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

pub(crate) use connect::handshake;
use connect::{ConnectError, Socket, Stream, connect};
pub(crate) use fence::Fence;
pub(super) use fence::Fences;
use holdings::Holdings;
pub(crate) use probe::{Probed, probe};
pub(super) use read::{Connection, Read};
pub(crate) use status::{Held, Status};

use super::{
    event::Header,
    limits::{
        GOODBYE, MAX_PAUSE, MAX_PAUSE_LOST, MIN_PAUSE, PING_EVERY, REFUSED_PAUSE, STEADY, STRAGGLERS, SWITCH,
        SWITCH_AGAIN,
    },
    rest::{Line, Rest},
    said::Said,
};
use crate::{applications::Applications, claim::Claim, config::Config, pauses::Pauses};

/// Who hears what comes from Asterisk. Called by the one task that reads the socket, so it must never block: Asterisk
/// closes a socket whose reader stalls 100 ms.
pub(crate) trait Listener {
    /// Events of these applications come from now on. What happened before is not repeated.
    fn connected(&mut self, applications: &[String], fence: &Fence);
    /// Events of these applications are lost until [`Listener::connected`].
    fn disconnected(&mut self, applications: &[String]);
    /// A socket could not be opened: because there is no Asterisk at all, or for another reason.
    fn failed(&mut self, away: bool);
    /// An event, and what its frame says of it.
    fn event(&mut self, header: &Header<'_>, text: &Utf8Bytes);
    /// A frame that is no event.
    fn broken_frame(&mut self);
}

/// What the link to Asterisk needs from outside.
pub(crate) struct Surroundings<'a> {
    pub(crate) config: &'a Config,
    /// Whose events are wanted.
    pub(crate) applications: &'a Applications,
    pub(crate) rest: &'a Rest,
    /// That no other process of this server acts.
    pub(crate) claim: &'a Claim,
    /// Where it is said which applications it has.
    pub(crate) status: &'a Status,
    /// Somebody says that applications are to be taken back.
    pub(crate) told: &'a Notify,
    pub(crate) stop: &'a CancellationToken,
}

/// Keeps a websocket to Asterisk until `stop` is cancelled, connecting again whenever it is lost.
pub(crate) async fn listen(surroundings: Surroundings<'_>, listener: impl Listener) {
    let holdings = Holdings::new(surroundings.applications, surroundings.status);
    let said = Said::nothing("Asterisk's events");
    Link { surroundings, listener, holdings, said, said_not_switched: false }.run().await;
}

struct Link<'a, L> {
    surroundings: Surroundings<'a>,
    listener: L,
    holdings: Holdings<'a>,
    said: Said<ConnectError>,
    /// That no connection for other applications could be made in the place of one.
    said_not_switched: bool,
}

impl<L: Listener> Link<'_, L> {
    async fn run(mut self) {
        let Surroundings { config, rest, claim, stop, .. } = self.surroundings;
        let (mut failed, mut lost) = (until_connected(), until_steady());
        while !stop.is_cancelled() {
            let applications = self.holdings.ours();
            if applications.is_empty() {
                self.until_free().await;
                continue;
            }
            // The websocket would take the applications away from another.
            if stop.run_until_cancelled(claim.certain()).await.is_none() {
                return;
            }
            let connected = tokio::select! {
                // Boxed: the state of a handshake is large, and needed only for a moment.
                connected = Box::pin(connect(config, rest.tls(), &applications)) => connected,
                () = stop.cancelled() => return,
            };
            let pause = match connected {
                Ok(socket) => {
                    failed = until_connected();
                    if self.serve(socket, applications).await {
                        lost = until_steady();
                    }
                    lost.next()
                }
                Err(error) => {
                    self.listener.failed(error.is_away());
                    self.said.failed(&error);
                    if error.is_refusal() { REFUSED_PAUSE } else { failed.next() }
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Other programs have everything: waits until that changes, or something else is wanted.
    async fn until_free(&mut self) {
        let Surroundings { rest, told, stop, .. } = self.surroundings;
        tokio::select! {
            free = self.holdings.free(rest, told, stop) => self.holdings.give_back(&free),
            () = self.holdings.differ(&[]) => {}
            () = stop.cancelled() => {}
        }
    }

    /// Reads a connection to its end, and those that take its place; says whether it lasted.
    async fn serve(&mut self, socket: Socket, applications: Vec<String>) -> bool {
        let Surroundings { rest, status, told, stop, .. } = self.surroundings;
        self.said.connected(|| say_connected(&applications));
        let (fence, fences) = Fences::new();
        self.listener.connected(&applications, &fence);
        status.connected(&applications);
        let (line, asks) = Line::new();
        let mut connection = Connection::new(socket, applications, fences, asks, PING_EVERY);
        let mut riding = Some(Box::pin(rest.ride(line)));
        let (since, mut steady) = (Instant::now(), false);
        // Not before then it is tried again to have other applications.
        let mut again = since;
        let why = loop {
            let free = self.holdings.free(rest, told, stop);
            let had = connection.applications.clone();
            let differ = async {
                sleep_until(again).await;
                self.holdings.differ(&had).await;
            };
            let interrupt = async {
                tokio::select! {
                    free = free => Meanwhile::Wanted([&had[..], &free].concat()),
                    () = differ => Meanwhile::Wanted(self.holdings.ours()),
                    () = sleep_until(since + STEADY), if !steady => Meanwhile::Steady,
                    () = ready(&mut riding) => Meanwhile::Riding,
                }
            };
            match connection.read(&mut self.listener, stop, interrupt).await {
                Read::Lost(why) => break Some(why),
                Read::Stopped => break None,
                Read::Taken(application) => {
                    let was_last = connection.applications.is_empty();
                    if was_last {
                        self.read_stragglers(&mut connection).await;
                    }
                    self.take(application);
                    if was_last {
                        return steady;
                    }
                }
                Read::Interrupted(Meanwhile::Riding) => riding = None,
                Read::Interrupted(Meanwhile::Steady) => {
                    steady = true;
                    self.said.steady(|| say_connected(&connection.applications));
                }
                Read::Interrupted(Meanwhile::Wanted(wanted)) if wanted.is_empty() => {
                    connection.finish(&mut self.listener, GOODBYE).await;
                    break None;
                }
                Read::Interrupted(Meanwhile::Wanted(wanted)) => {
                    match self.switch(&mut connection, &wanted).await {
                        Ok(None) => again = Instant::now() + SWITCH_AGAIN,
                        Ok(Some(line)) => {
                            riding = Some(Box::pin(rest.ride(line)));
                            let (more, less) = (without(&wanted, &had), without(&had, &wanted));
                            if !less.is_empty() {
                                info!(applications = ?less, "these applications are given up in Asterisk");
                                self.listener.disconnected(&less);
                                status.given_up(&less);
                            }
                            self.listener.connected(&more, &fence);
                            status.connected(&more);
                        }
                        Err(why) => break Some(why),
                    }
                }
            }
        };
        status.disconnected();
        self.listener.disconnected(&connection.applications);
        if let Some(why) = why.filter(|_| !stop.is_cancelled()) {
            self.said.lost(steady, &why);
        }
        steady
    }

    /// Another connection has everything that came on this one. A thread of Asterisk that was about to write an event here may
    /// still do so, and answers are still to come.
    async fn read_stragglers(&mut self, connection: &mut Connection<Stream>) {
        let until = Instant::now() + STRAGGLERS;
        let stop = self.surroundings.stop;
        if let Read::Interrupted(()) = connection.read(&mut self.listener, stop, sleep_until(until)).await {
            connection.finish(&mut self.listener, GOODBYE).await;
        }
    }

    /// Another program has an application now.
    fn take(&mut self, application: String) {
        self.listener.disconnected(std::slice::from_ref(&application));
        self.holdings.take(&application);
    }

    /// Puts a connection for other applications in the place of one. Asterisk changes over at once, and the old one has
    /// everything that came before: it is read to its end, so nothing is lost or doubled, and we put nothing out of order. (Asterisk itself
    /// was seen to swap the first events on the new one, under load.) With it end the
    /// applications that are not wanted any more. Returns the way for requests on the new one if it was done; an error says why
    /// there is no connection any more.
    async fn switch(
        &mut self,
        connection: &mut Connection<Stream>,
        wanted: &[String],
    ) -> Result<Option<Line>, String> {
        let Surroundings { config, rest, stop, .. } = self.surroundings;
        let had = connection.applications.clone();
        // The old one is read meanwhile: Asterisk does not wait.
        let mut connecting = Box::pin(connect(config, rest.tls(), wanted));
        // Asterisk changes over before it answers: only then it is known whether we have taken an application ourselves.
        let mut taken = Vec::new();
        let socket = loop {
            match connection.read(&mut self.listener, stop, &mut connecting).await {
                Read::Interrupted(Ok(socket)) => break socket,
                Read::Interrupted(Err(error)) => {
                    if std::mem::replace(&mut self.said_not_switched, true) {
                        debug!(%error, "still cannot connect for other applications");
                    } else {
                        warn!("cannot connect for other applications, will keep trying: {error}");
                    }
                    taken.into_iter().for_each(|application| self.take(application));
                    return Ok(None);
                }
                Read::Taken(application) => taken.push(application),
                Read::Lost(why) => {
                    connection.applications = had;
                    return Err(why);
                }
                Read::Stopped => {
                    connection.applications = had;
                    return Err("stopping".to_owned());
                }
            }
        };
        let until = Instant::now() + SWITCH;
        while connection.applications.iter().any(|application| wanted.contains(application)) {
            let why = match connection.read(&mut self.listener, stop, sleep_until(until)).await {
                Read::Taken(_) => continue,
                Read::Lost(why) => why,
                Read::Stopped => "stopping".to_owned(),
                Read::Interrupted(()) => "Asterisk did not change over to another connection".to_owned(),
            };
            connection.applications = had;
            return Err(why);
        }
        self.read_stragglers(connection).await;
        self.said_not_switched = false;
        let (line, asks) = Line::new();
        *connection = Connection::new(socket, wanted.to_vec(), connection.passed(), asks, PING_EVERY);
        Ok(Some(line))
    }
}

/// Those that are not among others.
fn without(some: &[String], others: &[String]) -> Vec<String> {
    some.iter().filter(|one| !others.contains(one)).cloned().collect()
}

/// What can happen while a connection is read.
enum Meanwhile {
    /// These applications are to be on the connection: some are free again, or others are wanted.
    Wanted(Vec<String>),
    /// It has lasted for some time.
    Steady,
    /// It is known whether requests go over it.
    Riding,
}

/// Resolves with what there is to wait for, if there is anything.
pub(super) async fn ready(future: &mut Option<impl Future<Output = ()> + Unpin>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// The pauses between attempts that fail.
fn until_connected() -> Pauses {
    Pauses::between(MIN_PAUSE, MAX_PAUSE)
}

/// The pauses between connections that are lost soon.
fn until_steady() -> Pauses {
    Pauses::between(MIN_PAUSE, MAX_PAUSE_LOST)
}

fn say_connected(applications: &[String]) {
    info!(applications = applications.join(","), "connected to Asterisk's events");
}
