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
        files.push(("websocket_listen.tls.certificate".to_owned(), tls.certificate.as_path()));
        files.extend(
            tls.client_ca.iter().map(|file| ("websocket_listen.tls.client_ca".to_owned(), file.as_path())),
        );
    }
    for (at, tls) in [("asterisk.tls", &config.asterisk.tls), ("bus_config.tls", &config.bus_config.tls)] {
        let named = [("ca", &tls.ca), ("cert", &tls.cert)];
        files.extend(
            named.into_iter().filter_map(|(key, file)| Some((format!("{at}.{key}"), file.as_deref()?))),
        );
    }
    let ami = config.stream.as_ref().and_then(|stream| stream.ami.as_ref());
    files.extend(ami.and_then(|ami| Some(("stream.ami.ca".to_owned(), ami.ca.as_deref()?))));
    files.into_iter().map(|(key, file)| judge(&key, file, OffsetDateTime::now_utc())).collect()
}

/// Judges the certificate of a file that ends first.
fn judge(key: &str, file: &Path, now: OffsetDateTime) -> Finding {
    let shown = file.display().to_string();
    match ends(file) {
        Ok(ends) => judge_end(key, &shown, ends, now),
        Err(why) => Finding::bad(key, format!("{shown}: {why}")),
    }
}

fn judge_end(key: &str, file: &str, ends: OffsetDateTime, now: OffsetDateTime) -> Finding {
    let (left, date) = (ends - now, ends.date());
    let days = left.whole_days();
    if left.is_negative() {
        Finding::bad(key, format!("{file} has expired on {date}"))
            .hint("make a new certificate, and restart the proxy")
    } else if days < SOON {
        Finding::warning(key, format!("{file} expires in {days} days, on {date}"))
            .hint("make a new certificate before, and restart the proxy")
    } else {
        Finding::good(key, format!("{file} is valid until {date}"))
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

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::check::Mark;

    #[test]
    fn the_end_is_told_before_it_comes() {
        let ends = datetime!(2026-12-01 12:00 UTC);
        for (before, mark, text) in [
            (Duration::days(90), Mark::Good, "f is valid until 2026-12-01"),
            (Duration::days(SOON), Mark::Good, "f is valid until 2026-12-01"),
            (Duration::days(5), Mark::Warning, "f expires in 5 days, on 2026-12-01"),
            (Duration::hours(1), Mark::Warning, "f expires in 0 days, on 2026-12-01"),
            (Duration::hours(-1), Mark::Bad, "f has expired on 2026-12-01"),
        ] {
            let finding = judge_end("key", "f", ends, ends - before);
            assert_eq!((finding.mark, &*finding.text), (mark, text));
        }
    }
}
