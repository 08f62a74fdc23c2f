//! What the tests of this folder share.

use std::sync::Arc;

use ari_bus::{Bus, protocol::Bodies};
use tokio_util::sync::CancellationToken;

use super::{AriEvent, Context, owner::Owner};
use crate::{counters::Counters, testing};

/// What dialogs share, on this bus, with an Asterisk that nobody can reach.
pub(super) fn context(bus: impl Bus) -> Context {
    let config = testing::config("127.0.0.1:1");
    let rest = testing::rest(&config);
    Context::new(config, Arc::new(bus), rest, Arc::<Counters>::default(), "1", CancellationToken::new())
}

/// A worker of version 2 that reads its events from this topic.
pub(super) fn owner(events: &str) -> Owner {
    Owner {
        term: 1,
        dialog_id: "pbx.1".to_owned(),
        events: events.to_owned(),
        responses: "responses".to_owned(),
        bodies: Bodies::String,
        version_1: false,
    }
}

/// An event after so many that were dropped.
pub(super) fn event(kind: &str, missed: u64) -> AriEvent {
    AriEvent { kind: kind.into(), body: "{}".into(), missed }
}
