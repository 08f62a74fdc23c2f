//! From the configured URL to servers and how to log in to them.

use std::{fmt, sync::Arc};

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;

use super::login::Login;
use crate::{
    BusError, BusErrorKind,
    security::{self, Handshake, Security},
};

/// The servers of one URL, and how TLS is done with all of them.
pub(super) struct Servers {
    pub(super) all: Vec<Server>,
    /// `None` where nothing was asked for: a server may still want TLS, which the library then does with the system's authorities.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Whether they are shown a certificate of ours.
    certificate: bool,
}

impl Servers {
    /// Reads a URL, and the files that go with it.
    pub(super) fn read(url: &str, security: &Security) -> Result<Self, BusError> {
        let all = parse(url, &security.login)?;
        let wanted = !security.tls.is_default() || all.iter().any(|server| server.address.tls_required());
        let tls = wanted.then(|| security.tls.client_config()).transpose()?;
        Ok(Self { all, tls, certificate: security.tls.identity.is_some() })
    }

    /// What is known of a connection to one of them that could not be made.
    pub(super) fn handshake(&self, server: &Server) -> Handshake {
        let tls = server.address.tls_required() || self.tls.is_some();
        Handshake { tls, certificate: self.certificate, plain: "nats", secure: "tls" }
    }
}

/// A server, and what to tell it about who we are.
#[derive(Clone)]
pub(super) struct Server {
    /// Without the login, since the client library logs it.
    pub(super) address: ServerAddr,
    pub(super) login: Login,
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
/// those of the server before it. A comma, `@`, `:` or `/` in a password is written as `%XX`. A login beside the URL is for all servers, and
/// the URL has none then.
pub(super) fn parse(url: &str, login: &security::Login) -> Result<Vec<Server>, BusError> {
    let configured = Login::configured(login)?;
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
        if !configured.is_nothing() {
            if !server.login.is_nothing() {
                let text = "login: stands beside a login in the URL: leave one of them out";
                return Err(BusError::new(BusErrorKind::Invalid, text));
            }
            server.login = configured.clone();
        } else if let (true, Some(before)) = (server.login.is_nothing(), servers.last()) {
            server.login = before.login.clone();
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
    let login = match (full.username().map(decoded), full.password().map(decoded)) {
        (None, None) => Login::Nothing,
        (Some(token), None) => Login::Token(token.into()),
        (user, password) => {
            Login::Password { user: user.unwrap_or_default(), password: password.unwrap_or_default().into() }
        }
    };
    Server { address, login }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_inherit_scheme_and_login() {
        let servers = parse("tls://u:p%40%2C@a:1, b:2,nats://t0k@[::1]", &security::Login::InUrl).unwrap();
        let seen: Vec<_> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(seen, ["a:1", "b:2", "[::1]:4222"]);
        let logins: Vec<_> = servers.iter().map(|server| server.login.answer(b"").unwrap()).collect();
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
            let error = parse(bad, &security::Login::InUrl).unwrap_err();
            assert_eq!(error.kind(), BusErrorKind::Invalid, "{bad}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        for url in ["nats://u:s3cret@a", "tls://s3cret@[::1]:1", "nats://a?s3cret"] {
            let server = parse(url, &security::Login::InUrl).unwrap().remove(0);
            assert!(!format!("{server:?} {server} {:?}", server.address).contains("s3cret"));
        }
    }

    #[test]
    fn a_login_beside_the_url_is_for_every_server_and_the_only_one() {
        let login = security::Login::Token("t0k".into());
        for server in parse("a:1,tls://b", &login).unwrap() {
            assert_eq!(server.login.answer(b"").unwrap().token.as_deref(), Some("t0k"));
        }
        let error = parse("a:1,nats://s3cret@b", &login).unwrap_err().to_string();
        assert!(error.contains("beside a login") && !error.contains("s3cret"), "{error}");
        assert!(parse("a:1", &security::Login::Certificate).is_err());
    }
}
