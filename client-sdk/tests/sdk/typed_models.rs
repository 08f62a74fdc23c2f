//! What Asterisk sends survives being read and written, whatever else is in it.

use ari_client::Place;
use ari_client::ari::{ASTERISK_VERSION, Channel, ChannelState, Event, OPERATIONS, Playback};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn channel(state: &str) -> Value {
    json!({
        "id": "17.1", "protocol_id": "x@y", "name": "PJSIP/alice-1", "state": state,
        "caller": { "name": "Alice", "number": "+15550100" }, "connected": { "name": "", "number": "" },
        "accountcode": "", "language": "en", "creationtime": "2026-11-20T17:13:34.872+0100",
        "dialplan": { "context": "default", "exten": "1", "priority": 1, "app_name": "Stasis", "app_data": "hello" },
    })
}

fn start() -> Value {
    json!({
        "type": "StasisStart", "application": "hello", "asterisk_id": "aa:bb", "args": ["a"],
        "timestamp": "2026-11-20T17:13:34.872+0000", "channel": channel("Ring"),
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Fields that nobody knows.
fn unknown() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::hash_map("x_[a-z]{1,6}", any_json(), 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

fn with(mut json: Value, more: &Map<String, Value>) -> Value {
    json.as_object_mut().unwrap().extend(more.clone());
    json
}

proptest! {
    #[test]
    fn fields_and_values_that_are_not_known_survive(inner in unknown(), outer in unknown(), state in "\\PC{0,10}") {
        let mut json = with(start(), &outer);
        json["channel"] = with(channel(&state), &inner);
        let event = Event::read("StasisStart", &json.to_string());
        prop_assert_eq!(serde_json::to_value(&event).unwrap(), json);
        let Event::StasisStart(start) = event else { panic!("{event:?}") };
        prop_assert_eq!((&start.extra, &start.channel.extra), (&outer, &inner));
        prop_assert_eq!(start.channel.state.to_string(), state);
    }

    #[test]
    fn no_body_is_lost_and_none_panics(kind in "StasisStart|Dial|New|\\PC{0,9}", body in "\\PC{0,40}") {
        let event = Event::read(&kind, &body);
        prop_assert_eq!(event.kind(), kind);
        let Event::Other(raw) = event else { panic!("{event:?}") };
        prop_assert_eq!(raw.body, body);
    }

    #[test]
    fn a_field_of_another_type_makes_an_event_other(field in "application|args|channel|timestamp", value in any_json()) {
        let mut json = start();
        prop_assume!(field != "args" || value != json!([]));
        json[&field] = value.clone();
        let text = json.to_string();
        match Event::read("StasisStart", &text) {
            Event::StasisStart(start) => prop_assert_eq!(serde_json::to_value(start).unwrap(), json),
            Event::Other(raw) => {
                prop_assert!(raw.problem.is_some());
                prop_assert_eq!(raw.body, text);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_event_says_its_type_its_application_and_its_time() {
    let event = Event::read("StasisStart", &start().to_string());
    assert_eq!(event.kind(), "StasisStart");
    assert_eq!(event.application().unwrap(), "hello");
    assert_eq!(event.timestamp().unwrap().unix_timestamp(), 1_795_194_814);
    let unknown = Event::read("ProxyGap", "{}");
    assert_eq!((unknown.kind(), unknown.application(), unknown.timestamp()), ("ProxyGap", None, None));
}

#[test]
fn what_an_old_asterisk_leaves_out_is_none() {
    let mut json = channel("Up");
    json.as_object_mut().unwrap().remove("protocol_id");
    json["dialplan"] = json!({ "context": "default", "exten": "1", "priority": 1 });
    let channel: Channel = serde_json::from_value(json.clone()).unwrap();
    assert_eq!((channel.protocol_id.as_ref(), &channel.state), (None, &ChannelState::Up));
    assert_eq!(serde_json::to_value(&channel).unwrap(), json);
}

#[test]
fn an_optional_field_may_be_missing_or_null() {
    for next in [None, Some(Value::Null)] {
        let mut json =
            json!({ "id": "p", "media_uri": "sound:a", "target_uri": "channel:1", "state": "playing" });
        json.as_object_mut().unwrap().extend(next.map(|next| ("next_media_uri".to_owned(), next)));
        assert_eq!(serde_json::from_value::<Playback>(json).unwrap().next_media_uri, None);
    }
}

#[test]
fn every_operation_is_in_the_list_with_its_parameters() {
    assert!(ASTERISK_VERSION.starts_with("22."));
    assert_eq!((OPERATIONS.len(), Event::KINDS.len()), (109, 45));
    for operation in OPERATIONS {
        let segments = operation.path.split('/');
        let mut in_path: Vec<_> =
            segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation.parameters.iter();
        let mut listed: Vec<_> = parameters
            .clone()
            .filter(|parameter| parameter.place == Place::Path)
            .map(|parameter| parameter.name)
            .collect();
        in_path.sort_unstable();
        listed.sort_unstable();
        assert_eq!(in_path, listed, "{} {}", operation.resource, operation.name);
        if let Some(makes) = operation.makes {
            assert!(parameters.clone().any(|parameter| parameter.name == makes.parameter), "{makes:?}");
        }
    }
}
