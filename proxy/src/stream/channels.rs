//! The stream of all channels: a websocket of its own, on which Asterisk tells everything about everything.

use std::sync::{Mutex, PoisonError};

use ari_bus::protocol::ObjectKind;
use time::OffsetDateTime;
use tokio::{sync::Notify, time::timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::{
    Origin, Stream,
    missed::{Before, Missed},
};
use crate::{
    applications::Applications,
    asterisk::{
        event::Header,
        rest::Rest,
        websocket::{self, Fence, Listener, Status, Surroundings},
    },
    claim::Claim,
    config::{Config, RestWay},
    limits::STREAM_CHANGE,
    metrics::Metric,
};

/// The link to Asterisk for all channels.
#[derive(Debug)]
pub(crate) struct Channels {
    config: Config,
    stream: Stream,
    status: Status,
    /// Since when another process is expected to act, if it is.
    leaves: Mutex<Option<OffsetDateTime>>,
}

impl Channels {
    /// The channels of the Asterisk of this proxy, if they are to be published.
    pub(crate) fn new(config: &Config, stream: Option<&Stream>) -> Option<Self> {
        let stream = stream.filter(|stream| stream.config().channels)?.clone();
        let mut config = config.clone();
        let separator = if config.websocket_url.contains('?') { '&' } else { '?' };
        config.websocket_url = format!("{}{separator}subscribeAll=true", config.websocket_url);
        config.applications = vec![stream.config().channels_application.clone()];
        // Commands take the websocket of the dialogs, if any.
        config.asterisk.rest = Some(RestWay::Http);
        Some(Self { config, stream, status: Status::default(), leaves: Mutex::default() })
    }

    /// Publishes what Asterisk tells until `stop` is cancelled, as long as no other process acts.
    pub(crate) async fn listen(&self, claim: &Claim, stop: &CancellationToken, before: Before) {
        let rest = match Rest::new(&self.config) {
            Ok(rest) => rest,
            Err(error) => return error!(%error, "the channels cannot be published"),
        };
        let missed = Missed::new(&self.stream, Origin::Channel, before);
        let ear = Ear { stream: &self.stream, missed, leaves: &self.leaves };
        let told = Notify::new();
        let applications = Applications::fixed(&self.config.applications);
        let surroundings = Surroundings {
            config: &self.config,
            applications: &applications,
            rest: &rest,
            claim,
            status: &self.status,
            told: &told,
            stop,
        };
        websocket::listen(surroundings, ear).await;
    }

    /// Another process of this server is about to act, or is not after all.
    pub(crate) fn expect_successor(&self, expected: bool) {
        let leaves = expected.then(OffsetDateTime::now_utc);
        *self.leaves.lock().unwrap_or_else(PoisonError::into_inner) = leaves;
        self.status.expect_handover(expected);
    }

    /// Waits until that one hears of the channels: Asterisk changes over at once, so that nothing is lost or doubled.
    pub(crate) async fn succeeded(&self) {
        let replaced = self.status.until(|now| !now.taken.is_empty());
        if timeout(STREAM_CHANGE, replaced).await.is_err() {
            debug!("nobody else publishes the channels in {STREAM_CHANGE:?}");
        }
    }
}

struct Ear<'a> {
    stream: &'a Stream,
    missed: Missed<'a>,
    leaves: &'a Mutex<Option<OffsetDateTime>>,
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        // That one knows nothing of what this one did not hear.
        if let Some(leaves) = *self.leaves.lock().unwrap_or_else(PoisonError::into_inner) {
            self.missed.left_to_another(leaves);
        }
    }
}

impl Listener for Ear<'_> {
    fn connected(&mut self, _: &[String], _: &Fence) {
        self.missed.ends();
    }

    fn disconnected(&mut self, _: &[String]) {
        self.missed.begins();
    }

    fn failed(&mut self, _: bool) {}

    fn event(&mut self, header: &Header<'_>, text: &Utf8Bytes) {
        if let Some(channel) = main_channel(header) {
            self.stream.offer(Origin::Channel, &header.kind, channel, text);
        }
    }

    fn broken_frame(&mut self) {
        self.stream.0.metrics.count(Metric::BrokenFrames);
    }
}

/// The channel that an event is about: `channel`, or who is dialled, or the first that it names.
fn main_channel<'a>(header: &'a Header<'_>) -> Option<&'a str> {
    let any =
        || header.objects.iter().find(|named| named.kind == ObjectKind::Channel).map(|named| &*named.id);
    header.id_in("channel").or_else(|| header.id_in("peer")).or_else(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_key_of_the_channel_that_it_is_about() {
        for (event, channel) in [
            (r#"{"type":"ChannelCreated","channel":{"id":"1.1"}}"#, Some("1.1")),
            (r#"{"type":"Dial","caller":{"id":"1.1"},"peer":{"id":"1.2"}}"#, Some("1.2")),
            (r#"{"type":"ChannelEnteredBridge","bridge":{"id":"b"},"channel":{"id":"1.3"}}"#, Some("1.3")),
            (r#"{"type":"PlaybackStarted","playback":{"id":"p","target_uri":"channel:1.4"}}"#, Some("1.4")),
            (
                r#"{"type":"BridgeAttendedTransfer","transferer_first_leg":{"id":"1.5"},"transferee":{"id":"1.6"}}"#,
                Some("1.5"),
            ),
            (r#"{"type":"BridgeCreated","bridge":{"id":"b"}}"#, None),
            (r#"{"type":"DeviceStateChanged","device_state":{"name":"x"}}"#, None),
        ] {
            assert_eq!(main_channel(&Header::read(event).unwrap()), channel, "{event}");
        }
    }
}
