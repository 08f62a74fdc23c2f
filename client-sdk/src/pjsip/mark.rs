//! What is written on every object that is made: whose it is, and what was declared of it.
//!
//! It stands in attributes that begin with `@`, which Asterisk keeps with any object, shows, and does not look at.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    object::{Attribute, Object},
    shown::Shown,
};

/// Names the set that an object is of.
pub(super) const SET: &str = "@ari_client_set";
/// The attributes that were declared, each with a fingerprint of its values.
const DECLARED: &str = "@ari_client_declared";

/// What was declared of an object when it was made or changed last.
///
/// With it an attribute that is not declared any more is noticed; so is a new value of one that Asterisk does not show, or in
/// words that could stand for several. A fingerprint is not the value, which for a password stands nowhere but in the password's own attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark<'a>(BTreeMap<&'a str, String>);

impl<'a> Mark<'a> {
    /// Of what is declared.
    pub(super) fn of(object: &'a Object) -> Self {
        let known =
            object.attributes().iter().map(|attribute| (attribute.name.as_str(), fingerprint(attribute)));
        Self(known.collect())
    }

    /// As it stands on an object; empty where it cannot be read.
    pub(super) fn on(shown: &'a Shown) -> Self {
        let words = shown.text(DECLARED).unwrap_or_default().split_whitespace();
        Self(
            words
                .filter_map(|word| word.split_once('='))
                .map(|(name, print)| (name, print.to_owned()))
                .collect(),
        )
    }

    /// Whether just this was declared.
    pub(super) fn knows(&self, attribute: &Attribute) -> bool {
        self.0.get(attribute.name.as_str()).is_some_and(|print| *print == fingerprint(attribute))
    }

    /// The attributes that were declared.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.keys().copied()
    }

    /// As it is written.
    pub(super) fn fields(&self, set: &str) -> [(String, String); 2] {
        let words: Vec<String> = self.0.iter().map(|(name, print)| format!("{name}={print}")).collect();
        [(SET.to_owned(), set.to_owned()), (DECLARED.to_owned(), words.join(" "))]
    }
}

/// Whether the object is of this set.
pub(super) fn is_of(shown: &Shown, set: &str) -> bool {
    shown.text(SET) == Some(set)
}

fn fingerprint(attribute: &Attribute) -> String {
    // Of the name as well, so that the same password elsewhere does not look the same.
    let mut content = attribute.name.clone();
    for value in &attribute.values {
        content.push('\0');
        content.push_str(value);
    }
    let print = Uuid::new_v5(&Uuid::NAMESPACE_OID, content.as_bytes());
    print.simple().to_string().split_off(24)
}
