//! Membership in the pool of one application: offers come in, and a worker without room leaves.

use std::sync::Arc;

use ari_bus::{
    Bus, BusError, Message,
    protocol::{AppStart, Control, Decline, Names, check_topic},
};
use tracing::{debug, info, warn};

use super::run::{Running, closed};
use crate::{Offer, call::Version};

/// Why a worker without room leaves its pools and declines.
const FULL: &str = "full";
/// Why a worker declines an offer that it cannot begin a call with.
const UNUSABLE: &str = "unusable";

/// Takes offers until the worker drains.
pub(super) async fn run(running: Arc<Running>, application: String) -> Result<(), BusError> {
    let topic = running.names.application(&application);
    let queue = running.settings.queue_of(&application).to_owned();
    let mut was_full = false;
    loop {
        tokio::select! {
            biased;
            () = running.draining.cancelled() => return Ok(()),
            () = running.room.free() => {}
        }
        let joining = running.persist(&application, || running.bus.join(&topic, &queue));
        let mut pool = tokio::select! {
            biased;
            () = running.draining.cancelled() => return Ok(()),
            joined = joining => joined?,
        };
        if was_full {
            debug!(application, "joined the pool again");
        } else {
            info!(application, queue, "joined the pool");
        }
        let why = loop {
            tokio::select! {
                biased;
                () = running.draining.cancelled() => break "stopping",
                () = running.room.full() => break FULL,
                message = pool.next() => running.take(&application, &message.ok_or_else(closed)?),
            }
        };
        // What had already arrived would wait here for nothing.
        let rest = pool.leave().await;
        was_full = why == FULL;
        if was_full {
            // Each call of a busy worker may do this.
            debug!(application, declined = rest.len(), "left the pool: full");
        } else {
            info!(application, why, declined = rest.len(), "left the pool");
        }
        for message in &rest {
            if let Some(offer) = read(&application, message) {
                running.decline(offer, why);
            }
        }
    }
}

impl Running {
    fn take(self: &Arc<Self>, application: &str, message: &Message) {
        let Some(offer) = read(application, message) else { return };
        // Version 1 tells nothing of the call.
        let known = match version_of(&offer) {
            Version::Two => Offer::read(&offer),
            Version::One => Ok(None),
        };
        match known {
            Ok(known) => {
                if let Some(reason) = known.and_then(|offer| self.declines(&offer)) {
                    debug!(application, dialog = %offer.dialog_id, reason, "declined a call");
                    return self.decline(offer, reason);
                }
            }
            Err(problem) => {
                warn!(application, dialog = %offer.dialog_id, problem, "an offer cannot be taken");
                return self.decline(offer, UNUSABLE);
            }
        }
        match self.room.take() {
            Some(place) => self.serve(offer, place),
            None => self.decline(offer, FULL),
        }
    }

    /// Tells the proxy to offer it to another. Version 1 has no word for that: the offer goes back to the pool.
    fn decline(self: &Arc<Self>, offer: AppStart, reason: impl Into<String>) {
        let (running, reason) = (Arc::clone(self), reason.into());
        self.spawn(async move {
            if let Err(error) = decline(running.bus.as_ref(), &running.names, &offer, &reason).await {
                warn!(%error, dialog = %offer.dialog_id, "an offer could not be declined");
            }
        });
    }
}

async fn decline(bus: &dyn Bus, names: &Names, offer: &AppStart, reason: &str) -> Result<(), BusError> {
    let (topic, payload) = match version_of(offer) {
        Version::Two => {
            let term = offer.term.unwrap_or_default();
            let decline = Decline { term, reason: Some(reason.to_owned()), ..Decline::default() };
            (offer.commands.clone().unwrap_or_default(), Control::Decline(decline).to_json())
        }
        Version::One => {
            (names.application(&offer.application), serde_json::to_vec(offer).unwrap_or_default())
        }
    };
    bus.publish(&topic, payload.into()).await
}

/// The protocol version in which an offer is taken.
pub(super) fn version_of(offer: &AppStart) -> Version {
    let numbered = offer.protocol.is_some_and(|version| version >= 2);
    if numbered && offer.term.is_some() && offer.commands.is_some() { Version::Two } else { Version::One }
}

/// Reads an offer; what is none, or none for this pool, gives a log line.
fn read(application: &str, message: &Message) -> Option<AppStart> {
    let offer: AppStart = match serde_json::from_slice(&message.payload) {
        Ok(offer) => offer,
        Err(error) => {
            warn!(application, %error, "dropped a message to the pool that is no offer");
            return None;
        }
    };
    let topics = [Some(offer.dialog_id.as_str()), offer.commands.as_deref()];
    let problem = if offer.application == application {
        topics.into_iter().flatten().find_map(|topic| check_topic(topic).err()).map(|error| error.to_string())
    } else {
        Some(format!("it is for {:?}", offer.application))
    };
    if let Some(problem) = problem {
        warn!(application, problem, "dropped an offer that cannot be used");
        return None;
    }
    debug!(application, dialog = %offer.dialog_id, "offered a call");
    Some(offer)
}
