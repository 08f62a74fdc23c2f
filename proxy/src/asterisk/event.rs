//! The routing header of an ARI event: its type, its application and every object that it names.
//!
//! Read borrowed and without decoding the rest: the event itself is forwarded byte for byte.

use std::{borrow::Cow, fmt};

use ari_bus::protocol::{Object, ObjectKind};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// What routing needs to know of an event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// `StasisStart`, `ChannelDtmfReceived`, …; types that we do not know are as good as others.
    pub(crate) kind: Cow<'a, str>,
    /// The application that the event was sent to; empty where it names none.
    pub(crate) application: Cow<'a, str>,
    /// The variable that a ChannelVarset is about.
    pub(crate) variable: Option<Cow<'a, str>>,
    /// Every object that the event names.
    pub(crate) objects: Vec<Named<'a>>,
}

/// An object that an event names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// The field that names it, such as `channel` or `replace_channel`.
    pub(crate) field: Cow<'a, str>,
    /// What it is.
    pub(crate) kind: ObjectKind,
    /// Its id; a recording's name.
    pub(crate) id: Cow<'a, str>,
}

impl Named<'_> {
    /// The object itself.
    pub(crate) fn object(&self) -> Object {
        Object { kind: self.kind, id: self.id.clone().into_owned() }
    }
}

impl<'a> Header<'a> {
    /// Reads the header of an event.
    ///
    /// # Errors
    /// When the text is not a JSON object with a string `type`.
    pub(crate) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut header = Self::default();
        let mut json = serde_json::Deserializer::from_str(text);
        Fields(&mut header).deserialize(&mut json)?;
        json.end()?;
        if header.kind.is_empty() {
            return Err(serde::de::Error::missing_field("type"));
        }
        Ok(header)
    }

    /// The id of the object that a field of the event itself names.
    pub(crate) fn id_in(&self, field: &str) -> Option<&str> {
        self.objects.iter().find(|named| named.field == field).map(|named| &*named.id)
    }
}

/// What kind of object a field names. Asterisk's names end in the kind, so that fields of later releases are found.
fn kind_of(field: &str) -> Option<ObjectKind> {
    match field {
        "peer" | "caller" | "forwarded" | "transferee" | "transfer_target" => Some(ObjectKind::Channel),
        "playback" => Some(ObjectKind::Playback),
        "recording" => Some(ObjectKind::Recording),
        _ if field.ends_with("bridge") || field == "bridge_from" => Some(ObjectKind::Bridge),
        _ if field.ends_with("channel") || field.ends_with("_leg") => Some(ObjectKind::Channel),
        _ => None,
    }
}

/// Collects the fields of an event into its header.
struct Fields<'h, 'a>(&'h mut Header<'a>);

impl<'de> DeserializeSeed<'de> for Fields<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ARI event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(field)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            self.0.field(field, value.get());
        }
        Ok(())
    }
}

impl<'a> Header<'a> {
    fn field(&mut self, field: Cow<'a, str>, value: &'a str) {
        match &*field {
            "type" => self.kind = text(value).unwrap_or_default(),
            "variable" => self.variable = text(value),
            "application" => self.application = text(value).unwrap_or_default(),
            // The two objects of a ChannelTransfer name objects themselves.
            "refer_to" | "referred_by" => {
                let mut inner = Self::default();
                if Fields(&mut inner).deserialize(&mut serde_json::Deserializer::from_str(value)).is_ok() {
                    self.objects.append(&mut inner.objects);
                }
            }
            _ => {
                if let Some(kind) = kind_of(&field) {
                    self.name(field, kind, value);
                }
            }
        }
    }

    /// Notes the object that a field holds. A value of another shape names nothing: it is passed on, not refused.
    fn name(&mut self, field: Cow<'a, str>, kind: ObjectKind, value: &'a str) {
        let thing: Thing<'a> = match value.as_bytes().first() {
            Some(b'{') => serde_json::from_str(value).unwrap_or_default(),
            // `destination_bridge` of a BridgeAttendedTransfer is the id itself.
            _ => Thing { id: text(value).map(Text), ..Thing::default() },
        };
        let id = if kind == ObjectKind::Recording { thing.name } else { thing.id };
        if let Some(Text(id)) = id.filter(|Text(id)| !id.is_empty()) {
            self.objects.push(Named { field, kind, id });
        }
        // Playbacks and recordings also name what they play to: `channel:ID`, `bridge:ID`.
        if let Some(Text(target)) = thing.target_uri {
            let (kind, id) = match target.split_once(':') {
                Some(("channel", id)) => (ObjectKind::Channel, id),
                Some(("bridge", id)) => (ObjectKind::Bridge, id),
                _ => return,
            };
            self.objects.push(Named { field: "target_uri".into(), kind, id: id.to_owned().into() });
        }
    }
}

