//! TLS and logins: the keys `tls` and `login`, wherever a connection has them.

use std::path::{Path, PathBuf};

use ari_bus::security::{ClientIdentity, Login, Security, TlsFiles};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    check::{Problem, problem},
    values,
};

/// TLS of a connection that we make. The files are PEM.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The authorities that vouch for the server, in place of the system's.
    pub ca: Option<PathBuf>,
    /// The certificate that we show to a server which asks for one, and those between it and the authority.
    pub cert: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
}

impl Tls {
    /// The files. `at` is the key of this object in the configuration.
    pub(super) fn files(&self, at: &str) -> Result<TlsFiles, Problem> {
        let identity = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some(ClientIdentity { cert: cert.clone(), key: key.clone() }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(problem(format!("{at}.key"), format!("is missing beside {at}.cert")));
            }
            (None, Some(_)) => {
                return Err(problem(format!("{at}.cert"), format!("is missing beside {at}.key")));
            }
        };
        Ok(TlsFiles { ca: self.ca.clone(), identity })
    }

    /// The file with the private key, if there is one.
    pub(super) fn key(&self) -> Option<&Path> {
        self.key.as_deref()
    }
}

/// How to log in to a bus, where the URL does not say it. One kind at most.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginKeys {
    /// The user, with `password`.
    pub user: String,
    /// The user's password, as it is.
    pub password: SecretString,
    /// NATS: a token.
    pub token: SecretString,
    /// NATS: the seed of an nkey, `SU…`.
    pub nkey: SecretString,
    /// NATS: the text of a credentials file; `credentials_file` names one.
    pub credentials: SecretString,
    /// RabbitMQ: the client certificate of `tls` says who we are.
    #[serde(deserialize_with = "values::truth")]
    pub external: bool,
}

impl LoginKeys {
    /// The one kind of login that is configured. `at` is the key of this object in the configuration.
    pub(super) fn login(&self, at: &str) -> Result<Login, Problem> {
        let there = |secret: &SecretString| !secret.expose_secret().is_empty();
        let kinds = [
            ("user", !self.user.is_empty() || there(&self.password)),
            ("token", there(&self.token)),
            ("nkey", there(&self.nkey)),
            ("credentials", there(&self.credentials)),
            ("external", self.external),
        ];
        let named: Vec<&str> = kinds.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        match named[..] {
            [] => Ok(Login::InUrl),
            ["token"] => Ok(Login::Token(self.token.clone())),
            ["nkey"] => Ok(Login::Nkey(self.nkey.clone())),
            ["credentials"] => Ok(Login::Credentials(self.credentials.clone())),
            ["external"] => Ok(Login::Certificate),
            [_] if self.user.is_empty() => {
                Err(problem(format!("{at}.user"), "is missing beside the password"))
            }
            [_] if !there(&self.password) => {
                Err(problem(format!("{at}.password"), "is missing beside the user"))
            }
            [_] => Ok(Login::Password { user: self.user.clone(), password: self.password.clone() }),
            _ => Err(problem(at, format!("holds several kinds of login, {}: leave one", named.join(", ")))),
        }
    }
}

/// How a connection to a bus is secured; `at` is the key of the object that holds `tls` and `login`.
pub(super) fn security(tls: &Tls, login: &LoginKeys, at: &str) -> Result<Security, Problem> {
    Ok(Security { tls: tls.files(&format!("{at}.tls"))?, login: login.login(&format!("{at}.login"))? })
}
