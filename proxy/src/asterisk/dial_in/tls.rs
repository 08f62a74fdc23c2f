//! TLS of the side that listens.

use std::sync::Arc;

use ari_bus::security::{certificates, private_key};
use rustls::{
    RootCertStore, ServerConfig, crypto::aws_lc_rs, pki_types::CertificateDer, server::WebPkiClientVerifier,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use crate::config::ListenTls;

/// A key of `websocket_listen.tls` with which no TLS can be made.
#[derive(Debug)]
pub(crate) struct BadTls {
    pub(crate) key: &'static str,
    pub(crate) problem: String,
}

/// Makes TLS of the configured files.
///
/// # Errors
/// Names the key, and what is wrong with its file.
pub(crate) fn server_config(tls: &ListenTls) -> Result<Arc<ServerConfig>, BadTls> {
    let bad = |key, problem: &dyn ToString| BadTls { key, problem: problem.to_string() };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("certificate", &error))?;
    let builder = match &tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(authority).map_err(|error| bad("client_ca", &error))? {
                roots.add(certificate).map_err(|error| bad("client_ca", &error))?;
            }
            // Who has a password needs no certificate; whoever shows one must have it from there.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier =
                verifier.allow_unauthenticated().build().map_err(|error| bad("client_ca", &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = certificates(&tls.certificate).map_err(|error| bad("certificate", &error))?;
    let key = private_key(&tls.key).map_err(|error| bad("key", &error))?;
    let config = builder
        .with_single_cert(chain, key)
        .map_err(|error| bad("key", &format!("does not go with the certificate: {error}")))?;
    Ok(Arc::new(config))
}

/// The common name of a certificate's subject, if it has exactly one.
pub(super) fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?.to_owned();
    names.next().is_none().then_some(name)
}
