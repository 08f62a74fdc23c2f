//! What we say of each thing that a description names, and what it is in Rust where its name alone does not tell.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet};

use serde::Deserialize;

use crate::{Error, Result};

/// The longest that words may be: they stand on one line.
const LONGEST: usize = 96;

/// Our own words, and what we know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    ids: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
    operations: BTreeMap<String, BTreeMap<String, String>>,
    parameters: BTreeMap<String, String>,
    models: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    values: BTreeMap<String, Values>,
    shape: Shape,
    /// What there were no words for.
    #[serde(skip)]
    missing: RefCell<BTreeSet<String>>,
}

/// A type with listed values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    words: String,
    /// By value.
    of: BTreeMap<String, OneValue>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneValue {
    Words(String),
    Named { name: String, words: String },
}

/// What things are in Rust. The keys are `resource.operation.parameter`, or `parameter` for all of that name; `Model.field`, or
/// `field`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    operation_names: BTreeMap<String, String>,
    parameter_names: BTreeMap<String, String>,
    field_names: BTreeMap<String, String>,
    parameter_types: BTreeMap<String, String>,
    field_types: BTreeMap<String, String>,
    makes: BTreeMap<String, Made>,
    /// Fields that not every Asterisk has, though the description says so; why.
    lenient: BTreeMap<String, String>,
}

/// What an operation makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    /// A variant of `ObjectKind`.
    pub(crate) kind: String,
    /// The parameter that is its id.
    pub(crate) parameter: String,
}

impl Words {
    /// Those of this crate.
    ///
    /// # Errors
    /// `Words` when they cannot be read, or one is longer than a line.
    pub fn ours() -> Result<Self> {
        let files = [
            include_str!("../words/ids.toml"),
            include_str!("../words/operations.toml"),
            include_str!("../words/parameters.toml"),
            include_str!("../words/models.toml"),
            include_str!("../words/values.toml"),
            include_str!("../words/shape.toml"),
        ];
        Self::read(&files.join("\n"))
    }

    /// Reads them from TOML.
    ///
    /// # Errors
    /// See [`ours`](Self::ours).
    pub fn read(text: &str) -> Result<Self> {
        let words: Self = toml::from_str(text).map_err(|error| Error::Words(error.to_string()))?;
        let all = [&words.ids, &words.resources, &words.parameters, &words.models, &words.fields];
        let all = all.into_iter().chain(words.operations.values()).flat_map(BTreeMap::values);
        let values = words.values.values().flat_map(|values| values.of.values().map(OneValue::words));
        if let Some(long) = all.map(String::as_str).chain(values).find(|words| words.len() > LONGEST) {
            return Err(Error::Words(format!("longer than {LONGEST} characters: {long}")));
        }
        Ok(words)
    }

    /// What there were no words for since this was asked last.
    pub(crate) fn take_missing(&self) -> Vec<String> {
        self.missing.take().into_iter().collect()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = (&String, &String)> {
        self.ids.iter()
    }

    pub(crate) fn is_id(&self, name: &str) -> bool {
        self.ids.contains_key(name)
    }

    pub(crate) fn resource(&self, name: &str) -> String {
        self.or_missing(self.resources.get(name), "resource", name)
    }

    pub(crate) fn operation(&self, resource: &str, name: &str) -> String {
        let words = self.operations.get(resource).and_then(|operations| operations.get(name));
        self.or_missing(words, "operation", &format!("{resource}.{name}"))
    }

    pub(crate) fn parameter(&self, operation: &str, name: &str) -> String {
        let at = format!("{operation}.{name}");
        self.or_missing(nearest(&self.parameters, &at), "parameter", &at)
    }

    pub(crate) fn model(&self, name: &str) -> String {
        self.or_missing(self.models.get(name), "model", name)
    }

    pub(crate) fn field(&self, model: &str, name: &str) -> String {
        let at = format!("{model}.{name}");
        self.or_missing(nearest(&self.fields, &at), "field", &at)
    }

    /// What a type with listed values is.
    pub(crate) fn values(&self, name: &str) -> String {
        self.or_missing(self.values.get(name).map(|values| &values.words), "values", name)
    }

    /// What a value is called, where its own text is no good name, and what it means.
    pub(crate) fn value(&self, kind: &str, value: &str) -> (Option<&str>, String) {
        match self.values.get(kind).and_then(|values| values.of.get(value)) {
            Some(OneValue::Words(words)) => (None, words.clone()),
            Some(OneValue::Named { name, words }) => (Some(name), words.clone()),
            None => (None, self.or_missing(None, "value", &format!("{kind}.{value}"))),
        }
    }

    pub(crate) fn operation_name(&self, operation: &str) -> Option<&str> {
        self.shape.operation_names.get(operation).map(String::as_str)
    }

    pub(crate) fn parameter_name(&self, operation: &str, name: &str) -> Option<&str> {
        nearest(&self.shape.parameter_names, &format!("{operation}.{name}")).map(String::as_str)
    }

    pub(crate) fn field_name(&self, model: &str, name: &str) -> Option<&str> {
        nearest(&self.shape.field_names, &format!("{model}.{name}")).map(String::as_str)
    }

    pub(crate) fn parameter_type(&self, operation: &str, name: &str) -> Option<&str> {
        nearest(&self.shape.parameter_types, &format!("{operation}.{name}")).map(String::as_str)
    }

    pub(crate) fn field_type(&self, model: &str, name: &str) -> Option<&str> {
        nearest(&self.shape.field_types, &format!("{model}.{name}")).map(String::as_str)
    }

    pub(crate) fn makes(&self, operation: &str) -> Option<&Made> {
        self.shape.makes.get(operation)
    }

    pub(crate) fn is_lenient(&self, model: &str, name: &str) -> bool {
        self.shape.lenient.contains_key(&format!("{model}.{name}"))
    }

    fn or_missing(&self, words: Option<&String>, what: &str, name: &str) -> String {
        words.cloned().unwrap_or_else(|| {
            self.missing.borrow_mut().insert(format!("{what} {name}"));
            let last = name.rsplit('.').next().unwrap_or(name);
            format!("`{last}` of the description.")
        })
    }
}

impl OneValue {
    fn words(&self) -> &str {
        match self {
            Self::Words(words) | Self::Named { words, .. } => words,
        }
    }
}

/// The entry for exactly this, or else for all whose last name is this one's.
fn nearest<'a>(table: &'a BTreeMap<String, String>, at: &str) -> Option<&'a String> {
    table.get(at).or_else(|| table.get(at.rsplit('.').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_can_be_read() {
        let words = Words::ours().unwrap();
        assert!(words.is_id("ChannelId"));
        assert!(words.parameter("channels.play", "channelId").contains("channel"));
        assert_eq!(words.take_missing(), Vec::<String>::new());
    }

    #[test]
    fn what_has_no_words_is_named_and_gets_neutral_ones() {
        let words = Words::ours().unwrap();
        assert_eq!(words.parameter("plants.sow", "depthms"), "`depthms` of the description.");
        assert_eq!(words.value("Plant", "tall").1, "`tall` of the description.");
        assert_eq!(words.take_missing(), ["parameter plants.sow.depthms", "value Plant.tall"]);
    }
}
