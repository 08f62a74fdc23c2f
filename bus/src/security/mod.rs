//! How a server is known to be the right one, and how we show it who we are: TLS, and the ways to log in.
//!
//! Files are read once, when a connection is configured: who replaces one starts the process anew.

mod chain;
mod explain;
mod file;
mod tls;

pub use explain::{Handshake, explain};
pub use file::{BadSecretFile, MAX_SECRET, is_exposed, read_secret};
pub use tls::{BadFile, ClientIdentity, TlsFiles, certificates, private_key};

use secrecy::SecretString;

/// How a connection to a broker is secured. The default is what the URL alone says.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// Which files TLS uses.
    pub tls: TlsFiles,
    /// How to log in.
    pub login: Login,
}

/// How to log in to a broker. Its `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub enum Login {
    /// As the URL says, if it does.
    #[default]
    InUrl,
    /// With user and password, as they are: nothing is percent-encoded.
    Password {
        /// The user.
        user: String,
        /// That user's password.
        password: SecretString,
    },
    /// NATS: with a token.
    Token(SecretString),
    /// NATS: with an nkey, of which this is the seed (`SU…`).
    Nkey(SecretString),
    /// NATS: with credentials, a user's JWT and its seed: the text of a `.creds` file.
    Credentials(SecretString),
    /// RabbitMQ: as the user whom the client certificate names (`EXTERNAL`).
    Certificate,
}
