//! How the steps for a caller whom no worker takes are written: each object is one step, and what follows it is in `then`.
//!
//! What is wrong with a single value, its own reader says; what is wrong between several, the step that is made of them.

use ari_bus::protocol::check_application;
use serde::{Deserialize, Deserializer, de::Error};

use super::{
    super::values::{number, without_url},
    Cause, Place, Reason, Step, Unanswered,
};

/// The steps that one may write. More than two or three are a plan that nobody can test.
const MAX_STEPS: usize = 4;
/// The longest context, extension or label, in bytes: Asterisk keeps 80 with the NUL at the end.
const MAX_PLACE: usize = 79;
/// The longest arguments of an application, in bytes: encoded they are a part of one request's line.
const MAX_ARGS: usize = 500;

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    action: Action,
    #[serde(default, deserialize_with = "place")]
    context: Option<String>,
    #[serde(default, deserialize_with = "place")]
    extension: Option<String>,
    #[serde(default, deserialize_with = "priority")]
    priority: Option<u64>,
    #[serde(default, deserialize_with = "place")]
    label: Option<String>,
    reason: Option<Reason>,
    #[serde(default, deserialize_with = "cause")]
    cause: Option<u64>,
    #[serde(default, deserialize_with = "application")]
    application: Option<String>,
    #[serde(default, deserialize_with = "args")]
    args: Option<String>,
    then: Option<Box<Unanswered>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Continue,
    Hangup,
    Move,
}

impl Action {
    /// Its name, and the keys that it knows.
    fn keys(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Continue => ("continue", &["context", "extension", "priority", "label"]),
            Self::Hangup => ("hangup", &["reason", "cause"]),
            Self::Move => ("move", &["application", "args"]),
        }
    }
}

impl TryFrom<Written> for Unanswered {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let there = [
            ("context", written.context.is_some()),
            ("extension", written.extension.is_some()),
            ("priority", written.priority.is_some()),
            ("label", written.label.is_some()),
            ("reason", written.reason.is_some()),
            ("cause", written.cause.is_some()),
            ("application", written.application.is_some()),
            ("args", written.args.is_some()),
        ];
        let (action, known) = written.action.keys();
        if let Some((stray, _)) = there.iter().find(|(key, there)| *there && !known.contains(key)) {
            return Err(format!("{stray} says nothing about {action:?}, which knows {}", known.join(", ")));
        }
        let first = match written.action {
            Action::Continue => {
                let Written { context, extension, priority, label, .. } = written;
                if priority.is_some() && label.is_some() {
                    return Err("priority and label are both there, and name the same place".to_owned());
                }
                Step::Continue(Place { context, extension, priority, label })
            }
            Action::Hangup => Step::Hangup(match (written.reason, written.cause) {
                (Some(_), Some(_)) => {
                    return Err("reason and cause are both there, and say the same".to_owned());
                }
                (Some(reason), None) => Cause::Reason(reason),
                (None, Some(cause)) => Cause::Number(cause),
                (None, None) => Cause::Normal,
            }),
            Action::Move => {
                let application = written.application;
                let application = application.ok_or("application is missing: where to move calls")?;
                Step::Move { application, args: written.args.unwrap_or_default() }
            }
        };
        let unanswered = Self::new(first, written.then.map(|then| *then));
        if unanswered.written > MAX_STEPS {
            return Err(format!("has more than {MAX_STEPS} steps, one in the other"));
        }
        Ok(unanswered)
    }
}

/// A text that becomes a part of a request's line, if it is one.
fn text<'de, D: Deserializer<'de>>(deserializer: D, longest: usize) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match &text {
        Some(text) if text.len() > longest => {
            Err(D::Error::custom(format!("is longer than {longest} bytes")))
        }
        Some(text) if text.contains(char::is_control) => Err(D::Error::custom("holds a control character")),
        _ => Ok(text),
    }
}

fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match text(deserializer, MAX_PLACE)? {
        Some(text) if text.is_empty() => {
            Err(D::Error::custom("is empty: leave it out for where the call is"))
        }
        place => Ok(place),
    }
}

fn args<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, MAX_ARGS)
}

fn application<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    if let Some(name) = &name {
        check_application(name).map_err(|error| D::Error::custom(without_url(name, error.to_string())))?;
    }
    Ok(name)
}

fn priority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    number(deserializer, 1..=99_999)
}

fn cause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    number(deserializer, 1..=127)
}
