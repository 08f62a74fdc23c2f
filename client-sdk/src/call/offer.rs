//! A call as it is offered, before it is anybody's.

use std::fmt;

use ari_bus::protocol::AppStart;

use super::{Party, resumed, start::Start};
use crate::Event;

/// What is known of a call when it is offered: by this a [`Router`](crate::Router) finds its handler, and may
/// [decline](crate::Router::decline) it.
pub struct Offer {
    application: String,
    server_id: String,
    resumed: bool,
    event: Event,
    start: Start,
}

impl Offer {
    /// Of a call whose StasisStart is here.
    pub(super) fn new(offer: &AppStart, event: Event) -> Result<Self, String> {
        let start = Start::read(event.body())?;
        let (application, server_id) = (offer.application.clone(), offer.server_id.clone());
        Ok(Self { application, server_id, resumed: offer.resume, event, start })
    }

    /// What the offer itself tells; `None` for one that was too large for its StasisStart.
    ///
    /// # Errors
    /// When no call can begin with it.
    pub(crate) fn read(offer: &AppStart) -> Result<Option<Self>, String> {
        let event = match &offer.start {
            _ if offer.resume => resumed::start(offer)?,
            Some(start) => Event::from_offer(start.clone(), None),
            None => return Ok(None),
        };
        Self::new(offer, event).map(Some)
    }

    /// The Stasis application that the call is in.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.application
    }

    /// The id of the channel that entered the application.
    #[must_use]
    pub fn channel_id(&self) -> &str {
        &self.start.channel.id
    }

    /// What the dialplan gave to `Stasis()` after the application's name.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.start.args
    }

    /// Who calls, as the channel says it.
    #[must_use]
    pub fn caller(&self) -> &Party {
        &self.start.channel.caller
    }

    /// The extension that was dialled, as the dialplan has it.
    #[must_use]
    pub fn dialed(&self) -> &str {
        &self.start.channel.dialplan.exten
    }

    /// The whole StasisStart event. Of a [resumed](Self::is_resumed) call it is that of the call's beginning.
    #[must_use]
    pub fn start(&self) -> &Event {
        &self.event
    }

    /// The proxy that the call comes through, as it is configured; empty where an old proxy does not say.
    #[must_use]
    pub fn server_id(&self) -> &str {
        &self.server_id
    }

    /// Whether another worker had the call before, so that somebody may be in the middle of a conversation.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer")
            .field("application", &self.application)
            .field("channel", &self.start.channel.id)
            .field("resumed", &self.resumed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(start: Option<&str>, resume: bool) -> AppStart {
        AppStart {
            application: "pbx".to_owned(),
            start: start.map(str::to_owned),
            resume,
            ..AppStart::default()
        }
    }

    #[test]
    fn an_offer_tells_what_its_stasis_start_says() {
        let start =
            r#"{"args":["a"],"channel":{"id":"1","caller":{"number":"7"},"dialplan":{"exten":"100"}}}"#;
        let known = Offer::read(&offer(Some(start), false)).unwrap().unwrap();
        assert_eq!((known.application(), known.channel_id(), known.dialed()), ("pbx", "1", "100"));
        assert_eq!((known.args(), known.caller().number.as_str()), (&["a".to_owned()][..], "7"));
        assert!(!known.is_resumed());
    }

    #[test]
    fn one_without_its_stasis_start_tells_nothing_and_one_of_no_use_is_an_error() {
        assert!(Offer::read(&offer(None, false)).unwrap().is_none());
        assert!(Offer::read(&offer(None, true)).is_err(), "neither start nor channel");
        assert!(Offer::read(&offer(Some("{}"), false)).is_err());
    }
}
