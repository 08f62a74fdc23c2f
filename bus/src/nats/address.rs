//! From the configured URL to servers and how to log in to them.

use std::fmt;

use async_nats::{Auth, ServerAddr};
use percent_encoding::percent_decode_str;

use crate::{BusError, BusErrorKind};

/// A server, and what to tell it about who we are.
#[derive(Clone)]
pub(super) struct Server {
    /// Without the login, since the client library logs it.
    pub(super) address: ServerAddr,
    username: Option<String>,
    password: Option<String>,
    token: Option<String>,
}

impl Server {
    pub(super) fn login(&self) -> Auth {
        let mut auth = Auth::new();
        auth.username.clone_from(&self.username);
        auth.password.clone_from(&self.password);
        auth.token.clone_from(&self.token);
        auth
    }

    fn has_login(&self) -> bool {
        self.username.is_some() || self.token.is_some()
    }
}

/// Host and port, never the login: this text stands in logs and in the link's state.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&host_and_port(&self.address))
    }
}

fn host_and_port(address: &ServerAddr) -> String {
    let (host, port) = (address.host(), address.port());
    // An IPv6 address comes without its brackets.
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

/// Reads `nats://user:password@host:4222,other:4222`.
///
/// A user without a password is a token, as everywhere with NATS. A server without a scheme or login of its own takes
/// those of the server before it. A comma, `@`, `:` or `/` in a password is written as `%XX`.
pub(super) fn parse(url: &str) -> Result<Vec<Server>, BusError> {
    let mut servers: Vec<Server> = Vec::new();
    for (at, text) in url.split(',').map(str::trim).filter(|text| !text.is_empty()).enumerate() {
        // The text itself never goes into the error: it may hold a password.
        let invalid = || {
            let problem = format!(
                "server {} of the NATS URL is not of the form nats://user:password@host:port",
                at + 1
            );
            BusError::new(BusErrorKind::Invalid, problem)
        };
        let scheme = servers.last().map_or("nats", |server| server.address.scheme());
        let full = if text.contains("://") { text.to_owned() } else { format!("{scheme}://{text}") };
        let address: ServerAddr = full.parse().map_err(|_| invalid())?;
        if !matches!(address.scheme(), "nats" | "tls") || address.host().is_empty() {
            return Err(invalid());
        }
        let bare = format!("{}://{}", address.scheme(), host_and_port(&address));
        let mut server = login_of(&address, bare.parse().map_err(|_| invalid())?);
        if let (false, Some(before)) = (server.has_login(), servers.last()) {
            server = Server { address: server.address, ..before.clone() };
        }
        servers.push(server);
    }
    if servers.is_empty() {
        return Err(BusError::new(BusErrorKind::Invalid, "the NATS URL names no server"));
    }
    Ok(servers)
}

/// The server at `address`, with the login that stands in `full`.
fn login_of(full: &ServerAddr, address: ServerAddr) -> Server {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let username = full.username().map(decoded);
    let password = full.password().map(decoded);
    match (username, password) {
        (Some(token), None) => Server { address, username: None, password: None, token: Some(token) },
        (username, password) => Server { address, username, password, token: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_inherit_scheme_and_login() {
        let servers = parse("tls://u:p%40%2C@a:1, b:2,nats://t0k@[::1]").unwrap();
        let seen: Vec<_> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(seen, ["a:1", "b:2", "[::1]:4222"]);
        let logins: Vec<_> = servers.iter().map(Server::login).collect();
        assert_eq!(logins[0].password.as_deref(), Some("p@,"));
        assert_eq!((logins[1].username.as_deref(), logins[1].password.as_deref()), (Some("u"), Some("p@,")));
        assert_eq!((logins[2].username.as_deref(), logins[2].token.as_deref()), (None, Some("t0k")));
        assert!(servers[0].address.tls_required() && servers[1].address.tls_required());
        assert!(!servers[2].address.tls_required());
    }

    #[test]
    fn errors_and_debug_texts_hold_no_secret() {
        for bad in [
            "nats://u:s3cret@",
            "ws://u:s3cret@a",
            "nats://u:s3cret@a:99999",
            "nats://a,http://u:s3cret@b",
            ",",
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.kind(), BusErrorKind::Invalid, "{bad}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        for url in ["nats://u:s3cret@a", "tls://s3cret@[::1]:1", "nats://a?s3cret"] {
            let server = parse(url).unwrap().remove(0);
            assert!(!format!("{server:?} {server} {:?}", server.address).contains("s3cret"));
        }
    }
}
