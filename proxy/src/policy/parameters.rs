//! What a command says, wherever it says it: in the query or in the JSON body, once or several times.
//!
//! Asterisk takes one of several values, which one depends on where it stands. A rule looks at all of them, so that nothing
//! hangs on that; and it takes names that differ in capitals or spaces for the same, so that nothing hangs on those either.

use reqwest::Method;
use serde::Deserialize;
use url::form_urlencoded;

use crate::{asterisk::request::Request, fields::Fields};

/// The parameters of one command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Names as they are compared, and values.
    pairs: Vec<(String, String)>,
    /// The fields of `variables` in the body, names as they are and values.
    variables: Vec<(String, String)>,
}

/// The value of a field that is read: a text, several, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Texts(Vec<String>),
}

/// The value of a variable: as it is, or with what else is said about it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Variable {
    Text(String),
    With { value: String },
}

/// As it is compared.
fn key(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

impl Parameters {
    /// Reads a command.
    ///
    /// # Errors
    /// What nobody can read: a body that is no JSON object, `variables` of another form.
    pub(super) fn read(request: &Request) -> Result<Self, String> {
        let mut read = Self::default();
        if let Some((_, query)) = request.url.split_once('?') {
            let pairs = form_urlencoded::parse(query.as_bytes());
            read.pairs.extend(pairs.map(|(name, value)| (key(&name), value.into_owned())));
        }
        if read.all("api_key").next().is_some() {
            return Err("`api_key` in the query is another login than the proxy's".to_owned());
        }
        let Some(body) = request.body.as_deref().filter(|body| !body.trim().is_empty()) else {
            return Ok(read);
        };
        let fields = Fields::read(body.as_bytes()).ok_or("`body` is no JSON object")?;
        for (name, value) in fields.iter() {
            let name = key(name);
            match serde_json::from_str(value) {
                // To Asterisk it is not there.
                _ if value == "null" => {}
                _ if name == "variables" && request.method != Method::GET => read.variables(value)?,
                Ok(Value::Text(text)) => read.pairs.push((name, text)),
                Ok(Value::Texts(texts)) => {
                    read.pairs.extend(texts.into_iter().map(|text| (name.clone(), text)))
                }
                // A number, or what Asterisk cannot take for a text: it is compared as it stands there.
                Err(_) => read.pairs.push((name, value.to_owned())),
            }
        }
        Ok(read)
    }

    fn variables(&mut self, value: &str) -> Result<(), String> {
        let fields =
            Fields::read(value.as_bytes()).ok_or("`variables` in the body is no object of strings")?;
        for (name, value) in fields.iter() {
            let value = match serde_json::from_str(value) {
                Ok(Variable::Text(value) | Variable::With { value }) => value,
                Err(_) => value.to_owned(),
            };
            self.variables.push((name.to_owned(), value));
        }
        Ok(())
    }

    /// Every value of a parameter; its name in small letters.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every entry of a parameter that is a list: with commas, or several.
    pub(super) fn listed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(','))
    }

    /// The fields of `variables` in the body.
    pub(super) fn object(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
