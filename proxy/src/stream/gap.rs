//! What tells readers of the stream that events are missing before it.

use ari_bus::protocol::rfc3339;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Origin, body, buffer::Item};

/// The name of such a message; where there is no channel, the key has it in the place of the channel's id.
const GAP: &str = "ProxyGap";

/// Nobody listened to Asterisk: since then, or since before this process.
pub(super) fn missed(origin: Origin, of: &str, since: Option<OffsetDateTime>) -> Item {
    let reason = match since {
        Some(_) => "the connection to Asterisk was lost",
        None => "the proxy was started anew",
    };
    gap(origin, of, since, json!({ "reason": reason }))
}

/// So many were dropped because the broker did not take them.
pub(super) fn dropped(origin: Origin, of: &str, since: OffsetDateTime, events: u64) -> Item {
    let reason = "the broker did not take the events as fast as they came";
    gap(origin, of, Some(since), json!({ "reason": reason, "events": events }))
}

fn gap(origin: Origin, of: &str, since: Option<OffsetDateTime>, mut data: Value) -> Item {
    data["type"] = GAP.into();
    data["until"] = rfc3339(OffsetDateTime::now_utc()).into();
    if let Some(since) = since {
        data["since"] = rfc3339(since).into();
    }
    let of = match origin {
        Origin::Application => of,
        Origin::Channel | Origin::Ami => GAP,
    };
    if origin == Origin::Application {
        data["application"] = of.into();
    }
    Item::new(origin, GAP, of, body::wrap(origin, GAP, of, &data.to_string()))
}
