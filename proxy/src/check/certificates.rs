//! Our own certificates: whether they are about to expire.

use std::path::Path;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use time::OffsetDateTime;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use super::Finding;
use crate::config::Config;

/// So long before the end somebody should know, in days.
const SOON: i64 = 21;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut files = Vec::new();
    if let Some(tls) = config.websocket_listen.as_ref().and_then(|listen| listen.tls.as_ref()) {
        files.push(("websocket_listen.tls.certificate", tls.certificate.as_path()));
        files.extend(tls.client_ca.iter().map(|file| ("websocket_listen.tls.client_ca", file.as_path())));
    }
    files.into_iter().map(|(key, file)| judge(key, file, OffsetDateTime::now_utc())).collect()
}

/// Judges the certificate of a file that ends first.
fn judge(key: &str, file: &Path, now: OffsetDateTime) -> Finding {
    let ends = match ends(file) {
        Ok(ends) => ends,
        Err(why) => return Finding::bad(key, format!("{}: {why}", file.display())),
    };
    let (file, days) = (file.display(), (ends - now).whole_days());
    let date = ends.date();
    match ends - now {
        left if left.is_negative() => Finding::bad(key, format!("{file} has expired on {date}"))
            .hint("make a new certificate, and restart the proxy"),
        _ if days < SOON => Finding::warning(key, format!("{file} expires in {days} days, on {date}"))
            .hint("make a new certificate before, and restart the proxy"),
        _ => Finding::good(key, format!("{file} is valid until {date}")),
    }
}

fn ends(file: &Path) -> Result<OffsetDateTime, String> {
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|error| format!("cannot be read: {error}"))?;
    let mut ends = Vec::new();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| format!("holds no certificate: {error}"))?;
        let (_, certificate) =
            X509Certificate::from_der(&certificate).map_err(|_| "holds what is no certificate".to_owned())?;
        ends.push(certificate.validity().not_after.to_datetime());
    }
    ends.into_iter().min().ok_or_else(|| "holds no certificate".to_owned())
}
