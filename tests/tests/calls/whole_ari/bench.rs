//! A call, what is done with it, and the books about that.

use std::sync::Arc;

use ari_client::{
    Call, Operation, Result,
    ari::{ChannelId, Event, channels},
};

use super::{
    heard::{Heard, Source},
    ledger::{Ledger, WithStatus},
};

/// The books of a run.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) ledger: Ledger,
    pub(crate) heard: Heard,
}

/// A call, and the books.
pub(crate) struct Bench {
    pub(crate) call: Call,
    pub(crate) records: Arc<Records>,
    /// An application that has no calls.
    pub(crate) spare: String,
}

impl Bench {
    pub(crate) fn new(call: Call, records: Arc<Records>, spare: &str) -> Self {
        let (mut events, heard) = (call.events(), records.clone());
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                assert!(!event.is_synthetic(), "{event:?}");
                heard.heard.note(Source::Call, event.kind(), event.body());
            }
        });
        Self { call, records, spare: spare.to_owned() }
    }

    /// Carries out an operation, and notes what came of it.
    pub(crate) async fn run<O: Operation>(&self, operation: O) -> Result<O::Answer> {
        let outcome = self.call.run(WithStatus(operation)).await;
        let noted = outcome.as_ref().map(|(status, _)| *status).map_err(Clone::clone);
        self.records.ledger.note(O::INFO, noted);
        outcome.map(|(_, answer)| answer)
    }

    /// Carries out an operation that is not to be had.
    pub(crate) async fn refused<O: Operation>(&self, operation: O) {
        let outcome = self.run(operation).await;
        assert!(outcome.is_err(), "{} was not refused", O::INFO.path);
    }

    /// The channel of the call.
    pub(crate) fn own(&self) -> ChannelId {
        (&self.call.channel()).into()
    }

    /// Waits for an event that this finds something in.
    pub(crate) async fn find<T>(&self, what: &str, look: impl Fn(&Event) -> Option<T>) -> T {
        self.records.heard.find(what, look).await
    }

    /// Waits until a channel is in the application.
    pub(crate) async fn enters(&self, channel: &ChannelId) {
        self.find("a channel in the application", |event| match event {
            Event::StasisStart(start) if start.channel.id == *channel => Some(()),
            _ => None,
        })
        .await;
    }

    /// Calls an extension of the dialplan, and waits until it is there.
    pub(crate) async fn leg(&self, extension: &str) -> Result<ChannelId> {
        // `/n`: its two halves stay, where they would be taken out of a bridge otherwise.
        let endpoint = format!("Local/{extension}@default/n");
        let leg = self.run(channels::Originate::new(endpoint).app(self.call.application())).await?;
        self.enters(&leg.id).await;
        Ok(leg.id)
    }

    /// Ends the call.
    pub(crate) async fn hang_up(&self) -> Result {
        self.run(channels::Hangup::new(self.own())).await
    }
}
