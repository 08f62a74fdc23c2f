//! Version 1 of the dialog protocol: a proxy like go-ari-proxy, with three topics of its own for each call.

use std::{pin::pin, sync::Arc, time::Duration};

use ari_bus::{
    Bus, BusError, Message, Subscription, Topics,
    protocol::{self, AppStart, Names},
};
use bytes::Bytes;
use tokio::{task::JoinSet, time::timeout};
use tracing::{Instrument as _, debug};

use crate::{
    Call, Event,
    call::{CallEnd, Commands, Dialog, EventStream, Ties, Version},
    limits::{ACCEPT_DEADLINE, VERSION_1_GRACE, VERSION_1_LINGER},
    ops::is_end_of,
};

/// What takes the place of an accept: any message that is no command. These four letters are what that protocol's own
/// library sends.
const TAKEN: &[u8] = b"DUMMY";

/// A call of a version-1 proxy whose topics are read.
pub(crate) struct Opened {
    dialog: Arc<Dialog>,
    /// Reads both topics, until the call is over.
    reader: JoinSet<()>,
    topics: [String; 3],
}

impl Opened {
    /// Subscribes first, then takes the offer: that proxy sends events whether anybody listens or not.
    pub(crate) async fn new(
        bus: &Arc<dyn Bus>,
        names: &Names,
        offer: AppStart,
        command_deadline: Duration,
        ties: Ties,
    ) -> Result<Self, BusError> {
        let id = &offer.dialog_id;
        let topics = [names.events(id), names.responses(id), names.commands(id)];
        let opened = Self::open(bus, &topics, offer, command_deadline, ties).await;
        if opened.is_err() {
            delete(bus.as_ref(), &topics).await;
        }
        let (dialog, reader) = opened?;
        Ok(Self { dialog, reader, topics })
    }

    async fn open(
        bus: &Arc<dyn Bus>,
        [events, responses, commands]: &[String; 3],
        offer: AppStart,
        command_deadline: Duration,
        ties: Ties,
    ) -> Result<(Arc<Dialog>, JoinSet<()>), BusError> {
        bus.declare(events).await?;
        let events = bus.subscribe(Topics::One(events.clone())).await?;
        bus.declare(responses).await?;
        let responses = bus.subscribe(Topics::One(responses.clone())).await?;
        bus.declare(commands).await?;

        let commands = Commands::new(Version::One, Arc::clone(bus), commands.clone(), command_deadline);
        let dialog = Arc::new(Dialog::new(offer, commands, ties));
        let mut reader = JoinSet::new();
        reader.spawn(read(Arc::clone(&dialog), events, responses).in_current_span());
        match bus.publish(&dialog.commands.topic(), Bytes::from_static(TAKEN)).await {
            Err(error) if !error.is_retryable() => return Err(error),
            // Where it is not known whether the offer was taken, the StasisStart will tell.
            _ => {}
        }
        Ok((dialog, reader))
    }

    /// Waits for the StasisStart.
    pub(crate) async fn accept(&mut self) -> Result<Call, String> {
        let mut events = EventStream::internal(Arc::clone(&self.dialog));
        let start = timeout(ACCEPT_DEADLINE, events.find(|event| event.kind() == "StasisStart"));
        let event = start.await.ok().flatten().ok_or("no StasisStart came")?;
        Call::new(Arc::clone(&self.dialog), event)
    }

    /// Waits, for a while, for the last of the call's events.
    pub(crate) async fn linger(&mut self) {
        let _ = timeout(VERSION_1_LINGER, self.reader.join_next()).await;
    }

    /// Deletes the call's topics.
    pub(crate) async fn delete(mut self) {
        // Unsubscribed first: a queue with a reader is not empty of meaning yet.
        self.reader.shutdown().await;
        delete(self.dialog.commands.bus().as_ref(), &self.topics).await;
    }
}

/// Deletes a call's topics, which that proxy leaves behind.
async fn delete(bus: &dyn Bus, topics: &[String]) {
    for topic in topics {
        if let Err(error) = bus.delete(topic).await {
            debug!(%error, topic, "a topic of a call was left behind");
        }
    }
}

/// Reads events and answers until a grace after the call's own channel has left.
async fn read(dialog: Arc<Dialog>, mut events: Subscription, mut responses: Subscription) {
    let mut channel = None;
    let mut over = false;
    let mut grace = pin!(tokio::time::sleep(VERSION_1_GRACE));
    let end = loop {
        let message = tokio::select! {
            message = events.next() => message.map(|message| take(&dialog, &mut channel, &message)),
            message = responses.next() => message.map(|message| {
                dialog.take_answer(&message.payload);
                false
            }),
            () = &mut grace, if over => break CallEnd::Ended,
        };
        match message {
            Some(true) if !over => {
                over = true;
                grace.as_mut().reset(tokio::time::Instant::now() + VERSION_1_GRACE);
            }
            Some(_) => {}
            None => break CallEnd::Closed,
        }
    };
    dialog.feed.end(end);
}

/// Takes an event; true if the call's own channel, which the first StasisStart names, has left with it.
fn take(dialog: &Dialog, channel: &mut Option<String>, message: &Message) -> bool {
    let event = match serde_json::from_slice::<protocol::Event<'_>>(&message.payload) {
        Ok(envelope) => Event::from_envelope(&envelope),
        Err(error) => {
            debug!(%error, "dropped an event that cannot be read");
            return false;
        }
    };
    if channel.is_none() && event.kind() == "StasisStart" {
        *channel = event.channel_id().map(str::to_owned);
    }
    dialog.push(event.clone());
    channel.as_deref().is_some_and(|channel| is_end_of(&event, channel))
}
