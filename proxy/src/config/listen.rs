//! Asterisk dials in: where it is listened for, and who may come.

use std::{net::SocketAddr, path::PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::{Config, values};

/// Where Asterisk's outbound websockets come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebsocketListen {
    /// The address and port to listen on, such as `0.0.0.0:8089`.
    #[serde(deserialize_with = "values::address")]
    pub address: SocketAddr,
    /// TLS; without it everything goes in the clear.
    #[serde(default)]
    pub tls: Option<ListenTls>,
    /// Who may come. Each is a server of its own on the bus.
    pub asterisks: Vec<DialsIn>,
}

/// TLS of the listening side. The files are PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenTls {
    /// Our certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority of client certificates; the subject's CN is the `server_id`.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

/// An Asterisk that dials in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialsIn {
    /// Its name on the bus, and the user (`username`) or certificate's CN by which it is known.
    pub server_id: String,
    /// Its password; without one it must come with a certificate.
    #[serde(default)]
    pub password: Option<SecretString>,
}

impl Config {
    /// The configuration of the proxy for one Asterisk that dials in.
    pub(crate) fn of_server(&self, server_id: &str) -> Self {
        Self {
            server_id: server_id.to_owned(),
            websocket_listen: None,
            http: None,
            state_dir: None,
            ..self.clone()
        }
    }
}