/// What routing reads of an object.
#[derive(Default, Deserialize)]
struct Thing<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    target_uri: Option<Text<'a>>,
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn text(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(json).ok().map(|Text(text)| text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<(String, ObjectKind, String)> {
        let header = Header::read(text).unwrap();
        header
            .objects
            .iter()
            .map(|named| (named.field.to_string(), named.kind, named.id.to_string()))
            .collect()
    }

    #[test]
    fn the_common_case_is_borrowed() {
        let header =
            Header::read(r#"{"type":"StasisStart","channel":{"id":"1.2","name":"x"},"application":"a"}"#);
        let header = header.unwrap();
        assert!(matches!(
            (&header.kind, &header.application),
            (Cow::Borrowed("StasisStart"), Cow::Borrowed("a"))
        ));
        assert!(matches!(header.objects[0].id, Cow::Borrowed("1.2")));
        assert_eq!(header.id_in("channel"), Some("1.2"));
    }

    #[test]
    fn every_object_is_found_whatever_field_names_it() {
        let dial = r#"{"type":"Dial","peer":{"id":"p"},"caller":{"id":"c"},"forwarded":{"id":"f"}}"#;
        assert_eq!(names(dial).len(), 3);
        let transfer = r#"{"type":"BridgeAttendedTransfer","transferer_first_leg":{"id":"a"},
            "transferer_second_leg":{"id":"b"},"transferer_first_leg_bridge":{"id":"B1"},
            "destination_bridge":"B2","destination_threeway_channel":{"id":"c"},"transferee":{"id":"d"},
            "replace_channel":{"id":"e"},"destination_application":"x","is_external":true}"#;
        assert_eq!(names(transfer).len(), 7);
        let refer = r#"{"type":"ChannelTransfer","refer_to":{"destination_channel":{"id":"a"},"bridge":{"id":"B"}},
            "referred_by":{"source_channel":{"id":"b"},"connected_channel":{"id":"c"}},"state":"x"}"#;
        assert_eq!(names(refer).len(), 4);
        let merged =
            r#"{"type":"BridgeMerged","bridge":{"id":"1","channels":["x"]},"bridge_from":{"id":"2"}}"#;
        assert_eq!(names(merged).len(), 2);
    }

    #[test]
    fn playbacks_and_recordings_name_their_target() {
        let playback = r#"{"type":"PlaybackStarted","playback":{"id":"p","target_uri":"channel:1.2"}}"#;
        assert_eq!(names(playback)[1], ("target_uri".to_owned(), ObjectKind::Channel, "1.2".to_owned()));
        let recording = r#"{"type":"RecordingStarted","recording":{"name":"r","target_uri":"bridge:B"}}"#;
        assert_eq!(names(recording)[0].2, "r");
        assert_eq!(names(recording)[1].1, ObjectKind::Bridge);
        let escaped =
            r#"{"type":"PlaybackStarted","playback":{"id":"p","target_uri":"channel:a\/\"\u00e9"}}"#;
        assert_eq!(names(escaped)[1].2, "a/\"é");
    }

    #[test]
    fn fields_of_odd_shapes_name_nothing() {
        let odd =
            r#"{"type":"X","channel":7,"bridge":null,"peer":[1],"playback":{"id":{}},"caller":{"id":""}}"#;
        assert_eq!(names(odd), []);
        assert!(Header::read("{}").is_err());
        assert!(Header::read(r#"{"type":5}"#).is_err());
        assert!(Header::read("[]").is_err());
        assert!(Header::read(r#"{"type":"X"} x"#).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*", prefix in r#"(\{"type":"X","channel":)?"#) {
            let _ = Header::read(&format!("{prefix}{text}"));
        }
    }
}
