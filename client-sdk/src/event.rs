//! One event of a call.

use std::{
    fmt,
    ops::RangeInclusive,
    sync::{Arc, OnceLock},
};

use ari_bus::protocol;
use serde_json::{Value, json};

/// An event of a call: what Asterisk sent, byte for byte, with the envelope that the proxy put around it.
///
/// Types that begin with `Proxy` are not Asterisk's. `ProxyGap` stands for events that did not reach the handler: the
/// proxy sends it for those that it missed itself, and this crate adds it (without a [`seq`](Self::seq)) where events
/// were lost on the way (`"reason":"lost"`, with `from` and `to`) or dropped because nobody read them
/// (`"reason":"not read"`, with `events`).
///
/// Clones are cheap and share the body.
#[derive(Clone)]
pub struct Event {
    inner: Arc<Inner>,
    /// Where it stands among all events that this worker had of the call, in whatever term.
    position: Option<u64>,
}

struct Inner {
    kind: String,
    seq: Option<u64>,
    timestamp: String,
    synthetic: bool,
    body: String,
    json: OnceLock<Value>,
}

impl Event {
    pub(crate) fn new(kind: &str, seq: Option<u64>, timestamp: &str, synthetic: bool, body: String) -> Self {
        let inner = Inner {
            kind: kind.to_owned(),
            seq,
            timestamp: timestamp.to_owned(),
            synthetic,
            body,
            json: OnceLock::new(),
        };
        Self { inner: Arc::new(inner), position: seq }
    }

    /// The same event at another position than its number.
    pub(crate) fn at(self, position: u64) -> Self {
        Self { position: Some(position), ..self }
    }

    /// Where it stands among all events that this worker had of the call: by this they are compared.
    pub(crate) fn position(&self) -> Option<u64> {
        self.position
    }

    pub(crate) fn from_envelope(envelope: &protocol::Event<'_>) -> Self {
        let body = envelope.body().to_owned();
        Self::new(&envelope.kind, envelope.seq, &envelope.timestamp, envelope.synthetic, body)
    }

    /// The StasisStart that came with the offer; `seq` is its number, where it is one of this term's events.
    pub(crate) fn from_offer(body: String, seq: Option<u64>) -> Self {
        Self::new("StasisStart", seq, &protocol::now_rfc3339(), false, body)
    }

    #[cfg(test)]
    pub(crate) fn numbered(kind: &str, seq: u64, body: String) -> Self {
        Self::new(kind, Some(seq), "", false, body)
    }

    /// Stands for events that were lost between proxy and worker.
    pub(crate) fn lost(missing: &RangeInclusive<u64>) -> Self {
        let body =
            json!({ "type": "ProxyGap", "reason": "lost", "from": missing.start(), "to": missing.end() });
        Self::gap(&body)
    }

    /// Stands for events that the handler did not read in time.
    pub(crate) fn not_read(events: u64) -> Self {
        Self::gap(&json!({ "type": "ProxyGap", "reason": "not read", "events": events }))
    }

    fn gap(body: &Value) -> Self {
        Self::new("ProxyGap", None, &protocol::now_rfc3339(), false, body.to_string())
    }

    /// The type, such as `ChannelDtmfReceived`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.inner.kind
    }

    /// Its number in the [term](crate::Call::term) in which it came, from 1; of a call's first term 1 is the StasisStart. When
    /// the call's [proxy is replaced](crate#when-the-proxy-is-replaced) the numbers begin anew. None from a version-1 proxy,
    /// and for events that this crate adds.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.inner.seq
    }

    /// When the proxy sent it, RFC 3339 in UTC. Asterisk's own time stands in the body, in a form of its own.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        &self.inner.timestamp
    }

    /// Whether the proxy made it up to stand in for one that it missed.
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        self.inner.synthetic
    }

    /// The ARI event as JSON text, byte for byte as Asterisk sent it.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.inner.body
    }

    /// The ARI event, parsed when first asked for; `Null` where it is not JSON.
    pub fn json(&self) -> &Value {
        self.inner.json.get_or_init(|| serde_json::from_str(&self.inner.body).unwrap_or_default())
    }

    /// It with its fields, as what its type says. What has no type there, or does not fit it, is
    /// [`Other`](crate::ari::Event::Other).
    #[must_use]
    pub fn typed(&self) -> crate::ari::Event {
        crate::ari::Event::read(self.kind(), self.body())
    }

    /// The id of the channel that it names, or of the one that a playback or recording is on.
    #[must_use]
    pub fn channel_id(&self) -> Option<&str> {
        self.text("/channel/id").or_else(|| self.target("channel:"))
    }

    /// The id of the bridge that it names, or of the one that a playback or recording is on.
    #[must_use]
    pub fn bridge_id(&self) -> Option<&str> {
        self.text("/bridge/id").or_else(|| self.target("bridge:"))
    }

    /// The id of the playback that it names.
    #[must_use]
    pub fn playback_id(&self) -> Option<&str> {
        self.text("/playback/id")
    }

    /// The name of the recording that it names.
    #[must_use]
    pub fn recording_name(&self) -> Option<&str> {
        self.text("/recording/name")
    }

    /// The text at a JSON pointer, such as `/channel/caller/number`.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.json().pointer(pointer)?.as_str()
    }

    fn target(&self, scheme: &str) -> Option<&str> {
        self.text("/playback/target_uri").or_else(|| self.text("/recording/target_uri"))?.strip_prefix(scheme)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.inner.kind)
            .field("seq", &self.inner.seq)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_where_asterisk_puts_them() {
        let of = |body: &str| Event::new("X", None, "", false, body.to_owned());
        assert_eq!(of(r#"{"channel":{"id":"1.2"}}"#).channel_id(), Some("1.2"));
        let playback = of(r#"{"playback":{"id":"p","target_uri":"channel:7"}}"#);
        assert_eq!((playback.playback_id(), playback.channel_id()), (Some("p"), Some("7")));
        assert_eq!(playback.bridge_id(), None);
        let recording = of(r#"{"recording":{"name":"r","target_uri":"bridge:b"}}"#);
        assert_eq!((recording.recording_name(), recording.bridge_id()), (Some("r"), Some("b")));
    }

    #[test]
    fn a_body_that_is_not_json_is_null_and_no_panic() {
        for body in ["", "{", "\u{0}", "[1]", "\"channel\""] {
            let event = Event::new("X", None, "", false, body.to_owned());
            assert_eq!((event.channel_id(), event.playback_id()), (None, None), "{body:?}");
        }
    }
}
