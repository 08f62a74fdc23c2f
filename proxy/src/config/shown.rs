//! The effective configuration for a person's eyes: each value and where it comes from, without secrets.

use std::{fmt, path::Path, path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    Config, ConfigError,
    load::{environment, read, variable},
};
use crate::fields::Fields;

/// One value of the configuration as it is used.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its key, with dots between the levels and `[0]` in lists.
    pub key: String,
    /// The value in JSON; a secret is `"***"`.
    pub value: Box<RawValue>,
    /// Where it comes from.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody has written it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// A variable of the environment, by its name.
    Environment(String),
    /// A file with a secret, which the file or the environment names.
    SecretFile(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::SecretFile(file) => write!(f, "secret file {file}"),
        }
    }
}

/// Reads and checks the configuration as [`load`](super::load) does, and tells what it came to, in the order of the keys'
/// declaration.
///
/// # Errors
/// Those of [`load`](super::load).
pub fn settings(file: &Path) -> Result<(Config, Vec<Setting>), ConfigError> {
    let (config, text) = read(file)?;
    let effective = serde_json::to_string(&config)
        .map_err(|error| ConfigError::new(&format!("the configuration cannot be shown: {error}")))?;
    let written = Written { file, text: &text, environment: environment() };
    let mut settings = Vec::new();
    written.collect("", &effective, &mut settings);
    Ok((config, settings))
}

/// What people wrote.
struct Written<'a> {
    file: &'a Path,
    text: &'a str,
    environment: Vec<(String, String)>,
}

impl Written<'_> {
    /// Takes what is effective apart, down to single values and lists of such.
    fn collect(&self, key: &str, effective: &str, settings: &mut Vec<Setting>) {
        if let Some(fields) = Fields::read(effective.as_bytes()) {
            for (name, value) in fields.iter() {
                let key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
                self.collect(&key, value, settings);
            }
            return;
        }
        let items: Vec<&RawValue> = serde_json::from_str(effective).unwrap_or_default();
        if items.iter().any(|item| item.get().starts_with('{')) {
            for (index, item) in items.iter().enumerate() {
                self.collect(&format!("{key}[{index}]"), item.get(), settings);
            }
            return;
        }
        let Ok(value) = RawValue::from_string(effective.to_owned()) else { return };
        settings.push(Setting { key: key.to_owned(), source: self.source(key, effective), value });
    }

    fn source(&self, key: &str, effective: &str) -> Source {
        let of_file = format!("{key}_file");
        let variable_of = |key: &str| self.environment.iter().find(|(name, _)| name == key);
        let named = variable_of(&of_file).map(|(_, file)| file.clone());
        if let Some(file) = named.or_else(|| serde_json::from_str(&at(self.text, &of_file)?).ok()) {
            return Source::SecretFile(file);
        }
        if variable_of(key).is_some_and(|(_, value)| !value.is_empty() || effective == EMPTY) {
            return Source::Environment(variable(key));
        }
        // What is written as nothing, and came to something, was filled in by us.
        let says = |value: &str| value != "null" && (value != EMPTY || effective == EMPTY);
        if at(self.text, key).is_some_and(|value| says(&value)) {
            return Source::File(self.file.to_owned());
        }
        Source::Default
    }
}

/// An empty string, in JSON.
const EMPTY: &str = "\"\"";

/// What stands at a key in a JSON text.
fn at(text: &str, key: &str) -> Option<String> {
    // The names of applications and the like may hold dots: whatever the object has is tried.
    let fields = Fields::read(text.as_bytes())?;
    fields.iter().find_map(|(name, value)| match key.strip_prefix(name)? {
        "" => Some(value.to_owned()),
        rest => match rest.strip_prefix('.') {
            Some(below) => at(value, below),
            None => {
                let (index, below) = rest.strip_prefix('[')?.split_once(']')?;
                let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
                at(items.get(index.parse::<usize>().ok()?)?.get(), below.strip_prefix('.')?)
            }
        },
    })
}

/// Writes a duration as the configuration has it.
pub(super) fn duration<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Writes that there is a secret, or that there is none.
pub(super) fn secret<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if secret.expose_secret().is_empty() { "" } else { HIDDEN })
}

/// Writes that there may be a secret.
pub(super) fn maybe_secret<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| HIDDEN).serialize(serializer)
}

/// Writes where a URL leads, and neither who goes there nor what else it holds.
pub(super) fn url<S: Serializer>(url: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_credentials(url.expose_secret()))
}

