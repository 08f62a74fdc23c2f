//! Event: one ARI event (or one of the proxy's own) on its way to the owner of a dialog.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Bodies;

/// The envelope of an event. Version 1 knows `server_id`, `timestamp`, `type` and `ari_body`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event<'a> {
    /// The proxy that sends it, as configured.
    #[serde(borrow)]
    pub server_id: Cow<'a, str>,
    /// When the proxy sent it first, RFC 3339, UTC.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    /// The type of the ARI event, or one that begins with `Proxy`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The ARI event, byte for byte, as a string.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub ari_body: Option<Cow<'a, str>>,
    /// The ARI event, byte for byte, as a value: for a worker that accepted with `"bodies":"nested"`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub ari: Option<Cow<'a, RawValue>>,
    /// The dialog id of the offer that was accepted.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub dialog_id: Option<Cow<'a, str>>,
    /// The term of the offer that was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<u64>,
    /// 1, 2, 3 … in each term. `ProxyGone` has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Whether it stands in for an ARI event that was missed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
}

/// The body of an event in the form its receiver asked for.
#[derive(Debug)]
pub enum EventBody<'a> {
    /// In `ari_body`.
    String(&'a str),
    /// In `ari`.
    Nested(&'a RawValue),
}

impl<'a> EventBody<'a> {
    /// The body in the wanted form; one that is not JSON stays a string.
    #[must_use]
    pub fn new(body: &'a str, bodies: Bodies) -> Self {
        match bodies {
            Bodies::String => Self::String(body),
            Bodies::Nested => serde_json::from_str(body).map_or(Self::String(body), Self::Nested),
        }
    }
}

impl<'a> Event<'a> {
    /// An envelope stamped with the present time, without the fields of version 2.
    #[must_use]
    pub fn new(server_id: &'a str, kind: &'a str, body: EventBody<'a>) -> Self {
        Self::of(OffsetDateTime::now_utc(), server_id, kind, body)
    }

    /// An envelope stamped with a time, without the fields of version 2.
    #[must_use]
    pub fn of(at: OffsetDateTime, server_id: &'a str, kind: &'a str, body: EventBody<'a>) -> Self {
        let (ari_body, ari) = match body {
            EventBody::String(text) => (Some(Cow::Borrowed(text)), None),
            EventBody::Nested(raw) => (None, Some(Cow::Borrowed(raw))),
        };
        Self {
            server_id: server_id.into(),
            timestamp: rfc3339(at).into(),
            kind: kind.into(),
            ari_body,
            ari,
            dialog_id: None,
            term: None,
            seq: None,
            synthetic: false,
        }
    }

    /// The ARI event as JSON text, whichever form it came in; empty if it had none.
    #[must_use]
    pub fn body(&self) -> &str {
        self.ari_body.as_deref().or_else(|| self.ari.as_deref().map(RawValue::get)).unwrap_or_default()
    }
}

/// The present time as RFC 3339 in UTC.
#[must_use]
pub fn now_rfc3339() -> String {
    rfc3339(OffsetDateTime::now_utc())
}

/// A time as RFC 3339.
#[must_use]
pub fn rfc3339(at: OffsetDateTime) -> String {
    // Formatting fails only for years outside 0..=9999.
    at.format(&Rfc3339).unwrap_or_default()
}
