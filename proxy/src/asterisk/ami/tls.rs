//! TLS of the side that dials the manager interface.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem::PemObject as _},
};

/// No TLS can be made of the configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadTls {
    #[error("cannot read {0}: {1}")]
    File(String, String),
    #[error("there are no authorities on this system ({0}); name Asterisk's here")]
    NoAuthorities(String),
    #[error("{0}")]
    Other(#[from] rustls::Error),
}

/// Trusts the authorities of a file in PEM, or those of the system.
///
/// # Errors
/// When there are none, or the file cannot be read.
pub(crate) fn client_config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, BadTls> {
    let roots = match authorities {
        Some(file) => from_file(file)?,
        None => from_system()?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Whom the certificate must be for.
///
/// # Errors
/// When no certificate can be for that.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    ServerName::try_from(host.to_owned())
}

fn from_file(file: &Path) -> Result<RootCertStore, BadTls> {
    let bad = |problem: String| BadTls::File(file.display().to_string(), problem);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))? {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() { Err(bad("it holds no certificate in PEM".to_owned())) } else { Ok(roots) }
}

fn from_system() -> Result<RootCertStore, BadTls> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some that a system has are too odd for rustls; the others are as good without them.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(BadTls::NoAuthorities(why));
    }
    Ok(roots)
}
