//! The parameters of an operation, as they stand in a request.

use std::fmt;

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::OperationInfo;
use crate::{Method, call::ENCODED};

/// A parameter with a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct WrongParameter {
    /// Its name in ARI.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// The most that Asterisk reads of a list in a query.
const LIST_LONGEST: usize = 127;

/// A request, in its parts.
#[derive(Clone, PartialEq)]
pub struct Parts {
    template: &'static str,
    path: Vec<(&'static str, String)>,
    query: Vec<(&'static str, Value)>,
    body: Option<Value>,
}

impl Parts {
    /// Of a request of this operation, with no parameters yet.
    #[must_use]
    pub fn new(info: &OperationInfo) -> Self {
        Self { template: info.path, path: Vec::new(), query: Vec::new(), body: None }
    }

    /// Sets a parameter of the path. It may hold anything.
    ///
    /// # Errors
    /// When it is empty: the path would be another one.
    pub fn path(&mut self, name: &'static str, value: impl Into<String>) -> Result<(), WrongParameter> {
        let value = value.into();
        if value.is_empty() {
            return Err(WrongParameter { name, problem: "it is empty".to_owned() });
        }
        self.path.push((name, value));
        Ok(())
    }

    /// Sets a parameter of the query, if there is a value.
    pub fn query(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        self.query.extend(value.map(|value| (name, value.into())));
    }

    /// Sets a number in the query, if there is one.
    ///
    /// # Errors
    /// When it is less than `least` or more than `most`.
    pub fn number(
        &mut self,
        name: &'static str,
        value: Option<i128>,
        least: i64,
        most: i64,
    ) -> Result<(), WrongParameter> {
        let Some(value) = value else { return Ok(()) };
        let fitting = i64::try_from(value).ok().filter(|value| (least..=most).contains(value));
        let value = fitting.ok_or_else(|| {
            let problem = format!("{value} is not within {least} and {most}");
            WrongParameter { name, problem }
        })?;
        self.query(name, Some(value));
        Ok(())
    }

    /// Sets a list in the query, unless it is empty.
    ///
    /// # Errors
    /// When Asterisk would read another list: a comma divides its entries, and it takes 127 of them.
    pub fn list<T: Into<Value>>(&mut self, name: &'static str, values: Vec<T>) -> Result<(), WrongParameter> {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        let wrong = |problem: String| Err(WrongParameter { name, problem });
        if values.len() > LIST_LONGEST {
            return wrong(format!("it has {} entries, and Asterisk takes {LIST_LONGEST}", values.len()));
        }
        if let Some(entry) = values.iter().filter_map(Value::as_str).find(|entry| entry.contains(',')) {
            return wrong(format!("a comma divides the entries, and {entry:?} has one"));
        }
        if !values.is_empty() {
            self.query(name, Some(values));
        }
        Ok(())
    }

    /// Sets a field of the JSON body, if there is a value.
    pub fn field(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        let Some(value) = value else { return };
        let body = self.body.get_or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(fields) = body {
            fields.insert(name.to_owned(), value.into());
        }
    }

    /// Sets the whole JSON body, if there is one.
    pub fn body(&mut self, body: Option<impl Into<Value>>) {
        self.body = body.map(Into::into);
    }

    /// The path of the request, with every parameter of it encoded.
    #[must_use]
    pub fn url(&self) -> String {
        // What is encoded has no braces, so nothing can pass for a parameter.
        self.path.iter().fold(self.template.to_owned(), |url, (name, value)| {
            url.replace(&format!("{{{name}}}"), &utf8_percent_encode(value, ENCODED).to_string())
        })
    }

    /// The text that a parameter of path or query has.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let path = self.path.iter().find(|(at, _)| *at == name).map(|(_, value)| value.as_str());
        path.or_else(|| self.query.iter().find(|(at, _)| *at == name)?.1.as_str())
    }

    /// What was asked for, whole: the same for the same parameters.
    pub(crate) fn content(&self) -> String {
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}?{} {}", self.url(), query.join("&"), self.body.clone().unwrap_or_default())
    }

