//! What the tests of this folder share.

use crate::config::Config;

/// A configuration for an Asterisk at this address.
pub(super) fn config(asterisk: &str) -> Config {
    serde_json::from_value(serde_json::json!({
        "server_id": "x", "applications": ["a"], "ws_user": "u", "ws_password": "p", "message_bus": "NATS",
        "websocket_url": format!("ws://{asterisk}/ari/events"), "stasis_url": format!("http://{asterisk}/ari"),
    }))
    .unwrap()
}
