//! A parameter as a builder has it.

use super::{Writer, names};
use crate::{Error, Operation, Parameter, Place, Resource, Result};

/// What a parameter is in Rust.
enum Kind {
    /// `String`, an id, or whole JSON: anything that becomes one.
    Into(String),
    /// A choice, a number, a boolean: taken as it is.
    Plain(String),
    Milliseconds,
    Seconds,
    /// Seconds, or without an end.
    Timeout,
    /// Names with values, of this type.
    Settings(&'static str),
    /// Names with values in their order.
    Tuples,
}

/// A parameter with all that is known of it.
pub(super) struct Argument<'a> {
    pub(super) parameter: &'a Parameter,
    /// What it is called in Rust.
    pub(super) name: String,
    pub(super) words: String,
    kind: Kind,
}

impl Writer<'_> {
    pub(super) fn argument<'a>(
        &mut self,
        resource: &Resource,
        operation: &Operation,
        parameter: &'a Parameter,
    ) -> Result<Argument<'a>> {
        let at = format!("{}.{}", resource.name, operation.name);
        let given = self.words.parameter_type(&at, &parameter.name);
        let plain = |name: &str| Kind::Plain(name.to_owned());
        let kind = match (given, parameter.kind.as_str()) {
            (Some("milliseconds"), "int") => Kind::Milliseconds,
            (Some("seconds"), "int") => Kind::Seconds,
            (Some("timeout"), "int") => Kind::Timeout,
            (Some("tuples"), "containers") => Kind::Tuples,
            (Some("json"), "containers") => Kind::Settings("Value"),
            (Some(id), "string") if self.words.is_id(id) => Kind::Into(id.to_owned()),
            (given, "string") if !parameter.values.is_empty() && given.is_none_or(is_type) => {
                let fallback = names::pascal(&operation.name) + &names::pascal(&parameter.name);
                let name = given.map_or(fallback, str::to_owned);
                self.listed.choice(&name, &parameter.values)?;
                Kind::Plain(name)
            }
            (None, "string") => Kind::Into("String".to_owned()),
            (None, "int") => plain("i32"),
            (None, "long") => plain("i64"),
            (None, "double") => plain("f64"),
            (None, "boolean") => plain("bool"),
            (None, "containers") => Kind::Settings("String"),
            (None, "object") => Kind::Into("Value".to_owned()),
            (given, kind) => {
                let problem = format!("{} of {at} is {kind}, in Rust {given:?}", parameter.name);
                return Err(Error::description(&resource.name, problem));
            }
        };
        let name = self.words.parameter_name(&at, &parameter.name);
        let name = name.map_or_else(|| names::field(&parameter.name), str::to_owned);
        Ok(Argument { parameter, name, words: self.words.parameter(&at, &parameter.name), kind })
    }
}

/// Whether it names a type of ours, not a unit.
fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

impl Argument<'_> {
    fn one(&self) -> String {
        match &self.kind {
            Kind::Into(name) | Kind::Plain(name) => name.clone(),
            Kind::Milliseconds | Kind::Seconds => "Duration".to_owned(),
            Kind::Timeout => "Timeout".to_owned(),
            Kind::Settings(value) => format!("BTreeMap<String, {value}>"),
            Kind::Tuples => "Vec<(String, String)>".to_owned(),
        }
    }

    /// The field that holds it.
    pub(super) fn field(&self) -> String {
        let one = self.one();
        let kind = match self.parameter {
            Parameter { list: true, .. } => format!("Vec<{one}>"),
            Parameter { required: true, .. } => one,
            _ => format!("Option<{one}>"),
        };
        format!("{}: {kind},\n", self.name)
    }

    /// What a caller gives.
    pub(super) fn taken(&self) -> String {
        let one = self.one();
        let kind = match &self.kind {
            _ if self.parameter.list => format!("impl IntoIterator<Item = impl Into<{one}>>"),
            Kind::Into(_) | Kind::Timeout => format!("impl Into<{one}>"),
            Kind::Plain(_) | Kind::Milliseconds | Kind::Seconds => one,
            Kind::Settings(value) => {
                format!("impl IntoIterator<Item = (impl Into<String>, impl Into<{value}>)>")
            }
            Kind::Tuples => "impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>".to_owned(),
        };
        format!("{}: {kind}", self.name)
    }

    /// That as the field has it.
    pub(super) fn held(&self) -> String {
        let name = &self.name;
        match &self.kind {
            _ if self.parameter.list => format!("texts({name})"),
            Kind::Into(_) | Kind::Timeout => format!("{name}.into()"),
            Kind::Plain(_) | Kind::Milliseconds | Kind::Seconds => name.clone(),
            Kind::Settings(_) => format!("settings({name})"),
            Kind::Tuples => format!("pairs({name})"),
        }
    }

    /// The line that puts it into the request.
    pub(super) fn put(&self) -> String {
        let Parameter { name, place, required, list, range, .. } = self.parameter;
        let least = range.least;
        let (least, most) = (
            least.map_or_else(|| "i32::MIN.into()".to_owned(), |least| least.to_string()),
            range.most.map_or_else(|| "i32::MAX.into()".to_owned(), |most| most.to_string()),
        );
        let field = format!("self.{}", self.name);
        let given = if *required { format!("Some({field})") } else { field.clone() };
        let made = |how: &str| {
            if *required { format!("Some({how}({field}))") } else { format!("{field}.map({how})") }
        };
        let number =
            |unit: &str, least: &str| format!("parts.number({name:?}, {}, {least}, {most})?;\n", made(unit));
        match &self.kind {
            _ if *place == Place::Path => format!("parts.path({name:?}, {field})?;\n"),
            _ if *list => format!("parts.list({name:?}, {field})?;\n"),
            Kind::Milliseconds => number("milliseconds", "0"),
            Kind::Seconds => number("seconds", "0"),
            Kind::Timeout => number("Timeout::seconds", "-1"),
            Kind::Plain(int) if int == "i32" && *range != crate::Range::default() => {
                number("i128::from", &least)
            }
            Kind::Settings(_) => format!("parts.field({name:?}, {});\n", made("Value::from_iter")),
            Kind::Tuples => format!("parts.field({name:?}, {});\n", made("tuples")),
            Kind::Into(kind) if *place == Place::Body && kind == "Value" => format!("parts.body({given});\n"),
            _ if *place == Place::Body => format!("parts.field({name:?}, {given});\n"),
            Kind::Into(_) | Kind::Plain(_) => format!("parts.query({name:?}, {given});\n"),
        }
    }

    /// What it is in the list of all operations.
    pub(super) fn info(&self) -> String {
        let Parameter { name, place, required, list, values, .. } = self.parameter;
        let mut info = match place {
            Place::Path => format!("ParameterInfo::path({name:?})"),
            Place::Query => format!("ParameterInfo::query({name:?})"),
            Place::Body => format!("ParameterInfo::body({name:?})"),
        };
        if *required && *place != Place::Path {
            info.push_str(".required()");
        }
        if *list {
            info.push_str(".list()");
        }
        if !values.is_empty() {
            info.push_str(&format!(".values(&{values:?})"));
        }
        info
    }
}
