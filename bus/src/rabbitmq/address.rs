//! The broker's address: an AMQP URL, read the way other clients read it.

use std::sync::Arc;

use lapin::uri::{AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism};
use rustls::ClientConfig;
use secrecy::ExposeSecret as _;

use super::limits::{FRAME_MAX, HEARTBEAT};
use crate::{
    BusError, BusErrorKind,
    security::{Handshake, Login, Security},
};

/// Where the broker is and who we are to it. Its `Debug` shows neither user nor password.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) uri: AMQPUri,
    /// How TLS is done, where it is.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Whether the broker is shown a certificate of ours.
    certificate: bool,
}

impl Address {
    /// Reads a URL, and the files that go with it. An error does not repeat it, since it may hold a password.
    pub(super) fn parse(url: &str, security: &Security) -> Result<Self, BusError> {
        let mut uri: AMQPUri = url.parse().map_err(|_| {
            BusError::new(
                BusErrorKind::Invalid,
                "the RabbitMQ URL cannot be read; it looks like amqp://user:password@host:5672/vhost, with special \
                 characters percent-encoded",
            )
        })?;
        // The library reads an IPv6 address as no host at all.
        if let Some(host) = ipv6_host(url) {
            uri.authority.host = host.to_owned();
        }
        if uri.authority.host.is_empty() {
            return Err(BusError::new(BusErrorKind::Invalid, "the RabbitMQ URL names no host"));
        }
        // `amqp://host/` means the default vhost to every other client that people use; the specification's
        // reading, a vhost with an empty name, helps nobody.
        if uri.vhost.is_empty() {
            uri.vhost = "/".to_owned();
        }
        let heartbeat = uri.query.heartbeat.filter(|seconds| *seconds > 0).unwrap_or(HEARTBEAT);
        uri.query.heartbeat = Some(heartbeat.min(HEARTBEAT));
        uri.query.frame_max = uri.query.frame_max.or(Some(FRAME_MAX));
        log_in(&mut uri, has_login(url), security)?;
        let tls = match uri.scheme {
            AMQPScheme::AMQPS => Some(security.tls.client_config()?),
            AMQPScheme::AMQP if security.tls.is_default() => None,
            AMQPScheme::AMQP => {
                return Err(invalid(
                    "tls: has no use where the URL begins with amqp://: let it begin with amqps://",
                ));
            }
        };
        Ok(Self { uri, tls, certificate: security.tls.identity.is_some() })
    }

    /// Whether a certificate is what we log in with.
    pub(super) fn is_external(&self) -> bool {
        self.uri.query.auth_mechanism == Some(SASLMechanism::External)
    }

    /// What is known of a connection that could not be made.
    pub(super) fn handshake(&self) -> Handshake {
        Handshake { tls: self.tls.is_some(), certificate: self.certificate, plain: "amqp", secure: "amqps" }
    }
}

/// Puts the login that stands beside the URL into its place.
fn log_in(uri: &mut AMQPUri, in_url: bool, security: &Security) -> Result<(), BusError> {
    match &security.login {
        Login::InUrl => return Ok(()),
        _ if in_url => {
            return Err(invalid("login: stands beside a login in the URL: leave one of them out"));
        }
        Login::Password { user, password } => {
            uri.authority.userinfo =
                AMQPUserInfo { username: user.clone(), password: password.expose_secret().to_owned() };
        }
        Login::Certificate if uri.scheme != AMQPScheme::AMQPS || security.tls.identity.is_none() => {
            return Err(invalid(
                "login.external: needs amqps://, tls.cert and tls.key: the certificate is the login",
            ));
        }
        Login::Certificate => uri.query.auth_mechanism = Some(SASLMechanism::External),
        Login::Token(_) => {
            return Err(invalid("login.token: is NATS's; RabbitMQ takes a user and a password"));
        }
        Login::Nkey(_) => return Err(invalid("login.nkey: is NATS's; RabbitMQ takes a user and a password")),
        Login::Credentials(_) => {
            return Err(invalid("login.credentials: is NATS's; RabbitMQ takes a user and a password"));
        }
    }
    Ok(())
}

/// Whether a URL names a user; the library puts `guest` where it does not.
fn has_login(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

fn invalid(text: &str) -> BusError {
    BusError::new(BusErrorKind::Invalid, text)
}

/// The address in `amqp://[::1]:5672`, without its brackets.
fn ipv6_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.strip_prefix('[')?.split_once(']').map(|(host, _)| host)
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} vhost {}", self.uri.authority.host, self.uri.authority.port, self.uri.vhost)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(url, &Security::default()).expect("a good URL")
    }

    #[test]
    fn an_address_is_read_as_other_clients_read_it() {
        assert_eq!(parse("amqp://u:p@broker").to_string(), "broker:5672 vhost /");
        assert_eq!(parse("amqp://u:p@broker:1/").to_string(), "broker:1 vhost /");
        assert_eq!(parse("amqp://u:p@broker/%2f").to_string(), "broker:5672 vhost /");
        assert_eq!(parse("amqps://broker/calls").to_string(), "broker:5671 vhost calls");
        assert_eq!(parse("amqp://u:p%40@[::1]:99/x").to_string(), "::1:99 vhost x");
        assert_eq!(parse("amqp://u:p%40ss@127.0.0.1").uri.authority.userinfo.password, "p@ss");
    }

    #[test]
    fn a_heartbeat_is_never_longer_than_ours_and_never_off() {
        for (query, heartbeat) in [("", 5), ("?heartbeat=0", 5), ("?heartbeat=60", 5), ("?heartbeat=2", 2)] {
            assert_eq!(
                parse(&format!("amqp://broker/{query}")).uri.query.heartbeat,
                Some(heartbeat),
                "{query}"
            );
        }
    }

    #[test]
    fn neither_errors_nor_debug_texts_show_the_password() {
        let error =
            Address::parse("amqp://user:secret@broker:port", &Security::default()).expect_err("no port");
        assert_eq!(error.kind(), BusErrorKind::Invalid);
        assert!(!error.to_string().contains("secret"));
        assert!(!format!("{:?}", parse("amqp://user:secret@broker")).contains("secret"));
    }
}
