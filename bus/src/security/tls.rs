//! TLS of the side that connects, made of PEM files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};

use super::file::hint;
use crate::{BusError, BusErrorKind};

/// The files of a connection's TLS, all PEM. Without any, a server is trusted whom an authority of the system vouches for, and we show no
/// certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities that vouch for the server, in place of the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate.
    pub identity: Option<ClientIdentity>,
}

/// A certificate that we show to servers that ask for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate, and those between it and the authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A file with which no TLS can be made.
#[derive(Debug, thiserror::Error)]
#[error("tls.{key}: {problem}")]
pub struct BadFile {
    /// Which: `ca`, `cert` or `key`.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl From<BadFile> for BusError {
    fn from(error: BadFile) -> Self {
        Self::new(BusErrorKind::Invalid, error.to_string())
    }
}

impl TlsFiles {
    /// Whether anything is asked for that differs from the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the files.
    ///
    /// # Errors
    /// Names the key, and what is wrong with its file.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, BadFile> {
        let bad = |key, problem: String| BadFile { key, problem };
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| bad("ca", error.to_string()))?
            .with_root_certificates(self.roots()?);
        let Some(identity) = &self.identity else { return Ok(Arc::new(builder.with_no_client_auth())) };
        let chain = certificates(&identity.cert).map_err(|problem| bad("cert", problem))?;
        let key = private_key(&identity.key).map_err(|problem| bad("key", problem))?;
        let config = builder.with_client_auth_cert(chain, key).map_err(|error| {
            let (key, cert) = (identity.key.display(), identity.cert.display());
            bad("key", format!("{key} does not go with the certificate in {cert}: {error}"))
        })?;
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, BadFile> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(file) => {
                let bad = |problem| BadFile { key: "ca", problem };
                for certificate in certificates(file).map_err(bad)? {
                    let unusable = |error| bad(format!("{}: {error}", file.display()));
                    roots.add(certificate).map_err(unusable)?;
                }
            }
            // One of the system's that cannot be used is one authority fewer; that of a server that needs it is then told as unknown.
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        Ok(roots)
    }
}

/// The certificates in a PEM file, in their order; at least one.
///
/// # Errors
/// Says what is wrong with the file.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, &error))?;
    let all: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| unreadable(file, &error))?;
    if all.is_empty() { Err(no_pem(file, "certificate")) } else { Ok(all) }
}

/// The private key in a PEM file.
///
/// # Errors
/// Says what is wrong with the file.
pub fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| match error {
        pem::Error::NoItemsFound => no_pem(file, "private key (without a passphrase)"),
        error => unreadable(file, &error),
    })
}

fn no_pem(file: &Path, what: &str) -> String {
    format!("cannot read {}: it holds no {what} in PEM", file.display())
}

fn unreadable(file: &Path, error: &pem::Error) -> String {
    let problem = match error {
        pem::Error::Io(error) => hint(error),
        // The library's text repeats the line.
        _ => "it is damaged: not PEM".to_owned(),
    };
    format!("cannot read {}: {problem}", file.display())
}
