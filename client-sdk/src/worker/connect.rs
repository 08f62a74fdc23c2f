//! Connecting to the bus and waiting until it is there.

use std::sync::Arc;

use ari_bus::{Bus, BusOptions, Link};
use tokio::time::timeout;
use tracing::info;

use super::Settings;
use crate::error::WorkerError;

pub(super) async fn connect(url: &str, settings: &Settings) -> Result<Arc<dyn Bus>, WorkerError> {
    // With two TLS providers in one program rustls cannot choose; whoever came first has chosen.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = BusOptions {
        client_name: settings.name.clone(),
        names: settings.names(),
        security: settings.security.clone(),
        ..BusOptions::default()
    };
    let bus = ari_bus::connect(url, options)?;
    info!(url = without_secrets(url), "connecting to the message bus");
    let mut link = bus.link();
    let waited = settings.connect_deadline;
    if matches!(timeout(waited, link.up()).await, Ok(true)) {
        return Ok(bus);
    }
    let reason = match link.now() {
        Link::Down(reason) => reason,
        Link::Up | Link::Closed => "the connection was closed".to_owned(),
    };
    bus.close().await;
    Err(WorkerError::Unreachable { url: without_secrets(url), waited, reason })
}

/// A bus URL, or several separated by commas, without what comes before an `@` or after a `?`.
fn without_secrets(url: &str) -> String {
    let clean = |url: &str| {
        let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
        let (login, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        // A password with a question mark, or a parameter with an `@`: either may be secret.
        let host = if login.contains('?') { "…" } else { host.split('?').next().unwrap_or_default() };
        if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
    };
    // A password may hold a comma: only what follows the last `@` of all is certainly no part of one.
    let servers = url.matches("://").count();
    if servers > 1 { url.split(',').map(clean).collect::<Vec<_>>().join(",") } else { clean(url) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_left_in_a_url() {
        for (url, clean) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://me:s3cret@bus:4222", "nats://bus:4222"),
            ("amqps://me:s3c@ret,@bus/vhost?key=s3cret", "amqps://bus/vhost"),
            ("nats://a:s3cret@one:1,nats://token-s3cret@two:2", "nats://one:1,nats://two:2"),
            ("s3cret@bus", "bus"),
            ("nats://me:s3?cret@bus", "nats://…"),
            ("amqp://bus?key=s3@cret", "amqp://…"),
        ] {
            assert_eq!(without_secrets(url), clean);
        }
    }

    #[tokio::test]
    async fn a_bus_that_is_not_there_is_told_without_its_password() {
        // Nothing listens on port 1.
        for url in ["nats://me:s3cret@127.0.0.1:1", "amqp://me:s3cret@127.0.0.1:1"] {
            let settings =
                Settings { connect_deadline: std::time::Duration::from_millis(50), ..Settings::default() };
            let error = connect(url, &settings).await.unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(matches!(error, WorkerError::Unreachable { .. }), "{text}");
            assert!(text.contains("127.0.0.1:1") && !text.contains("s3cret"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_url_that_names_no_bus_is_refused() {
        let error = connect("http://me:s3cret@127.0.0.1", &Settings::default()).await.unwrap_err();
        assert!(matches!(error, WorkerError::Bus(_)) && !error.to_string().contains("s3cret"), "{error}");
    }
}
