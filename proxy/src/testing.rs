//! What unit tests share.

use std::io;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::subscriber::{DefaultGuard, set_default};

use crate::{asterisk::rest::Rest, config::Config};

/// A configuration for an Asterisk at this address.
pub(crate) fn config(asterisk: &str) -> Config {
    serde_json::from_value(json!({
        "server_id": "pbx", "applications": ["hello"], "ws_user": "u", "ws_password": "p", "message_bus": "NATS",
        "websocket_url": format!("ws://{asterisk}/ari/events"), "stasis_url": format!("http://{asterisk}/ari"),
    }))
    .unwrap()
}

/// A client of the Asterisk that a configuration names.
pub(crate) fn rest(config: &Config) -> Rest {
    // reqwest wants to know who would do its TLS; an error means that another test has said so already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Rest::new(config).unwrap()
}

/// Sends on what is logged, line by line.
#[derive(Clone)]
struct Lines(UnboundedSender<String>);

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this thread logs while the guard lives.
pub(crate) fn log() -> (DefaultGuard, UnboundedReceiver<String>) {
    let (sender, lines) = unbounded_channel();
    let writer = Lines(sender);
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    (set_default(log), lines)
}
