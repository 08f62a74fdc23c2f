//! Reading the configuration: each error is one line that names the file, the key and what is wrong.

use std::{collections::HashSet, io::ErrorKind, path::Path};

use ari_bus::BusError;
use figment::{
    Figment,
    error::{Actual, Kind},
    providers::{Env, Format, Json, Serialized},
    value::Dict,
};
use serde_json::{Value, json};

use super::{Config, check::check, secret, values::without_url};
use crate::fields::Fields;

/// What the environment's variables begin with: `ARI_PROXY_BUS_CONFIG__URL` is `bus_config.url`.
const ENVIRONMENT: &str = "ARI_PROXY_";

/// A configuration that cannot be used, in one line for whoever wrote it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Keys, values and paths may hold anything: what would break the line or the terminal is escaped.
    pub(super) fn new(text: &str) -> Self {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let shown = |line: String, c: char| match c {
            c if breaks(c) => line + &c.escape_default().to_string(),
            c => line + c.encode_utf8(&mut [0; 4]),
        };
        Self(text.chars().fold(String::new(), shown))
    }

    /// Names where the value of a key comes from: a variable of the environment or the file.
    fn at(file: &Path, key: &str, problem: &str) -> Self {
        let plain = key.split('[').next().unwrap_or(key);
        let below = format!("{plain}.");
        let found = environment().into_iter().find(|(name, _)| name == plain || name.starts_with(&below));
        let source = found.map_or_else(
            || file.display().to_string(),
            |(name, _)| format!("environment variable {}", variable(&name)),
        );
        Self::new(&format!("{source}: {key}: {problem}"))
    }
}

/// The bus could not be made from a configuration that [`load`] had read from `file`: only its own code knows all
/// that its URL may hold, and its keys and credentials.
#[must_use]
pub fn refused_by_bus(file: &Path, error: &BusError) -> ConfigError {
    let text = error.to_string();
    match text.split_once(": ").filter(|(key, _)| key.starts_with("login") || key.starts_with("tls")) {
        Some((key, problem)) => ConfigError::at(file, &format!("bus_config.{key}"), problem),
        None => ConfigError::at(file, "bus_config.url", &text),
    }
}

/// Reads the configuration from a file and the environment, and checks it.
///
/// # Errors
/// One line that names the key, the value's problem and where it comes from.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    read(file).map(|(config, _)| config)
}

/// Does so, and returns the file's text as well.
pub(super) fn read(file: &Path) -> Result<(Config, String), ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => "; copy config.json.example there or name a file with --config",
            _ => "",
        };
        ConfigError::new(&format!("{}: {error}{hint}", file.display()))
    })?;
    // Read as text first: an error in the file's syntax is told with line and column, whatever the layer above does.
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        // An error that is not one of syntax repeats the value.
        let syntax = if error.is_data() { String::new() } else { format!(": {error}") };
        return Err(ConfigError::new(&format!("{}: not a JSON object{syntax}", file.display())));
    }
    if let Some(key) = twice(&text) {
        return Err(ConfigError::new(&format!("{}: {key}: stands there twice", file.display())));
    }
    // Merged one by one as text: figment would take a password of digits for a number.
    let mut figment = Figment::from(Json::string(&text));
    for (key, value) in environment() {
        // Figment would put what stands below a key in the place of a value that stands there already.
        for (parent, _) in key.match_indices('.').map(|(at, _)| key.split_at(at)) {
            if let Ok(value) = figment.find_value(parent)
                && value.as_dict().is_none()
            {
                let problem =
                    format!("is {} already, this variable wants an object", type_of(&value.to_actual()));
                return Err(ConfigError::at(file, parent, &problem));
            }
        }
        figment = figment.merge((key.as_str(), value.as_str()));
    }
    let mistaken = |error: figment::Error| {
        let (key, problem) = describe(&error);
        ConfigError::at(file, &key, &problem)
    };
    let (mut values, mut warnings) = (figment.extract::<Dict>().map_err(mistaken)?, Vec::new());
    secret::from_files(&mut values, &mut warnings)
        .map_err(|bad| ConfigError::at(file, &bad.key, &bad.problem))?;
    warnings.extend(secret::warning_of(file, &text));
    let config: Config = Figment::from(Serialized::globals(&values)).extract().map_err(mistaken)?;
    if let Some(key) = list_for_object(&json!(values), &json!(config)) {
        return Err(ConfigError::at(file, &key, LISTED));
    }
    let config =
        check(Config { warnings, ..config }).map_err(|bad| ConfigError::at(file, &bad.key, &bad.problem))?;
    Ok((config, text))
}

