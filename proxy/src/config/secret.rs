//! Secrets from files: wherever a key holds a secret, the same key with `_file` behind it names a file that does.
//!
//! Here stands which keys these are. The files are read once, when the configuration is.

use std::path::Path;

use ari_bus::security::{is_exposed, read_secret};
use figment::value::{Dict, Value};
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use super::check::{Problem, problem};

/// The keys that hold a secret; `[]` stands for each of a list.
const SECRETS: [&str; 9] = [
    "ws_password",
    "bus_config.url",
    "bus_config.login.password",
    "bus_config.login.token",
    "bus_config.login.nkey",
    "bus_config.login.credentials",
    "websocket_listen.asterisks[].password",
    "http.token",
    "stream.ami.secret",
];

/// Puts each secret that stands in a file into its place, and says which files everybody can read.
pub(super) fn from_files(values: &mut Dict, warnings: &mut Vec<String>) -> Result<(), Problem> {
    SECRETS.iter().try_for_each(|path| visit(values, "", path, warnings))
}

/// Goes down a path. What is not of the shape that it needs is told when the whole is read.
fn visit(values: &mut Dict, above: &str, path: &str, warnings: &mut Vec<String>) -> Result<(), Problem> {
    let Some((first, rest)) = path.split_once('.') else { return from_file(values, above, path, warnings) };
    match (first.strip_suffix("[]"), values.get_mut(first.trim_end_matches("[]"))) {
        (None, Some(Value::Dict(_, inner))) => visit(inner, &format!("{above}{first}."), rest, warnings),
        (Some(name), Some(Value::Array(_, list))) => {
            for (index, item) in list.iter_mut().enumerate() {
                if let Value::Dict(_, inner) = item {
                    visit(inner, &format!("{above}{name}[{index}]."), rest, warnings)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn from_file(values: &mut Dict, above: &str, name: &str, warnings: &mut Vec<String>) -> Result<(), Problem> {
    let Some(file) = values.remove(&format!("{name}_file")) else { return Ok(()) };
    let key = format!("{above}{name}_file");
    let Some(file) = file.as_str().filter(|file| !file.is_empty()).map(Path::new) else {
        return Err(problem(key, "names no file"));
    };
    // An empty one is as good as none: the sample has one for the URL.
    if values.get(name).is_some_and(|value| value.as_str() != Some("")) {
        return Err(problem(key, format!("stands beside {above}{name}: leave one of them out")));
    }
    let secret = read_secret(file).map_err(|error| problem(key.as_str(), error.to_string()))?;
    warn_if_exposed(&key, file, warnings);
    values.insert(name.to_owned(), secret.expose_secret().into());
    Ok(())
}

/// What is to be said of a configuration file with secrets in it that everybody on the machine can read.
pub(super) fn warning_of(file: &Path, text: &str) -> Option<String> {
    let values = serde_json::from_str(text).ok()?;
    let secret = SECRETS.iter().find(|path| holds(&values, path))?;
    exposed(secret, file).map(|warning| warning + ", or see docs/tls.md for a file of its own")
}

/// Whether a secret stands at a path.
fn holds(values: &Json, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let of = |value: &Json| match (rest, value.as_str()) {
        (Some(rest), _) => holds(value, rest),
        // A URL without credentials is none.
        (None, Some(url)) if path == "url" => url.contains('@'),
        (None, secret) => secret.is_some_and(|secret| !secret.is_empty()),
    };
    match first.strip_suffix("[]") {
        Some(list) => values[list].as_array().is_some_and(|items| items.iter().any(of)),
        None => of(&values[first]),
    }
}

/// A file with a secret in it that everybody on the machine can read is used, and told.
pub(super) fn warn_if_exposed(key: &str, file: &Path, warnings: &mut Vec<String>) {
    warnings.extend(exposed(key, file));
}

fn exposed(key: &str, file: &Path) -> Option<String> {
    let warning = || format!("{key}: everybody on this machine can read {}: chmod o-r", file.display());
    is_exposed(file).then(warning)
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, io::Write as _, os::unix::fs::PermissionsExt as _};

    use figment::{
        Figment,
        providers::{Format as _, Json},
    };
    use tempfile::NamedTempFile;

    use super::*;

    fn read(json: &str) -> (Result<Dict, String>, Vec<String>) {
        let (mut values, mut warnings) =
            (Figment::from(Json::string(json)).extract::<Dict>().unwrap(), Vec::new());
        let read = from_files(&mut values, &mut warnings);
        (read.map(|()| values).map_err(|Problem { key, problem }| format!("{key}: {problem}")), warnings)
    }

    fn secret_file(mode: u32) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(b"s3cret\n").unwrap();
        std::fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn each_secret_may_stand_in_a_file() {
        let file = secret_file(0o600);
        let path = file.path().display();
        let (values, warnings) = read(&format!(
            r#"{{"ws_password_file": "{path}", "bus_config": {{"url": "", "url_file": "{path}", "login": {{"nkey_file": "{path}"}}}},
                "websocket_listen": {{"asterisks": [{{}}, {{"password_file": "{path}"}}]}}}}"#
        ));
        let values = Value::from(values.unwrap());
        for path in ["ws_password", "bus_config.url", "bus_config.login.nkey"] {
            assert_eq!(values.find_ref(path).and_then(Value::as_str), Some("s3cret"), "{path}");
        }
        let listed = values.find_ref("websocket_listen.asterisks").and_then(Value::as_array).unwrap();
        assert_eq!(listed[1].find_ref("password").and_then(Value::as_str), Some("s3cret"));
        assert!(values.find_ref("ws_password_file").is_none());
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_with_its_key() {
        let file = secret_file(0o600);
        let path = file.path().display();
        for (json, told) in [
            (
                r#"{"ws_password_file": "no/such"}"#.to_owned(),
                "ws_password_file: cannot read no/such: there is no such file",
            ),
            (r#"{"ws_password_file": 7}"#.to_owned(), "ws_password_file: names no file"),
            (r#"{"ws_password_file": ""}"#.to_owned(), "ws_password_file: names no file"),
            (
                format!(r#"{{"bus_config": {{"url": "nats://other", "url_file": "{path}"}}}}"#),
                "bus_config.url_file: stands beside bus_config.url",
            ),
            (
                r#"{"websocket_listen": {"asterisks": [{"password_file": "no/such"}]}}"#.to_owned(),
                "websocket_listen.asterisks[0].password_file: cannot read",
            ),
        ] {
            let error = read(&json).0.unwrap_err();
            assert!(
                error.starts_with(told) && !error.contains("s3cret") && !error.contains("other"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_that_everybody_can_read_is_warned_about() {
        let file = secret_file(0o644);
        let (values, warnings) = read(&format!(r#"{{"ws_password_file": "{}"}}"#, file.path().display()));
        assert!(values.is_ok());
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("ws_password_file: everybody") && !warnings[0].contains("s3cret"),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_configuration_with_secrets_that_everybody_can_read_is_warned_about() {
        let (open, closed) = (secret_file(0o644), secret_file(0o640));
        for (text, told) in [
            (r#"{"ws_password": "s3cret"}"#, Some("ws_password: ")),
            (r#"{"bus_config": {"url": "nats://me:s3cret@bus"}}"#, Some("bus_config.url: ")),
            (
                r#"{"websocket_listen": {"asterisks": [{}, {"password": "s3cret"}]}}"#,
                Some("websocket_listen.asterisks[].password: "),
            ),
            (r#"{"bus_config": {"url": "nats://bus"}, "ws_password": "", "http": []}"#, None),
        ] {
            let warning = warning_of(open.path(), text);
            assert_eq!(warning.is_some(), told.is_some(), "{text}: {warning:?}");
            let warning = warning.unwrap_or_default();
            assert!(
                warning.starts_with(told.unwrap_or_default()) && !warning.contains("s3cret"),
                "{warning}"
            );
            assert_eq!(warning_of(closed.path(), text), None);
        }
    }
}
