//! What unit tests share.

use serde_json::json;

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
