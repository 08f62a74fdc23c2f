//! What an error of TLS means to whoever has to do something about it.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError};

use super::chain::causes;

/// What is known of a connection that could not be made.
#[derive(Debug, Clone, Copy)]
pub struct Handshake {
    /// Whether TLS was asked for.
    pub tls: bool,
    /// Whether we have a certificate to show.
    pub certificate: bool,
    /// How the URL begins without TLS, such as `amqp`.
    pub plain: &'static str,
    /// How it begins with TLS, such as `amqps`.
    pub secure: &'static str,
}

/// What is wrong, in one line that says what to do, if the error has to do with TLS. Keys are named as `tls.ca`, `tls.cert`, `tls.key`.
#[must_use]
pub fn explain(error: &(dyn Error + 'static), handshake: Handshake) -> Option<String> {
    for cause in causes(error) {
        let boxed = cause.downcast_ref::<Box<rustls::Error>>().map(Box::as_ref);
        if let Some(error) = cause.downcast_ref::<rustls::Error>().or(boxed) {
            return Some(of_tls(error, handshake));
        }
    }
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .find_map(|error| of_io(error, handshake))
}

/// A connection that ends instead of an answer.
fn of_io(error: &io::Error, Handshake { tls, certificate, plain, secure }: Handshake) -> Option<String> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    if !matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) {
        return None;
    }
    Some(match (tls, certificate) {
        (false, _) => format!(
            "it hung up without an answer ({error}); if this is its port for TLS, let the URL begin with {secure}://"
        ),
        (true, false) => format!(
            "it hung up during the handshake ({error}); if it has no TLS on this port, let the URL begin with {plain}://; if it wants a client \
             certificate, name one in tls.cert and tls.key"
        ),
        (true, true) => format!(
            "it hung up during the handshake ({error}); if it has no TLS on this port, let the URL begin with {plain}://; it may not accept \
             the client certificate in tls.cert"
        ),
    })
}

fn of_tls(error: &rustls::Error, handshake: Handshake) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => of_its_certificate(error),
        rustls::Error::AlertReceived(alert) => of_alert(*alert, handshake.certificate),
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
            let Handshake { plain, .. } = handshake;
            format!(
                "it does not speak TLS on this port: name its port for TLS, or let the URL begin with {plain}://"
            )
        }
        rustls::Error::PeerIncompatible(error) => {
            format!("it offers no TLS that is safe ({error:?}): it needs TLS 1.2 or 1.3")
        }
        error => format!("TLS failed: {error}"),
    }
}

/// Why the server's certificate is not taken.
fn of_its_certificate(error: &CertificateError) -> String {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        Revoked, UnknownIssuer,
    };
    match error {
        UnknownIssuer => "its certificate is of an authority that is not known here: name the authority's PEM file in tls.ca".to_owned(),
        Expired | ExpiredContext { .. } => "its certificate has expired: it must be renewed there".to_owned(),
        NotValidYet | NotValidYetContext { .. } => {
            "its certificate is not valid yet: compare the clocks of both machines".to_owned()
        }
        NotValidForNameContext { expected, presented } => format!(
            "its certificate is not for {}, but for {}: connect by a name that stands there, or let it have a certificate for this one",
            expected.to_str(),
            names(presented),
        ),
        NotValidForName => {
            "its certificate is for another name: connect by a name that stands there".to_owned()
        }
        Revoked => "its certificate was revoked".to_owned(),
        error => format!("its certificate cannot be used: {error}"),
    }
}

/// The names in a certificate, which come as `DnsName("localhost")` or `IpAddress(127.0.0.1)`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| match name.split_once('(') {
        Some((_, name)) => name.trim_end_matches(')').trim_matches('"').to_owned(),
        None => name.clone(),
    };
    if presented.is_empty() {
        return "no host at all".to_owned();
    }
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// What the server says of us.
fn of_alert(alert: AlertDescription, certificate: bool) -> String {
    use AlertDescription as Alert;
    match (alert, certificate) {
        (Alert::CertificateRequired, _)
        | (Alert::BadCertificate | Alert::HandshakeFailure | Alert::UnknownCA, false) => {
            format!("it wants a client certificate ({alert:?}): name one in tls.cert and tls.key")
        }
        (Alert::CertificateExpired, _) => {
            "the client certificate in tls.cert has expired: renew it".to_owned()
        }
        (
            Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::AccessDenied
            | Alert::DecryptError,
            true,
        ) => format!(
            "it refuses the client certificate in tls.cert ({alert:?}): that must be of an authority which the server trusts"
        ),
        (alert, _) => format!("it broke off the TLS handshake: {alert:?}"),
    }
}
