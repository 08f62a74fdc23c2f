//! The manager interface (AMI): a client that only listens, and its reconnection.
//!
//! It logs in with a challenge, asks for all events that the user's `read` in `manager.conf` lets through, and sends nothing but
//! questions whether Asterisk is still there. What happens while there is no connection is lost: Asterisk keeps nothing.

mod blocks;
mod connection;
mod event;
mod login;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, io};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use blocks::{Block, Excess};
use connection::Connection;
pub(crate) use event::AmiEvent;
use login::{ConnectError, login};

use super::{
    limits::{
        AMI_FIRST_EVENT, AMI_PINGS_UNANSWERED, AMI_QUOTED, AMI_SILENCE, GOODBYE, MAX_PAUSE, MAX_PAUSE_LOST,
        MIN_PAUSE, REFUSED_PAUSE, STEADY,
    },
    said::Said,
};
use crate::{
    config::Ami,
    metrics::{Metric, Metrics},
    pauses::Pauses,
};

/// Who hears the events. Called by the one task that reads, so it must never block: Asterisk closes a connection whose reader
/// stalls 100 ms.
pub(crate) trait Listener {
    /// Events come from now on. What happened before is not repeated.
    fn connected(&mut self);
    /// The connection was lost, and with it events until [`Listener::connected`].
    fn lost(&mut self);
    /// An event, each once, in Asterisk's order.
    fn event(&mut self, event: AmiEvent);
}

/// Listens until `stop` is cancelled, connecting again whenever the connection is lost. Then it logs off, and what Asterisk had
/// sent by then is still heard.
pub(crate) async fn listen(ami: &Ami, listener: impl Listener, metrics: &Metrics, stop: &CancellationToken) {
    let said = Said::nothing("Asterisk's manager interface");
    Link { ami, listener, metrics, stop, said }.run().await;
}

/// Logs in, off again, and says whether an event came: to a user whose `read` has `system` Asterisk tells at once that it has booted.
///
/// # Errors
/// Why there is no login.
pub(crate) async fn probe(ami: &Ami) -> Result<bool, impl std::error::Error> {
    let mut connection = Box::pin(login(ami)).await?;
    let event = async {
        loop {
            match connection.next().await {
                Ok(block) if block.is_response() => {}
                Ok(block) => return AmiEvent::of(block.fields).is_ok(),
                Err(_) => return false,
            }
        }
    };
    let heard = timeout(AMI_FIRST_EVENT, event).await.unwrap_or(false);
    // Asterisk needs no goodbye.
    let _ = connection.say(&[("Action", "Logoff")]).await;
    Ok::<_, ConnectError>(heard)
}

struct Link<'a, L> {
    ami: &'a Ami,
    listener: L,
    metrics: &'a Metrics,
    stop: &'a CancellationToken,
    said: Said<ConnectError>,
}

