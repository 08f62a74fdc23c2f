//! What a worker is told by environment variables. The crate's front page has the table.

use std::{ffi::OsString, path::Path, time::Duration};

use ari_bus::security::read_secret;
use secrecy::ExposeSecret as _;

use super::{OnFailure, Settings, secured::Secured};
use crate::error::WorkerError;

const PREFIX: &str = "ARI_WORKER_";
const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// The bus's URL and the settings.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(String, Settings), WorkerError> {
    let mut settings = Settings::default();
    let (mut url, mut secured) = (None, Secured::default());
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let value = value.to_str().ok_or_else(|| WorkerError::setting(name, "is not UTF-8"))?.trim();
        // Set to nothing is not set: what a container's empty variable means.
        if value.is_empty() {
            continue;
        }
        match &name[PREFIX.len()..] {
            "BUS_URL" => set_url(&mut url, name, value.to_owned())?,
            "BUS_URL_FILE" => {
                let text = read_secret(Path::new(value))
                    .map_err(|error| WorkerError::setting(name, error.to_string()))?;
                set_url(&mut url, name, text.expose_secret().trim().to_owned())?;
            }
            "APPLICATIONS" => settings.applications = list(value),
            "QUEUE" => settings.queue = value.to_owned(),
            "PREFIX" => settings.prefix = value.to_owned(),
            "LIMIT" => settings.limit = number(name, value)?,
            "NAME" => settings.name = value.to_owned(),
            "DRAIN_SECONDS" => settings.drain_timeout = seconds(name, value)?,
            "CONNECT_SECONDS" => settings.connect_deadline = seconds(name, value)?,
            "COMMAND_SECONDS" => settings.command_deadline = seconds(name, value)?,
            "WRAP_UP_SECONDS" => settings.wrap_up = seconds(name, value)?,
            "ON_FAILURE" => settings.on_failure = on_failure(name, value)?,
            key if secured.set(name, key, value)? => {}
            _ => return Err(WorkerError::setting(name, "there is no such setting")),
        }
    }
    settings.security = secured.security()?;
    Ok((url.unwrap_or_else(|| DEFAULT_URL.to_owned()), settings))
}

fn set_url(url: &mut Option<String>, name: &str, value: String) -> Result<(), WorkerError> {
    match url.replace(value) {
        None => Ok(()),
        Some(_) => Err(WorkerError::setting(name, "the URL is given twice, as BUS_URL and as BUS_URL_FILE")),
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn on_failure(name: &str, value: &str) -> Result<OnFailure, WorkerError> {
    match value {
        "hang_up" => Ok(OnFailure::HangUp),
        "continue" => Ok(OnFailure::Continue),
        _ => Err(WorkerError::setting(name, format!("{value:?} is neither hang_up nor continue"))),
    }
}

fn number(name: &str, value: &str) -> Result<usize, WorkerError> {
    value.parse().map_err(|_| WorkerError::setting(name, format!("{value:?} is not a whole number")))
}

fn seconds(name: &str, value: &str) -> Result<Duration, WorkerError> {
    let seconds: f64 = value.parse().unwrap_or(f64::NAN);
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| WorkerError::setting(name, format!("{value:?} is not a number of seconds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> Result<(String, Settings), String> {
        read(variables.iter().map(|(name, value)| (name.into(), value.into())))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let (url, settings) = read_all(&[("PATH", "/bin"), ("ARI_WORKER_QUEUE", "")]).unwrap();
        assert_eq!((url.as_str(), settings.limit), (DEFAULT_URL, crate::limits::CALLS_AT_ONCE));
        assert_eq!(settings.queue_of("hello"), "hello");
    }

    #[test]
    fn every_variable_is_heard() {
        let (url, settings) = read_all(&[
            ("ARI_WORKER_BUS_URL", "amqp://bus"),
            ("ARI_WORKER_APPLICATIONS", "a, b,"),
            ("ARI_WORKER_QUEUE", "q"),
            ("ARI_WORKER_PREFIX", "p."),
            ("ARI_WORKER_LIMIT", "7"),
            ("ARI_WORKER_NAME", "n"),
            ("ARI_WORKER_DRAIN_SECONDS", "1.5"),
            ("ARI_WORKER_CONNECT_SECONDS", "2"),
            ("ARI_WORKER_COMMAND_SECONDS", "3"),
            ("ARI_WORKER_WRAP_UP_SECONDS", "4"),
            ("ARI_WORKER_ON_FAILURE", "continue"),
        ])
        .unwrap();
        assert_eq!(url, "amqp://bus");
        assert_eq!(settings.applications, ["a", "b"]);
        assert_eq!((settings.queue_of("a"), settings.prefix.as_str(), settings.limit), ("q", "p.", 7));
        assert_eq!(settings.name, "n");
        let Settings { drain_timeout, connect_deadline, command_deadline, wrap_up, .. } = settings;
        let times = [drain_timeout, connect_deadline, command_deadline, wrap_up];
        assert_eq!(times.map(|time| time.as_millis()), [1500, 2000, 3000, 4000]);
        assert_eq!(settings.on_failure, OnFailure::Continue);
    }

    #[test]
    fn a_connection_is_secured_by_files_and_by_variables() {
        use ari_bus::security::Login;

        let file = format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
        let login = |variables: &[(&str, &str)]| {
            let variables: Vec<_> =
                variables.iter().map(|(name, value)| (format!("ARI_WORKER_BUS_{name}"), *value)).collect();
            let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            read_all(&variables).map(|(_, settings)| settings.security)
        };
        assert!(matches!(login(&[]).unwrap().login, Login::InUrl));
        assert!(matches!(login(&[("USER", "a"), ("PASSWORD", "b")]).unwrap().login, Login::Password { .. }));
        assert!(matches!(login(&[("TOKEN_FILE", &file)]).unwrap().login, Login::Token(_)));
        assert!(matches!(login(&[("NKEY", "a")]).unwrap().login, Login::Nkey(_)));
        assert!(matches!(login(&[("CREDENTIALS_FILE", &file)]).unwrap().login, Login::Credentials(_)));
        let tls =
            login(&[("EXTERNAL", "true"), ("TLS_CA", "c"), ("TLS_CERT", "d"), ("TLS_KEY", "e")]).unwrap();
        assert!(
            matches!(tls.login, Login::Certificate) && tls.tls.ca.is_some() && tls.tls.identity.is_some()
        );
        for wrong in [
            &[("USER", "s3cret")][..],
            &[("PASSWORD", "s3cret")],
            &[("PASSWORD", "s3cret"), ("TOKEN", "s3cret")],
            &[("TOKEN", "s3cret"), ("TOKEN_FILE", &file)],
            &[("TOKEN", "s3cret"), ("EXTERNAL", "true")],
            &[("TLS_CERT", "d")],
            &[("TLS_KEY", "d")],
            &[("NKEY_FILE", "/nonexistent/file")],
            &[("EXTERNAL", "perhaps")],
        ] {
            let error = login(wrong).unwrap_err();
            assert!(error.starts_with("ARI_WORKER_BUS_") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_wrong_variable_is_named() {
        for (name, value) in [
            ("ARI_WORKER_LIMIT", "many"),
            ("ARI_WORKER_DRAIN_SECONDS", "-1"),
            ("ARI_WORKER_DRAIN_SECONDS", "NaN"),
            ("ARI_WORKER_ON_FAILURE", "ignore"),
            ("ARI_WORKER_APLICATIONS", "a"),
            ("ARI_WORKER_BUS_URL_FILE", "/nonexistent/file"),
        ] {
            let error = read_all(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
