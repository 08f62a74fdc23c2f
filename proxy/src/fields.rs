//! The fields of a JSON object as Asterisk sees them: of two with one name the last counts, and one that is there
//! decides, whatever its type.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::{RawValue, to_raw_value};

/// The fields of a JSON object, in their order; their values are not read. So no depth of nesting is too much, and what
/// is written again is byte for byte what it was.
#[derive(Debug)]
pub(crate) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads an object; none where the text is something else.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// A field's value.
    pub(crate) fn get(&self, name: &str) -> Option<Field<'a>> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| Field(value))
    }

    /// All of them, in their order, with the texts of their values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.get()))
    }

    /// The object with this string in every field of that name.
    pub(crate) fn with(&self, name: &str, value: &str) -> serde_json::Result<String> {
        let value = to_raw_value(value)?;
        let fields = self.0.iter().map(|(key, old)| (key.clone(), if key == name { &*value } else { *old }));
        serde_json::to_string(&Fields(fields.collect()))
    }
}

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a>(&'a RawValue);

impl Field<'_> {
    /// A string that is not empty.
    pub(crate) fn text(self) -> Option<String> {
        serde_json::from_str::<String>(self.0.get()).ok().filter(|text| !text.is_empty())
    }

    /// A whole number that is not negative.
    pub(crate) fn number(self) -> Option<u64> {
        serde_json::from_str(self.0.get()).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn text(object: &str, name: &str) -> Option<Option<String>> {
        Fields::read(object.as_bytes())?.get(name).map(Field::text)
    }

    #[test]
    fn the_last_of_two_counts() {
        assert_eq!(text(r#"{"a":"1","a":"2"}"#, "a"), Some(Some("2".into())));
        assert_eq!(text(r#"{"a":"1","\u0061":null}"#, "a"), Some(None));
        assert_eq!(text(r#"{"a":"1"}"#, "b"), None);
    }

    #[test]
    fn no_nesting_is_too_deep() {
        let object = format!(r#"{{"deep":{}{},"a":null}}"#, "[".repeat(2_000), "]".repeat(2_000));
        assert_eq!(text(&object, "a"), Some(None));
    }

    #[test]
    fn other_values_are_written_byte_for_byte() {
        let fields =
            Fields::read(br#" {"a": 1.50e+2 , "id" : "", "b":{ "x" : 123456789012345678901 },"id":null}"#);
        let expected = r#"{"a":1.50e+2,"id":"q\"","b":{ "x" : 123456789012345678901 },"id":"q\""}"#;
        assert_eq!(fields.unwrap().with("id", "q\"").unwrap(), expected);
    }

    proptest! {
        #[test]
        fn only_the_named_field_changes(
            pairs in prop::collection::vec(("[ab\"é]{0,2}", prop_oneof![Just("1"), Just("\"x\""), Just("null"), Just("[ 1 ]")]), 0..6),
            name in "[ab\"é]{0,2}",
        ) {
            let body: Vec<String> = pairs.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
            let body = format!("{{{}}}", body.join(","));
            let with = Fields::read(body.as_bytes()).unwrap().with(&name, "new").unwrap();
            let mut expected: Value = serde_json::from_str(&body).unwrap();
            if let Some(value) = expected.get_mut(&name) {
                *value = "new".into();
            }
            prop_assert_eq!(serde_json::from_str::<Value>(&with).unwrap(), expected);
        }

        #[test]
        fn nothing_panics(body in ".{0,40}", name in ".{0,3}") {
            if let Some(fields) = Fields::read(body.as_bytes()) {
                prop_assert!(fields.with(&name, "x").is_ok());
            }
        }
    }
}
