//! Who dials in: the user and password of the handshake, or the certificate of its TLS.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio_tungstenite::tungstenite::handshake::server::Request;

use crate::config::DialsIn;

/// What a peer shows of itself.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// User and password of Basic authorization.
    pub(super) basic: Option<(String, SecretString)>,
    /// The common name of a certificate that our authority vouches for.
    pub(super) certificate: Option<String>,
}

/// Why a peer is not let in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "it shows neither a user nor a certificate; give it `username` and `password` in websocket_client.conf"
    )]
    Nobody,
    #[error("{0:?} is not in `websocket_listen.asterisks`")]
    Unknown(String),
    #[error(
        "the password of {0:?} is wrong; compare `websocket_listen.asterisks` with its websocket_client.conf"
    )]
    Password(String),
    #[error("{0:?} has no password here and shows no certificate of its own")]
    NoCertificate(String),
    #[error("it says that it is {user:?} and shows the certificate of {certificate:?}")]
    TwoNames {
        /// Who it says that it is.
        user: String,
        /// Whose certificate it has.
        certificate: String,
    },
    #[error(
        "it does not offer the protocol `ari`; `protocols = ari` is missing in its websocket_client.conf"
    )]
    Protocol,
    #[error("{0:?} comes while its proxy is not ready, without the bus or stopping")]
    NotReady(String),
    #[error("TLS: {0}")]
    Tls(String),
}

impl Refusal {
    /// The status that answers it.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Protocol => 400,
            Self::NotReady(_) => 503,
            _ => 401,
        }
    }
}

impl Shown {
    /// What a handshake shows, beside the certificate that TLS has checked.
    pub(super) fn in_handshake(request: &Request, certificate: Option<String>) -> Self {
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        Self { basic: header.and_then(basic), certificate }
    }

    /// Finds out who it is: a place in the list.
    ///
    /// # Errors
    /// Says why it is nobody who may come.
    pub(super) fn identify(&self, known: &[DialsIn]) -> Result<usize, Refusal> {
        let certificate = self.certificate.as_deref();
        let user = self.basic.as_ref().map(|(user, _)| user.as_str());
        let name = user.or(certificate).ok_or(Refusal::Nobody)?;
        let place = known.iter().position(|asterisk| asterisk.server_id == name);
        let place = place.ok_or_else(|| Refusal::Unknown(shown(name)))?;
        if let Some(certificate) = certificate.filter(|certificate| *certificate != name) {
            return Err(Refusal::TwoNames { user: shown(name), certificate: shown(certificate) });
        }
        match (&known[place].password, &self.basic) {
            (Some(right), Some((_, given))) if is_same(right, given) => Ok(place),
            (Some(_), _) => Err(Refusal::Password(shown(name))),
            (None, _) if certificate.is_some() => Ok(place),
            (None, _) => Err(Refusal::NoCertificate(shown(name))),
        }
    }
}

/// Compares in a time that tells no more than the length.
fn is_same(right: &SecretString, given: &SecretString) -> bool {
    right.expose_secret().as_bytes().ct_eq(given.expose_secret().as_bytes()).into()
}

/// A name of somebody whom nobody knows, as it may stand in a log.
fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN).collect()
}

const MAX_SHOWN: usize = 100;

/// User and password of a header.
fn basic(header: &str) -> Option<(String, SecretString)> {
    let (scheme, credentials) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (user, password) = credentials.split_once(':')?;
    Some((user.to_owned(), password.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known() -> Vec<DialsIn> {
        let asterisk = |id: &str, password: Option<&str>| DialsIn {
            server_id: id.to_owned(),
            password: password.map(SecretString::from),
        };
        vec![asterisk("pbx-1", Some("s3cret")), asterisk("pbx-2", None)]
    }

    fn identify(basic: Option<(&str, &str)>, certificate: Option<&str>) -> Result<usize, Refusal> {
        let basic = basic.map(|(user, password)| (user.to_owned(), password.into()));
        Shown { basic, certificate: certificate.map(str::to_owned) }.identify(&known())
    }

    #[test]
    fn who_comes_is_known_by_password_or_certificate() {
        assert_eq!(identify(Some(("pbx-1", "s3cret")), None), Ok(0));
        assert_eq!(identify(Some(("pbx-1", "s3cret")), Some("pbx-1")), Ok(0));
        assert_eq!(identify(None, Some("pbx-2")), Ok(1));
        assert_eq!(identify(Some(("pbx-2", "whatever")), Some("pbx-2")), Ok(1));
    }

    #[test]
    fn everybody_else_is_refused() {
        let two = |user: &str, certificate: &str| Refusal::TwoNames {
            user: user.to_owned(),
            certificate: certificate.to_owned(),
        };
        for (basic, certificate, refusal) in [
            (None, None, Refusal::Nobody),
            (Some(("", "")), None, Refusal::Unknown(String::new())),
            (Some(("pbx-3", "s3cret")), None, Refusal::Unknown("pbx-3".to_owned())),
            (None, Some("pbx-3"), Refusal::Unknown("pbx-3".to_owned())),
            (Some(("pbx-1", "s3cre")), None, Refusal::Password("pbx-1".to_owned())),
            (Some(("pbx-1", "s3creT")), None, Refusal::Password("pbx-1".to_owned())),
            (Some(("pbx-1", "")), None, Refusal::Password("pbx-1".to_owned())),
            (None, Some("pbx-1"), Refusal::Password("pbx-1".to_owned())),
            (Some(("pbx-2", "s3cret")), None, Refusal::NoCertificate("pbx-2".to_owned())),
            (Some(("pbx-1", "s3cret")), Some("pbx-2"), two("pbx-1", "pbx-2")),
            (Some(("pbx-2", "")), Some("pbx-1"), two("pbx-2", "pbx-1")),
        ] {
            assert_eq!(identify(basic, certificate), Err(refusal));
        }
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let read =
            |header: &str| basic(header).map(|(user, password)| (user, password.expose_secret().to_owned()));
        let header = format!("Basic {}", STANDARD.encode("pbx-1:a:b"));
        assert_eq!(read(&header), Some(("pbx-1".to_owned(), "a:b".to_owned())));
        assert_eq!(read(&header.replace("Basic", "bASIC ")), read(&header));
        for bad in ["", "Basic", "Basic !", "Basic cGJ4", "Bearer cGJ4LTE6YQ==", "Basic /w=="] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in ".{0,40}") {
            let _ = basic(&header);
            let _ = basic(&format!("Basic {header}"));
        }
    }
}
