//! The manager interface (AMI): where it is, and who we are there.

use std::path::PathBuf;

use ari_bus::security::TlsFiles;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::{Host, Url};

use super::{
    check::{Problem, problem},
    values::{self, without_url},
};

/// Asterisk's manager interface, as its `manager.conf` has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ami {
    /// Host and port, such as `127.0.0.1:5038`.
    #[serde(default)]
    pub address: AmiAddress,
    /// The name of the user's section in `manager.conf`. Its `read` decides which events come.
    #[serde(default)]
    pub user: String,
    /// That user's `secret`. It never goes over the wire: what goes there is the answer to a challenge.
    #[serde(default)]
    pub secret: SecretString,
    /// Whether TLS is spoken; without it the events go in the clear.
    #[serde(default, deserialize_with = "values::truth")]
    pub tls: bool,
    /// PEM: the authorities that may vouch for Asterisk's certificate, in the place of the system's.
    #[serde(default)]
    pub ca: Option<PathBuf>,
}

/// Where the manager interface is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmiAddress {
    /// A name or an address, an IPv6 one without brackets. With TLS the certificate must be for it.
    pub host: String,
    /// The port; absent is 5038, or 5039 with TLS.
    pub port: Option<u16>,
}

impl Default for AmiAddress {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: None }
    }
}

impl AmiAddress {
    fn parse(text: &str) -> Option<Self> {
        if text.trim().contains(char::is_control) {
            return None;
        }
        // A URL has the same syntax for what we want, and more around it that we do not.
        let bare = Url::parse(&format!("ami://{}", text.trim())).ok()?;
        let host = match bare.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let port = bare.port();
        let written = |host: &str| port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let is_all = bare.as_str() == format!("ami://{}", written(bare.host_str()?));
        (is_all && port != Some(0)).then_some(Self { host, port })
    }
}

impl<'de> Deserialize<'de> for AmiAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || format!("{text:?} is no host with or without a port, such as \"127.0.0.1:5038\"");
        Self::parse(&text).ok_or_else(|| D::Error::custom(without_url(&text, wrong())))
    }
}

impl Ami {
    /// The port, or that which Asterisk has where nothing else is configured.
    pub(crate) fn port(&self) -> u16 {
        self.address.port.unwrap_or(if self.tls { 5039 } else { 5038 })
    }

    /// The files of its TLS.
    pub(crate) fn tls_files(&self) -> TlsFiles {
        TlsFiles { ca: self.ca.clone(), identity: None }
    }

    /// What it must fulfil beyond its form. `section` is the key under which it stands.
    pub(super) fn check(&self, section: &str) -> Result<(), Problem> {
        let bad = |key, text: String| Err(problem(format!("{section}.{key}"), text));
        for (key, value) in [("user", self.user.as_str()), ("secret", self.secret.expose_secret())] {
            if value.is_empty() {
                return bad(key, "is missing".to_owned());
            }
            if value.contains(char::is_control) {
                return bad(key, "holds a control character, which no line of manager.conf can".to_owned());
            }
        }
        if !self.tls {
            return match self.ca {
                Some(_) => bad("ca", format!("has no meaning without TLS: {section}.tls is false")),
                None => Ok(()),
            };
        }
        if let Err(error) = ServerName::try_from(self.address.host.as_str()) {
            return bad("address", format!("names a host for which there is no certificate: {error}"));
        }
        self.tls_files().client_config().map(drop).or_else(|error| bad(error.key, error.problem))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Result<Ami, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn refused(value: serde_json::Value) -> (String, String) {
        let Problem { key, problem } = read(value).unwrap().check("stream.ami").unwrap_err();
        (key, problem)
    }

    #[test]
    fn user_and_secret_are_enough() {
        let ami = read(json!({"user": "ari", "secret": "s3cret"})).unwrap();
        assert!(ami.check("stream.ami").is_ok());
        assert_eq!((ami.address.host.as_str(), ami.port(), ami.tls), ("127.0.0.1", 5038, false));
        assert!(!format!("{ami:?}").contains("s3cret"));
    }

    #[test]
    fn addresses_are_a_host_and_perhaps_a_port() {
        for (text, host, port) in [
            ("pbx.example", "pbx.example", 5038),
            (" pbx:5040 ", "pbx", 5040),
            ("10.0.0.7:1", "10.0.0.7", 1),
            ("[::1]:5039", "::1", 5039),
            ("[::1]", "::1", 5038),
        ] {
            let ami = read(json!({"address": text, "user": "u", "secret": "s"})).unwrap();
            assert_eq!((ami.address.host.as_str(), ami.port()), (host, port), "{text}");
        }
        for text in [
            "",
            ":5038",
            "::1",
            "pbx:0",
            "pbx:65536",
            "pbx:x",
            "u@pbx",
            "u:p@pbx",
            "pbx/x",
            "pbx?x",
            "a b",
            "pbx\n:1",
        ] {
            let error = read(json!({"address": text, "user": "u", "secret": "s"})).unwrap_err();
            assert!(error.contains("is no host with or without a port"), "{text:?}: {error}");
        }
        let error = read(json!({"address": "tcp://u:s3cret@pbx", "user": "u", "secret": "s"})).unwrap_err();
        assert!(error.contains("is a URL") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_key() {
        assert_eq!(refused(json!({"secret": "s"})), ("stream.ami.user".into(), "is missing".into()));
        assert_eq!(refused(json!({"user": "u"})), ("stream.ami.secret".into(), "is missing".into()));
        let (key, problem) = refused(json!({"user": "u", "secret": "s3cret\r\nAction: Originate"}));
        assert!(key == "stream.ami.secret" && !problem.contains("s3cret"), "{problem}");
        let (key, problem) = refused(json!({"user": "u", "secret": "s", "ca": "/ca.pem"}));
        assert!(key == "stream.ami.ca" && problem.contains("stream.ami.tls"), "{problem}");
        let (key, problem) =
            refused(json!({"user": "u", "secret": "s", "tls": true, "ca": "/nowhere/ca.pem"}));
        assert!(key == "stream.ami.ca" && problem.contains("/nowhere/ca.pem"), "{problem}");
        assert!(read(json!({"user": "u", "secret": "s", "port": 1})).unwrap_err().contains("unknown field"));
    }

    #[test]
    fn a_switch_may_come_as_a_text_from_the_environment() {
        assert!(read(json!({"user": "u", "secret": "s", "tls": "true"})).unwrap().tls);
        assert!(!read(json!({"user": "u", "secret": "s", "tls": " false "})).unwrap().tls);
        assert!(
            read(json!({"user": "u", "secret": "s", "tls": "yes"})).unwrap_err().contains("neither true nor")
        );
    }

    #[test]
    fn with_tls_the_port_is_asterisks_own_for_tls() {
        let ami = read(json!({"user": "u", "secret": "s", "tls": true})).unwrap();
        assert_eq!(ami.port(), 5039);
        assert!(ami.check("stream.ami").is_ok(), "the system's authorities");
    }
}
