//! The proxy's own HTTP listener: where it is, and who may use it.

use std::net::{Ipv4Addr, SocketAddr};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    check::{Problem, problem},
    values,
};

/// The listener for operators: health and whatever else a person or their tools ask of a running proxy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// The address and port to listen on.
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// The bearer token that all but the health routes want. Without one only this machine may be listened to.
    pub token: Option<SecretString>,
}

/// Where it listens unless it is told otherwise: for this machine alone.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: LISTEN, token: None }
    }
}

/// The shortest token, in characters: the listener may be reached by anybody, and nothing slows those down who guess.
const MIN_TOKEN: usize = 16;
/// The longest token, in characters: a header's line must hold it.
const MAX_TOKEN: usize = 1_000;

impl HttpConfig {
    /// Whoever is not on this machine must have something to show.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let bad = |text: &str| Err(problem("http.token", text));
        match &self.token {
            None if !self.listen.ip().is_loopback() => bad(
                "is missing: http.listen is no loopback address, so that others than this machine can come",
            ),
            None => Ok(()),
            Some(token) => {
                let token = token.expose_secret();
                if !(MIN_TOKEN..=MAX_TOKEN).contains(&token.len()) {
                    return bad(
                        "must have 16 to 1000 characters, such as those that `openssl rand -hex 32` prints",
                    );
                }
                match token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    true => Ok(()),
                    false => bad("holds a space or what is not ASCII: no header could carry it"),
                }
            }
        }
    }
}