/// A URL, or several separated by commas, without user, password and query: everything up to the last `@` goes, since a
/// password may hold whatever it likes.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() { String::new() } else { HIDDEN.to_owned() };
    };
    let (credentials, rest) = match rest.rsplit_once('@') {
        // Whether this is a password with a question mark or a query with an at sign only the bus itself can say.
        Some((before, _)) if before.contains(['?', '#']) => return format!("{scheme}://{HIDDEN}"),
        Some((_, rest)) => (format!("{HIDDEN}@"), rest),
        None => (String::new(), rest),
    };
    let (place, rest) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let more = if rest.is_empty() { String::new() } else { format!("?{HIDDEN}") };
    format!("{scheme}://{credentials}{place}{more}")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn shown(text: &str) -> Vec<(String, String, String)> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let settings = settings(file.path()).unwrap().1.into_iter();
        let source = |source: Source| match source {
            Source::File(_) => "file".to_owned(),
            source => source.to_string(),
        };
        settings.map(|one| (one.key, one.value.get().to_owned(), source(one.source))).collect()
    }

    const CONFIG: &str = r#"{
        "server_id": "bar", "applications": ["foo", "bar"], "ws_user": "user", "ws_password": "hunter2",
        "websocket_url": "ws://localhost:8080/ari/events", "stasis_url": "http://localhost:8080/ari",
        "message_bus": "NATS", "bus_config": {"url": "nats://me:hunter2@bus:4222,you:hunter2@bus2"},
        "dialog": {"linger": "1500ms", "unanswered": {"action": "move", "application": "over"}}
    }"#;

    #[test]
    fn each_value_says_where_it_comes_from() {
        let shown = shown(CONFIG);
        let of = |key: &str| {
            let found = shown.iter().find(|(one, ..)| one == key);
            found.map_or_else(|| panic!("no {key} in {shown:#?}"), |(_, value, source)| (&**value, &**source))
        };
        assert_eq!(of("server_id"), (r#""bar""#, "file"));
        assert_eq!(of("applications"), (r#"["foo","bar"]"#, "file"));
        assert_eq!(of("ws_password"), (r#""***""#, "file"));
        assert_eq!(of("bus_config.url"), (r#""nats://***@bus2""#, "file"));
        assert_eq!(of("bus_config.topology"), (r#""dedicated""#, "default"));
        assert_eq!(of("dialog.linger"), (r#""1s 500ms""#, "file"));
        assert_eq!(of("dialog.lease"), (r#""2s""#, "default"));
        assert_eq!(of("dialog.unanswered.application"), (r#""over""#, "file"));
        assert_eq!(of("dialog.unanswered.then.action"), (r#""continue""#, "default"));
        assert_eq!(of("log"), (r#""info""#, "default"));
        assert!(!format!("{shown:?}").contains("hunter2"));
        // In the order of the declaration.
        assert_eq!(shown[1].0, "server_id");
    }

    #[test]
    fn a_secret_from_a_file_says_so() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"hunter2").unwrap();
        let path = file.path().display().to_string();
        let written = format!(r#""ws_password_file": "{path}""#);
        let shown = shown(&CONFIG.replace(r#""ws_password": "hunter2""#, &written));
        let (_, value, source) = shown.iter().find(|(one, ..)| one == "ws_password").unwrap();
        assert_eq!((&**value, source.clone()), (r#""***""#, format!("secret file {path}")));
    }

    #[test]
    fn what_was_filled_in_is_a_default() {
        let bus = r#""url": "nats://me:hunter2@bus:4222,you:hunter2@bus2""#;
        let shown = shown(&CONFIG.replace(bus, r#""url": """#));
        let url = shown.iter().find(|(key, ..)| key == "bus_config.url").unwrap();
        assert_eq!((&*url.1, &*url.2), (r#""nats://127.0.0.1:4222""#, "default"));
    }

    #[test]
    fn lists_of_objects_are_taken_apart() {
        let shown = shown(
            r#"{"applications": ["foo"], "message_bus": "NATS", "websocket_listen": {"address": "0.0.0.0:8089",
            "asterisks": [{"server_id": "pbx-1", "password": "hunter2"}]}}"#,
        );
        let key = "websocket_listen.asterisks[0].password";
        let (_, value, source) = shown.iter().find(|(one, ..)| one == key).unwrap();
        assert_eq!((&**value, &**source), (r#""***""#, "file"));
    }

    #[test]
    fn no_url_keeps_what_may_be_a_secret() {
        for (url, shown) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://token@host", "nats://***@host"),
            ("amqp://u:a@b@host:5672/%2f", "amqp://***@host:5672/%2f"),
            ("amqp://u:a/b@host/v", "amqp://***@host/v"),
            ("amqp://host?password=p@q", "amqp://***"),
            ("amqp://u:a?b@host", "amqp://***"),
            ("amqp://host?password=p", "amqp://host?***"),
            ("secret", "***"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(url), shown, "{url}");
        }
    }
}
