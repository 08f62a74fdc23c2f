//! An event of the manager interface, and its JSON.

use std::collections::{HashMap, hash_map::Entry};

use serde::{Serialize, Serializer};

/// An event: a name, and fields in the order in which Asterisk sent them. Values are whole, with the spaces and colons they have.
/// Bytes that are not UTF-8 have become U+FFFD. A line that had no colon was a part of the value before it, behind a line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AmiEvent {
    fields: Vec<(String, String)>,
}

impl AmiEvent {
    /// Takes a block for an event, if it begins with an event's name.
    pub(super) fn of(fields: Vec<(String, String)>) -> Result<Self, Vec<(String, String)>> {
        match fields.first() {
            Some((key, name)) if key == "Event" && !name.is_empty() => Ok(Self { fields }),
            _ => Err(fields),
        }
    }

    /// Its name, such as `Newchannel`. Never empty; who may send events of their own names them as they like.
    pub(crate) fn name(&self) -> &str {
        self.fields.first().map_or("", |(_, name)| name)
    }

    /// Its fields, the first of which is its name under `Event`.
    #[cfg(test)]
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// See [`Serialize`].
    ///
    /// # Errors
    /// None that is known: texts can always be written.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// An object of all fields in their order, each value a string. A key that stands there more than once has the place of its
/// first and an array of all values, in their order.
impl Serialize for AmiEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys: Vec<(&str, Values<'_>)> = Vec::with_capacity(self.fields.len());
        let mut places = HashMap::with_capacity(self.fields.len());
        for (key, value) in &self.fields {
            match places.entry(key.as_str()) {
                Entry::Vacant(place) => {
                    place.insert(keys.len());
                    keys.push((key, Values::One(value)));
                }
                Entry::Occupied(place) => keys[*place.get()].1.push(value),
            }
        }
        serializer.collect_map(keys)
    }
}

/// The values of one key.
#[derive(Serialize)]
#[serde(untagged)]
enum Values<'a> {
    One(&'a str),
    Several(Vec<&'a str>),
}

impl<'a> Values<'a> {
    fn push(&mut self, value: &'a str) {
        match self {
            Self::One(first) => *self = Self::Several(vec![first, value]),
            Self::Several(values) => values.push(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: &[(&str, &str)]) -> Result<AmiEvent, Vec<(String, String)>> {
        AmiEvent::of(fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_key_that_is_repeated_becomes_an_array_in_its_first_place() {
        let event = event(&[
            ("Event", "Newchannel"),
            ("A", "1"),
            ("B", " x: \"y\" "),
            ("A", "2"),
            ("a", ""),
            ("A", "3"),
        ]);
        let json = event.unwrap().to_json().unwrap();
        assert_eq!(json, r#"{"Event":"Newchannel","A":["1","2","3"],"B":" x: \"y\" ","a":""}"#);
    }

    #[test]
    fn only_what_begins_with_a_name_is_an_event() {
        assert_eq!(event(&[("Event", "X"), ("Event", "Y")]).unwrap().name(), "X");
        assert!(event(&[]).is_err());
        assert!(event(&[("Event", "")]).is_err());
        assert!(event(&[("Response", "Success"), ("Event", "X")]).is_err());
    }
}