impl<L: Listener> Link<'_, L> {
    async fn run(mut self) {
        let (mut failed, mut lost) = (Pauses::between(MIN_PAUSE, MAX_PAUSE), until_steady());
        while !self.stop.is_cancelled() {
            // Boxed: the state of a login is large, and needed only for a moment.
            let Some(connected) = self.stop.run_until_cancelled(Box::pin(login(self.ami))).await else {
                return;
            };
            let pause = match connected {
                Ok(connection) => {
                    failed = Pauses::between(MIN_PAUSE, MAX_PAUSE);
                    if self.serve(connection).await {
                        lost = until_steady();
                    }
                    lost.next()
                }
                Err(error) => {
                    self.said.failed(&error);
                    if error.is_refusal() { REFUSED_PAUSE } else { failed.next() }
                }
            };
            self.stop.run_until_cancelled(sleep(pause)).await;
        }
    }

    /// Reads a connection to its end; says whether it lasted.
    async fn serve<S>(&mut self, mut connection: Connection<S>) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.said.connected(say_connected);
        self.listener.connected();
        let since = Instant::now();
        let why = self.read(&mut connection, since + STEADY).await;
        let steady = since.elapsed() >= STEADY;
        if let Some(why) = why {
            self.listener.lost();
            self.said.lost(steady, &why);
        }
        steady
    }

    /// Reads until the connection is lost, and says why, or until we stop.
    async fn read<S>(&mut self, connection: &mut Connection<S>, steady: Instant) -> Option<String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut heard, mut is_steady) = (Heard::default(), false);
        let (mut ask, mut unanswered) = (Instant::now() + AMI_SILENCE, 0);
        loop {
            tokio::select! {
                // What lies in the socket is read before its silence is judged.
                biased;
                () = self.stop.cancelled() => {
                    self.finish(connection, &mut heard).await;
                    return None;
                }
                block = connection.next() => match block {
                    Ok(block) => {
                        (ask, unanswered) = (Instant::now() + AMI_SILENCE, 0);
                        self.take(block, &mut heard);
                    }
                    Err(error) => return Some(error.to_string()),
                },
                () = sleep_until(steady), if !is_steady => {
                    is_steady = true;
                    self.said.steady(say_connected);
                    if !heard.events {
                        info!(
                            "Asterisk's manager interface has told no event yet; `read` of `stream.ami.user` in manager.conf decides which come"
                        );
                    }
                }
                () = sleep_until(ask) => {
                    if unanswered == AMI_PINGS_UNANSWERED {
                        return Some(format!("nothing heard after {unanswered} pings, {AMI_SILENCE:?} apart"));
                    }
                    unanswered += 1;
                    ask = Instant::now() + AMI_SILENCE;
                    if let Err(error) = connection.say(&[("Action", "Ping")]).await {
                        return Some(error.to_string());
                    }
                }
            }
        }
    }

    fn take(&mut self, block: Block, heard: &mut Heard) {
        if let Some(excess) = block.excess {
            self.drop(&block, excess, heard);
            return;
        }
        if block.is_response() {
            return;
        }
        match AmiEvent::of(block.fields) {
            Ok(event) => {
                heard.events = true;
                self.listener.event(event);
            }
            Err(fields) => {
                self.metrics.count(Metric::BrokenFrames);
                let key = fields.first().map(|(key, _)| beginning(key));
                debug!(?key, "Asterisk's manager interface says what is neither an event nor an answer");
            }
        }
    }

    fn drop(&mut self, block: &Block, excess: Excess, heard: &mut Heard) {
        self.metrics.count(Metric::AmiEventsDropped);
        let event = block.fields.first().map(|(_, name)| beginning(name)).unwrap_or_default();
        if std::mem::replace(&mut heard.dropped, true) {
            debug!(?event, "one more event of Asterisk's manager interface was dropped: {excess}");
        } else {
            warn!(
                ?event,
                "an event of Asterisk's manager interface was dropped: {excess}; further ones are only counted"
            );
        }
    }

    /// Logs off, and takes what had been sent by then.
    async fn finish<S>(&mut self, connection: &mut Connection<S>, heard: &mut Heard)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let to_the_end = async {
            connection.say(&[("Action", "Logoff")]).await?;
            loop {
                self.take(connection.next().await?, heard);
            }
        };
        let end: Result<io::Result<Infallible>, _> = timeout(GOODBYE, to_the_end).await;
        // Asterisk needs no goodbye: it is a courtesy that must not hold us up.
        match end {
            Ok(Err(why)) => debug!(%why, "logged off from Asterisk's manager interface"),
            Err(_) => debug!("logged off, and the connection was not ended by Asterisk in {GOODBYE:?}"),
        }
    }
}

/// What was heard on a connection.
#[derive(Debug, Default)]
struct Heard {
    events: bool,
    /// What was too large.
    dropped: bool,
}

/// The pauses between connections that are lost soon.
fn until_steady() -> Pauses {
    Pauses::between(MIN_PAUSE, MAX_PAUSE_LOST)
}

/// So much of what somebody says as is repeated in a log.
fn beginning(text: &str) -> String {
    text.chars().take(AMI_QUOTED).collect()
}

fn say_connected() {
    info!("connected to Asterisk's manager interface");
}
