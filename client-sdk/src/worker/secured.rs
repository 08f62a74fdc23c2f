//! How the connection is secured, as environment variables say it.

use std::path::{Path, PathBuf};

use ari_bus::security::{ClientIdentity, Login, Security, TlsFiles, read_secret};
use secrecy::SecretString;

use crate::error::WorkerError;

/// What the variables have said so far.
#[derive(Debug, Default)]
pub(super) struct Secured {
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    user: Option<String>,
    /// The kind of secret, such as `PASSWORD`, and the secret.
    secret: Option<(&'static str, SecretString)>,
    external: bool,
}

/// The secrets that there are.
const SECRETS: [&str; 4] = ["PASSWORD", "TOKEN", "NKEY", "CREDENTIALS"];

impl Secured {
    /// Takes a variable; false if it is none of these. `key` is its name without what they all begin with.
    pub(super) fn set(&mut self, name: &str, key: &str, value: &str) -> Result<bool, WorkerError> {
        match key {
            "BUS_TLS_CA" => self.ca = Some(value.into()),
            "BUS_TLS_CERT" => self.cert = Some(value.into()),
            "BUS_TLS_KEY" => self.key = Some(value.into()),
            "BUS_USER" => self.user = Some(value.to_owned()),
            "BUS_EXTERNAL" => {
                self.external =
                    value.parse().map_err(|_| WorkerError::setting(name, "is neither true nor false"))?;
            }
            _ => return self.set_secret(name, key, value),
        }
        Ok(true)
    }

    fn set_secret(&mut self, name: &str, key: &str, value: &str) -> Result<bool, WorkerError> {
        let Some(key) = key.strip_prefix("BUS_") else { return Ok(false) };
        let kind = key.strip_suffix("_FILE").unwrap_or(key);
        let Some(kind) = SECRETS.into_iter().find(|secret| *secret == kind) else { return Ok(false) };
        let secret = match key.ends_with("_FILE") {
            true => read_secret(Path::new(value))
                .map_err(|error| WorkerError::setting(name, error.to_string()))?,
            false => value.into(),
        };
        match self.secret.replace((kind, secret)) {
            None => Ok(true),
            Some((other, _)) => {
                let text = format!(
                    "there is a login already, by BUS_{other} or BUS_{other}_FILE: leave one of them out"
                );
                Err(WorkerError::setting(name, text))
            }
        }
    }

    /// The whole.
    pub(super) fn security(self) -> Result<Security, WorkerError> {
        let identity = match (self.cert, self.key) {
            (Some(cert), Some(key)) => Some(ClientIdentity { cert, key }),
            (None, None) => None,
            (Some(_), None) => return Err(missing("ARI_WORKER_BUS_TLS_KEY", "the certificate")),
            (None, Some(_)) => return Err(missing("ARI_WORKER_BUS_TLS_CERT", "the key")),
        };
        let login = match (self.user, self.secret, self.external) {
            (None, None, false) => Login::InUrl,
            (None, None, true) => Login::Certificate,
            (Some(user), Some(("PASSWORD", password)), false) => Login::Password { user, password },
            (None, Some(("PASSWORD", _)), false) => {
                return Err(missing("ARI_WORKER_BUS_USER", "the password"));
            }
            (Some(_), None, false) => return Err(missing("ARI_WORKER_BUS_PASSWORD", "the user")),
            (None, Some(("TOKEN", token)), false) => Login::Token(token),
            (None, Some(("NKEY", seed)), false) => Login::Nkey(seed),
            (None, Some((_, text)), false) => Login::Credentials(text),
            _ => {
                let text = "there are several kinds of login, by BUS_USER, BUS_TOKEN, BUS_NKEY, BUS_CREDENTIALS or BUS_EXTERNAL: leave one";
                return Err(WorkerError::setting("ARI_WORKER_BUS_…", text));
            }
        };
        Ok(Security { tls: TlsFiles { ca: self.ca, identity }, login })
    }
}

fn missing(name: &str, beside: &str) -> WorkerError {
    WorkerError::setting(name, format!("is missing beside {beside}"))
}
