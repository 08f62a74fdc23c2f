//! Events that stand in for those of Asterisk that were missed. They have every field that Asterisk's own have, as far as is
//! known what it would say, so that whoever reads strictly can read them.

use serde_json::{Value, json, value::RawValue};
use time::{OffsetDateTime, macros::format_description};

use super::{
    super::registry::{Bound, Presence},
    survey::Survey,
};

/// An event that was missed.
#[derive(Debug)]
pub(in super::super) struct StandIn {
    pub(super) kind: &'static str,
    pub(in super::super) body: String,
    /// Where the object is after it.
    pub(super) after: Presence,
}

impl StandIn {
    pub(in super::super) fn stasis_start(survey: &Survey, bound: &Bound, args: &[String]) -> Self {
        let fields = json!({ "args": args, "channel": channel(survey, bound) });
        Self::of("StasisStart", bound, fields, Presence::Entered)
    }

    pub(super) fn stasis_end(survey: &Survey, bound: &Bound) -> Self {
        Self::of("StasisEnd", bound, json!({ "channel": channel(survey, bound) }), Presence::Left)
    }

    pub(super) fn channel_destroyed(survey: &Survey, bound: &Bound) -> Self {
        let fields = json!({ "cause": 0, "cause_txt": "Unknown", "channel": channel(survey, bound) });
        Self::of("ChannelDestroyed", bound, fields, Presence::Left)
    }

    pub(super) fn bridge_destroyed(_: &Survey, bound: &Bound) -> Self {
        let bridge = json!({
            "id": bound.object.id, "technology": "", "bridge_type": "", "bridge_class": "stasis", "creator": "Stasis",
            "name": "", "channels": [], "creationtime": now(), "video_mode": "none",
        });
        Self::of("BridgeDestroyed", bound, json!({ "bridge": bridge }), Presence::Beside)
    }

    /// How it ended nobody knows any more.
    pub(super) fn playback_finished(_: &Survey, bound: &Bound) -> Self {
        let playback = json!({
            "id": bound.object.id, "media_uri": "", "target_uri": "", "language": "", "state": "done",
        });
        Self::of("PlaybackFinished", bound, json!({ "playback": playback }), Presence::Beside)
    }

    /// How it ended nobody knows any more.
    pub(super) fn recording_finished(_: &Survey, bound: &Bound) -> Self {
        let recording = json!({ "name": bound.object.id, "format": "", "state": "done", "target_uri": "" });
        Self::of("RecordingFinished", bound, json!({ "recording": recording }), Presence::Beside)
    }

    fn of(kind: &'static str, bound: &Bound, fields: Value, after: Presence) -> Self {
        let mut body = json!({ "type": kind, "application": bound.application, "timestamp": now() });
        if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
            body.extend(fields);
        }
        Self { kind, body: body.to_string(), after }
    }
}

/// The channel as Asterisk has it; one that has gone as far as we know it.
fn channel(survey: &Survey, bound: &Bound) -> Value {
    let known =
        survey.channel(&bound.object.id).map(RawValue::get).and_then(|json| serde_json::from_str(json).ok());
    known.unwrap_or_else(|| {
        let nobody = json!({ "name": "", "number": "" });
        json!({
            "id": bound.object.id, "name": "", "state": "Down", "protocol_id": "", "caller": nobody, "connected": nobody,
            "accountcode": "", "dialplan": { "context": "", "exten": "", "priority": 1, "app_name": "", "app_data": "" },
            "creationtime": now(), "language": "",
        })
    })
}

/// The time in Asterisk's own form, which is not that of RFC 3339.
fn now() -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");
    // All of its parts are there: this cannot fail.
    OffsetDateTime::now_utc().format(form).unwrap_or_default()
}
