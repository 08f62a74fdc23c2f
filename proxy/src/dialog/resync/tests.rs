//! What is told after a gap, for each kind of object.

use serde_json::{Value, json};

use super::*;
use crate::asterisk::event::Header;

fn channel(id: &str, runs: (&str, &str)) -> Value {
    json!({ "id": id, "name": format!("PJSIP/{id}"), "dialplan": { "app_name": runs.0, "app_data": runs.1 } })
}

/// An Asterisk with the channels `in` (in the application `hello`) and `out` (not in it).
fn survey() -> Survey {
    let channels = [
        channel("in", ("Stasis", "hello,a,b c")),
        channel("out", ("Wait", "60")),
        channel("rings", ("AppDial2", "")),
    ];
    Survey::of(&["in", "rings"], &json!(channels), &json!([{ "id": "there" }]))
}

fn bound(kind: ObjectKind, id: &str, presence: Presence) -> Bound {
    Bound { application: "hello".to_owned(), object: Object { kind, id: id.to_owned() }, presence }
}

fn told(kind: ObjectKind, id: &str, presence: Presence) -> Vec<&'static str> {
    let ended = [object(ObjectKind::Playback, "over"), object(ObjectKind::Recording, "over")].into();
    let bound = bound(kind, id, presence);
    let events = stand_ins(&survey(), &ended, &bound);
    for StandIn { kind, body, .. } in &events {
        // The routing finds it.
        let header = Header::read(body).unwrap();
        assert_eq!((&*header.kind, &*header.application), (*kind, "hello"));
        assert!(header.objects.iter().any(|named| (named.kind, &*named.id) == (bound.object.kind, id)));
    }
    events.into_iter().map(|event| event.kind).collect()
}

fn object(kind: ObjectKind, id: &str) -> Object {
    Object { kind, id: id.to_owned() }
}

#[test]
fn of_channels_what_must_have_happened_is_told() {
    use Presence::{Beside, Entered, Expected, Left, Moved};
    let of = |id: &str, presence| told(ObjectKind::Channel, id, presence);
    let nothing: [&str; 0] = [];
    assert_eq!(of("in", Entered), nothing);
    assert_eq!(of("out", Entered), ["StasisEnd"]);
    assert_eq!(of("gone", Entered), ["StasisEnd", "ChannelDestroyed"]);
    assert_eq!(of("in", Expected), ["StasisStart"]);
    assert_eq!(of("rings", Expected), nothing);
    assert_eq!(of("gone", Expected), ["ChannelDestroyed"]);
    for presence in [Left, Beside] {
        assert_eq!(of("out", presence), nothing);
        assert_eq!(of("gone", presence), ["ChannelDestroyed"]);
    }
    assert_eq!(of("gone", Moved), nothing);
}

#[test]
fn of_other_objects_their_end_is_told() {
    let nothing: [&str; 0] = [];
    for (kind, there, over, event) in [
        (ObjectKind::Playback, "there", "over", "PlaybackFinished"),
        (ObjectKind::Recording, "there", "over", "RecordingFinished"),
        (ObjectKind::Bridge, "there", "over", "BridgeDestroyed"),
    ] {
        assert_eq!(told(kind, there, Presence::Beside), nothing);
        assert_eq!(told(kind, over, Presence::Beside), [event]);
    }
}

#[test]
fn a_stand_in_has_what_is_known() {
    let survey = survey();
    let read = |id: &str, presence| {
        let events = stand_ins(&survey, &HashSet::new(), &bound(ObjectKind::Channel, id, presence));
        serde_json::from_str::<Value>(&events[0].body).unwrap()
    };
    let start = read("in", Presence::Expected);
    assert_eq!((&start["args"], &start["channel"]["name"]), (&json!(["a", "b c"]), &json!("PJSIP/in")));
    assert_eq!(start["timestamp"].as_str().unwrap().len(), "2026-11-20T17:13:34.872+0000".len());
    let end = read("gone", Presence::Entered);
    assert_eq!(end["channel"]["caller"]["number"], "");
    assert!(survey.entered("hell", "in").is_none(), "another application");
}