/// The first key that stands twice in its object: JSON's readers take the last of them without a word.
fn twice(object: &str) -> Option<String> {
    let fields = Fields::read(object.as_bytes())?;
    let mut seen = HashSet::new();
    fields.iter().find_map(|(key, value)| match seen.insert(key) {
        true => twice(value).map(|below| format!("{key}.{below}")),
        false => Some(key.to_owned()),
    })
}

/// What is wrong with that.
const LISTED: &str = "is a list, expected an object";

/// The first key whose object was written as a list: serde takes one for the values of an object's keys in their order.
fn list_for_object(written: &Value, read: &Value) -> Option<String> {
    let below = |key: &str, inner: Option<String>| match inner?.as_str() {
        "" => Some(key.to_owned()),
        inner if inner.starts_with('[') => Some(format!("{key}{inner}")),
        inner => Some(format!("{key}.{inner}")),
    };
    match (written, read) {
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        (Value::Array(written), Value::Array(read)) => {
            let mut both = written.iter().zip(read).enumerate();
            both.find_map(|(index, (written, read))| {
                below(&format!("[{index}]"), list_for_object(written, read))
            })
        }
        (Value::Object(written), Value::Object(read)) => {
            let mut both = written.iter().filter_map(|(key, written)| Some((key, written, read.get(key)?)));
            both.find_map(|(key, written, read)| below(key, list_for_object(written, read)))
        }
        _ => None,
    }
}

/// The variables that are meant for us, as keys with dots and their values.
pub(super) fn environment() -> Vec<(String, String)> {
    let variables = Env::prefixed(ENVIRONMENT).split("__").lowercase(true);
    variables.iter().map(|(key, value)| (key.as_str().to_lowercase(), value)).collect()
}

/// The variable's name for a key.
pub(super) fn variable(key: &str) -> String {
    format!("{ENVIRONMENT}{}", key.replace('.', "__").to_uppercase())
}

/// The key and the problem of an error of figment's; of several the first. A value is shown only where it could not be
/// a secret: see values.rs.
fn describe(error: &figment::Error) -> (String, String) {
    // As in `asterisks[0].password`.
    let path = error.path.iter().fold(String::new(), |path, part| match part.parse::<usize>() {
        _ if path.is_empty() => part.clone(),
        Ok(index) => format!("{path}[{index}]"),
        Err(_) => format!("{path}.{part}"),
    });
    // Figment names the field in the path for some kinds of error and not for others.
    let with = |name: &str| match path.as_str() {
        "" => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    match &error.kind {
        Kind::MissingField(name) => (with(name), "is missing".to_owned()),
        Kind::UnknownField(name, known) => {
            (with(name), format!("is not a key of the configuration; known here: {}", known.join(", ")))
        }
        Kind::InvalidType(actual, expected) => {
            let expected = if expected.starts_with("struct ") { "an object" } else { expected };
            (path, format!("is {}, expected {expected}", type_of(actual)))
        }
        Kind::InvalidValue(actual, expected) => {
            (path, format!("is {} that cannot be used, expected {expected}", type_of(actual)))
        }
        // Only where a list is taken for the values of an object's keys, and has too few: see `list_for_object`.
        Kind::InvalidLength(..) => (path, LISTED.to_owned()),
        // A word in the place of one of ours.
        Kind::UnknownVariant(word, known) => {
            let allowed = known.join(", ");
            (path, without_url(word, format!("{word:?} is none of {allowed}")))
        }
        // Our own texts.
        Kind::Message(text) => (path, text.clone()),
        _ => (path, "has a value that cannot be used".to_owned()),
    }
}

/// What a value is, in the words of JSON.
fn type_of(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "a boolean",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a string",
        Actual::Unit | Actual::Option => "null",
        Actual::Seq => "a list",
        Actual::Map => "an object",
        _ => "a value of another type",
    }
}

#[cfg(test)]
mod tests;
