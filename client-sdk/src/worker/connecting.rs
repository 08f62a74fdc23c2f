//! A worker that is about to connect: what it is told before it does.

use std::{future::IntoFuture, path::PathBuf};

use ari_bus::security::{ClientIdentity, Login};
use futures_util::future::BoxFuture;

use super::{Settings, Worker};
use crate::error::WorkerError;

/// What [`Worker::connect`] returns: await it to connect, after telling it how the connection is secured where the URL does not say all.
///
/// ```no_run
/// # async fn connect() -> Result<(), ari_client::WorkerError> {
/// use ari_client::Worker;
///
/// let worker = Worker::connect("tls://bus.example.net:4222")
///     .tls_ca("/etc/pki/our-ca.pem")
///     .credentials(std::fs::read_to_string("/run/secrets/worker.creds").unwrap_or_default())
///     .await?;
/// # Ok(()) }
/// ```
///
/// Of several logins the last counts, and the URL holds none then.
#[derive(Debug)]
#[must_use = "it connects when it is awaited"]
pub struct Connecting {
    url: String,
    settings: Settings,
}

impl Connecting {
    pub(super) fn to(url: &str, settings: Settings) -> Self {
        Self { url: url.to_owned(), settings }
    }

    /// The authorities that vouch for the broker, in place of the system's: a PEM file.
    pub fn tls_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.security.tls.ca = Some(file.into());
        self
    }

    /// The certificate that is shown to a broker which asks for one, and its private key: PEM files.
    pub fn client_certificate(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.settings.security.tls.identity = Some(ClientIdentity { cert: cert.into(), key: key.into() });
        self
    }

    /// Logs in with user and password, as they are: nothing is percent-encoded.
    pub fn user(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login(Login::Password { user: user.into(), password: password.into().into() })
    }

    /// NATS: logs in with a token.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.login(Login::Token(token.into().into()))
    }

    /// NATS: logs in with an nkey, of which this is the seed, `SU…`.
    pub fn nkey(self, seed: impl Into<String>) -> Self {
        self.login(Login::Nkey(seed.into().into()))
    }

    /// NATS: logs in with credentials: the text of a `.creds` file.
    pub fn credentials(self, text: impl Into<String>) -> Self {
        self.login(Login::Credentials(text.into().into()))
    }

    /// RabbitMQ: logs in as the user whom the [client certificate](Self::client_certificate) names (`EXTERNAL`).
    pub fn external(self) -> Self {
        self.login(Login::Certificate)
    }

    fn login(mut self, login: Login) -> Self {
        self.settings.security.login = login;
        self
    }
}

impl IntoFuture for Connecting {
    type Output = Result<Worker, WorkerError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Worker::connect_with(&self.url, self.settings).await })
    }
}