    /// The query and the body. POST and PUT carry all in the body, where Asterisk reads the parameters of a query as well: of a
    /// request's first line it reads 4 KB, which a text for a phone or the value of a variable may be longer than.
    pub(crate) fn into_parameters(self, method: Method) -> (Vec<(&'static str, Value)>, Option<Value>) {
        let has_body = matches!(method, Method::Post | Method::Put);
        match self.body {
            None if has_body && !self.query.is_empty() => (Vec::new(), Some(in_body(self.query, Map::new()))),
            Some(Value::Object(fields)) if has_body => (Vec::new(), Some(in_body(self.query, fields))),
            body => (self.query, body),
        }
    }
}

fn in_body(query: Vec<(&'static str, Value)>, mut fields: Map<String, Value>) -> Value {
    for (name, value) in query {
        let value = match value {
            // A list of one is shorter as that one, and Asterisk reads the same.
            Value::Array(mut list) if list.len() == 1 => list.remove(0),
            value => value,
        };
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

impl fmt::Debug for Parts {
    /// Without the values, which may not belong into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("path", &self.template).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INFO: OperationInfo =
        OperationInfo::new("things", "turn", Method::Post, "/things/{thingId}/turn/{way}");

    #[test]
    fn no_parameter_can_pass_for_another() {
        let mut parts = Parts::new(&INFO);
        parts.path("thingId", "{way}/a").unwrap();
        parts.path("way", "b c").unwrap();
        assert_eq!(parts.url(), "/things/%7Bway%7D%2Fa/turn/b%20c");
        assert_eq!((parts.text("way"), parts.text("x")), (Some("b c"), None));
    }

    #[test]
    fn what_a_request_cannot_carry_is_an_error_that_names_the_parameter() {
        let mut parts = Parts::new(&INFO);
        let errors = [
            parts.path("way", ""),
            parts.number("offsetms", Some(-1), 0, 9),
            parts.number("offsetms", Some(i128::MAX), 0, i64::MAX),
            parts.list("media", vec!["sound:a,b"]),
            parts.list("media", vec!["a"; 128]),
        ];
        let texts = errors.map(|error| error.unwrap_err().to_string());
        assert_eq!(texts[0], "way: it is empty");
        assert_eq!(texts[1], "offsetms: -1 is not within 0 and 9");
        assert!(texts[2].starts_with("offsetms: "), "{}", texts[2]);
        assert_eq!(texts[3], "media: a comma divides the entries, and \"sound:a,b\" has one");
        assert_eq!(texts[4], "media: it has 128 entries, and Asterisk takes 127");
        assert_eq!(parts, Parts::new(&INFO), "nothing of them was set");
    }

    #[test]
    fn what_was_left_out_stands_nowhere() {
        let mut parts = Parts::new(&INFO);
        parts.query("a", None::<String>);
        parts.number("b", None, 0, 1).unwrap();
        parts.list("c", Vec::<String>::new()).unwrap();
        parts.field("d", None::<Value>);
        parts.body(None::<Value>);
        assert_eq!(parts.clone().into_parameters(Method::Get), (Vec::new(), None));
        assert_eq!(parts.into_parameters(Method::Post), (Vec::new(), None));
    }

    #[test]
    fn what_has_a_body_carries_all_of_it_there() {
        let of = |method, body: Option<Value>| {
            let mut parts = Parts::new(&INFO);
            parts.query("a", Some(1));
            parts.list("b", vec!["x"]).unwrap();
            parts.body(body);
            let (query, body) = parts.into_parameters(method);
            (query.len(), body)
        };
        assert_eq!(of(Method::Post, None), (0, Some(json!({ "a": 1, "b": "x" }))));
        assert_eq!(of(Method::Put, Some(json!({ "c": 2 }))), (0, Some(json!({ "a": 1, "b": "x", "c": 2 }))));
        assert_eq!(of(Method::Put, Some(json!([]))), (2, Some(json!([]))));
        assert_eq!(of(Method::Get, None), (2, None));
    }
}
