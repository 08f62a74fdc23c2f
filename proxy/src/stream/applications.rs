//! The stream of the applications: a listener before another one, by which every frame goes that Asterisk sends for them.

use std::{collections::HashMap, sync::Arc};

use time::OffsetDateTime;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Origin, Stream};
use crate::{
    applications::Applications,
    asterisk::{
        event::Header,
        websocket::{Fence, Listener},
    },
};

/// Hands each frame to the stream, and then to the listener behind it.
pub(crate) struct Tap<L> {
    listener: L,
    stream: Option<Stream>,
    /// Which of them stream.
    applications: Arc<Applications>,
    /// Since when events of these applications are missed; since before this process, if there is no time.
    gaps: HashMap<String, Option<OffsetDateTime>>,
}

impl<L> Tap<L> {
    /// A tap into a stream, if there is one. `fresh`: this process has heard nothing so far, and no other one before it either.
    pub(crate) fn new(
        listener: L,
        stream: Option<Stream>,
        applications: Arc<Applications>,
        fresh: bool,
    ) -> Self {
        let all = if fresh { applications.all() } else { Vec::new() };
        Self { listener, stream, applications, gaps: all.into_iter().map(|name| (name, None)).collect() }
    }
}

impl<L: Listener> Listener for Tap<L> {
    fn connected(&mut self, applications: &[String], fence: &Fence) {
        // Of those that were removed nobody asks.
        let wanted = self.applications.all();
        self.gaps.retain(|application, _| wanted.contains(application));
        if let Some(stream) = &self.stream {
            for application in applications {
                if let Some(since) = self.gaps.remove(application)
                    && self.applications.streams(application)
                {
                    stream.missed(Origin::Application, application, since);
                }
            }
        }
        self.listener.connected(applications, fence);
    }

    fn disconnected(&mut self, applications: &[String]) {
        let wanted = self.applications.all();
        for application in applications.iter().filter(|application| wanted.contains(application)) {
            self.gaps.entry(application.clone()).or_insert_with(|| Some(OffsetDateTime::now_utc()));
        }
        self.listener.disconnected(applications);
    }

    fn failed(&mut self, away: bool) {
        self.listener.failed(away);
    }

    fn event(&mut self, header: &Header<'_>, text: &Utf8Bytes) {
        if let Some(stream) = &self.stream
            && self.applications.streams(&header.application)
        {
            stream.offer(Origin::Application, &header.kind, &header.application, text);
        }
        self.listener.event(header, text);
    }

    fn broken_frame(&mut self) {
        self.listener.broken_frame();
    }
}
