//! Reading and writing one websocket, with pings that find out whether it is still alive. Neither waits for the other.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Bytes, Message, Utf8Bytes},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Listener, fence::Fences};
use crate::asterisk::{
    event::Header,
    limits::{GOODBYE, LULL_PATIENCE, LULLS, PINGS_UNANSWERED, PINGS_UNWRITTEN},
    rest::{Asks, RestResponse},
};

/// When to ping, and when a connection is dead.
#[derive(Debug)]
pub(super) struct Pings {
    every: Duration,
    next: Instant,
    /// Pings since something was heard last.
    unanswered: u32,
}

impl Pings {
    pub(super) fn new(every: Duration) -> Self {
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

/// A websocket that is open.
pub(in super::super) struct Connection<S> {
    socket: WebSocketStream<S>,
    /// The applications whose events come on it.
    pub(in super::super) applications: Vec<String>,
    pings: Pings,
    fences: Fences,
    /// Requests that take this way.
    asks: Asks,
    /// The payload of a ping that is to go out.
    ping: Option<Bytes>,
    output: Output,
    /// Whether anything may be written yet.
    speaks: bool,
    /// Whether it is closed at a moment when Asterisk says nothing.
    awaits_lull: bool,
}

/// What is on its way out.
#[derive(Debug, Default)]
struct Output {
    /// What the socket has not taken yet.
    next: Option<Message>,
    /// Whether it has taken something that may lie there still.
    unflushed: bool,
    /// Pings that were due since something went out last, while something was to go out.
    stuck: u32,
}

/// What happened on a socket.
enum Moved {
    Read(Option<Result<Message, tungstenite::Error>>),
    Written,
}

/// Why a connection is not read any more.
#[derive(Debug)]
pub(in super::super) enum Read<T> {
    /// It has ended, and why.
    Lost(String),
    /// The proxy stops.
    Stopped,
    /// Another connection has this application now. This one can be read on.
    Taken(String),
    /// What was waited for beside it has happened. It can be read on.
    Interrupted(T),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(in super::super) fn new(
        socket: WebSocketStream<S>,
        applications: Vec<String>,
        fences: Fences,
        asks: Asks,
        ping_every: Duration,
    ) -> Self {
        let (pings, output) = (Pings::new(ping_every), Output::default());
        let (speaks, awaits_lull) = (true, false);
        Self { socket, applications, pings, fences, asks, ping: None, output, speaks, awaits_lull }
    }

    /// As it is with an Asterisk that has dialled in. It speaks first: it says at once what it has registered, and what comes to it
    /// in one piece with our side of the handshake it leaves lying until more comes. And it is closed in a lull: Asterisk 22.10
    /// crashes where it is about to write an event when it finds the connection closed.
    pub(in super::super) fn dialled_in(mut self) -> Self {
        self.speaks = false;
        self.awaits_lull = true;
        self.pings.next = Instant::now() + self.pings.every;
        self
    }

    /// Everything that came on it has been read: its fences, for the one that takes its place.
    pub(super) fn passed(&mut self) -> Fences {
        self.fences.pass_all();
        std::mem::replace(&mut self.fences, Fences::new().1)
    }

    /// Reads frames until there is a reason not to, and writes what is to go out.
    pub(in super::super) async fn read<T>(
        &mut self,
        listener: &mut impl Listener,
        stop: &CancellationToken,
        interrupt: impl Future<Output = T>,
    ) -> Read<T> {
        let mut interrupt = pin!(interrupt);
        loop {
            // Here, not in a branch below: under constant load what stands behind the frames is never reached.
            if self.pings.due()
                && let Err(why) = self.ping()
            {
                return Read::Lost(why);
            }
            if self.may_write()
                && let Some(payload) = self.ping.take()
            {
                self.output.next = Some(Message::Ping(payload));
            }
            let may_write = self.may_write();
            tokio::select! {
                // What lies in the socket is read before its silence is judged.
                biased;
                () = stop.cancelled() => {
                    self.finish(listener, GOODBYE).await;
                    return Read::Stopped;
                }
                happened = &mut interrupt => return Read::Interrupted(happened),
                // A fence is as good a ping as any.
                payload = self.fences.next(), if self.ping.is_none() => self.ping = Some(payload),
                // Before the frames, of which there may be no end; those who ask wait for answers, and so for frames.
                frame = self.asks.next(), if may_write => {
                    self.output.next = Some(Message::Text(frame));
                }
                moved = self.output.exchange(&mut self.socket) => match moved {
                    Moved::Written => {}
                    Moved::Read(frame) => match self.take(frame, listener) {
                        Ok(None) => {}
                        Ok(Some(application)) => {
                            if let Some(place) = self.applications.iter().position(|ours| *ours == application) {
                                self.applications.remove(place);
                                return Read::Taken(application);
                            }
                        }
                        Err(why) => return Read::Lost(why),
                    },
                },
                () = sleep_until(self.pings.next) => {}
            }
        }
    }

    /// Whether there is room for what is to go out next.
    fn may_write(&self) -> bool {
        self.speaks && self.output.next.is_none()
    }

    /// A ping is due: it goes out, unless the socket is dead.
    fn ping(&mut self) -> Result<(), String> {
        // Silence is to be noticed in any case.
        self.speaks = true;
        let every = self.pings.every;
        if self.pings.dead() {
            return Err(format!("nothing heard after {PINGS_UNANSWERED} pings, {every:?} apart"));
        }
        if self.output.is_stuck() {
            return Err(format!(
                "nothing could be written while {PINGS_UNWRITTEN} pings were due, {every:?} apart"
            ));
        }
        self.ping.get_or_insert_default();
        Ok(())
    }

    /// Says goodbye, and takes what had been sent by then: Asterisk takes it for delivered. Nothing is asked any more.
    pub(in super::super) async fn finish(&mut self, listener: &mut impl Listener, patience: Duration) {
        self.asks.close();
        if self.awaits_lull
            && let Err(why) = self.until_lull(listener).await
        {
            return debug!(why, "the websocket ended before it was closed");
        }
        let mut goodbye = Some(Message::Close(None));
        let to_the_end = async {
            loop {
                if self.may_write() {
                    self.output.next = goodbye.take();
                }
                if let Moved::Read(frame) = self.output.exchange(&mut self.socket).await
                    && let Err(why) = self.take(frame, listener)
                {
                    return why;
                }
            }
        };
        // Asterisk needs no goodbye: it is a courtesy that must not hold us up.
        match timeout(patience, to_the_end).await {
            Ok(why) => debug!(why, "the websocket was closed and read to its end"),
            Err(_) => debug!("the websocket was closed, and not ended by Asterisk in {patience:?}"),
        }
    }

    /// Reads until nothing comes for a moment, of the shorter kind if there is none of the longer; or says why there are no more
    /// frames.
    async fn until_lull(&mut self, listener: &mut impl Listener) -> Result<(), String> {
        for lull in LULLS {
            let until = Instant::now() + LULL_PATIENCE;
            while Instant::now() < until {
                match timeout(lull, self.output.exchange(&mut self.socket)).await {
                    Ok(Moved::Read(frame)) => {
                        self.take(frame, listener)?;
                    }
                    Ok(Moved::Written) => {}
                    Err(_) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Takes a frame; returns the application that it says another connection has, or why there are no more frames.
    fn take(
        &mut self,
        frame: Option<Result<Message, tungstenite::Error>>,
        listener: &mut impl Listener,
    ) -> Result<Option<String>, String> {
        self.pings.heard();
        self.speaks = true;
        match frame {
            Some(Ok(Message::Text(text))) => match RestResponse::read(&text) {
                Some(response) => self.asks.answered(response),
                None => return Ok(hear(&text, listener)),
            },
            Some(Ok(Message::Binary(_))) => listener.broken_frame(),
            Some(Ok(Message::Close(frame))) => {
                return Err(frame.map_or_else(|| "closed by Asterisk".to_owned(), |frame| frame.to_string()));
            }
            Some(Ok(Message::Pong(payload))) => self.fences.pong(&payload),
            // Pings are answered by the library. A pong of our own would crash Asterisk 22.11-rc1.
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                if matches!(error, tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_)) {
                    listener.broken_frame();
                }
                return Err(error.to_string());
            }
            None => return Err("closed by Asterisk".to_owned()),
        }
        Ok(None)
    }
}

/// The type of event that says that another program has an application now.
const TAKEN: &str = "ApplicationReplaced";

/// Hands an event over; returns the application that it says another connection has.
fn hear(text: &Utf8Bytes, listener: &mut impl Listener) -> Option<String> {
    match Header::read(text) {
        Ok(header) => {
            listener.event(&header, text);
            (header.kind == TAKEN).then(|| header.application.into_owned())
        }
        Err(error) => {
            debug!(%error, "a text frame from Asterisk is no event");
            listener.broken_frame();
            None
        }
    }
}

impl Output {
    /// Writes what the socket takes, and reads the next frame.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut WebSocketStream<S>,
    ) -> Moved {
        poll_fn(|context| {
            if self.next.is_some() {
                match socket.poll_ready_unpin(context) {
                    Poll::Ready(Ok(())) => {
                        let taken =
                            self.next.take().map_or(Ok(()), |message| socket.start_send_unpin(message));
                        self.unflushed = true;
                        self.stuck = 0;
                        return Poll::Ready(
                            taken.map_or_else(|error| Moved::Read(Some(Err(error))), |()| Moved::Written),
                        );
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Moved::Read(Some(Err(error)))),
                    Poll::Pending => {}
                }
            } else if self.unflushed {
                match socket.poll_flush_unpin(context) {
                    Poll::Ready(Ok(())) => (self.unflushed, self.stuck) = (false, 0),
                    Poll::Ready(Err(error)) => return Poll::Ready(Moved::Read(Some(Err(error)))),
                    Poll::Pending => {}
                }
            }
            socket.poll_next_unpin(context).map(Moved::Read)
        })
        .await
    }

    /// Whether nothing went out for too long, though something should; asked at each ping.
    fn is_stuck(&mut self) -> bool {
        let has_some = self.next.is_some() || self.unflushed;
        self.stuck = if has_some { self.stuck + 1 } else { 0 };
        self.stuck > PINGS_UNWRITTEN
    }
}
