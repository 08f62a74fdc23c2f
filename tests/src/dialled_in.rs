//! Asterisks that dial in: what they and the proxy are configured with.

use ari_testbed::AsteriskOptions;
use serde_json::{Value, json};

use crate::brokers::Kind;

/// How an Asterisk dials in.
#[derive(Debug, Clone)]
pub struct Dials<'a> {
    /// The proxy's URL, as Asterisk sees it.
    pub uri: &'a str,
    /// Its name, if it shows one.
    pub username: Option<&'a str>,
    /// Its password.
    pub password: &'a str,
    /// More of `websocket_client.conf`.
    pub more: &'a str,
}

impl Dials<'_> {
    /// An Asterisk that dials in for this application, which calls enter.
    #[must_use]
    pub fn options(&self, application: &str) -> AsteriskOptions {
        let Self { uri, username, password, more } = self;
        let user =
            username.map_or_else(String::new, |user| format!("username = {user}\npassword = {password}\n"));
        let client = format!(
            "[proxy]\ntype = websocket_client\nconnection_type = persistent\nuri = {uri}\nprotocols = ari\n{user}{more}"
        );
        let ari = format!(
            "[fleet]\ntype = outbound_websocket\nwebsocket_client_id = proxy\napps = {application}\nlocal_ari_user = ari"
        );
        AsteriskOptions::new()
            .application(application)
            .configuration("websocket_client.conf", &client)
            .configuration("ari.conf", &ari)
    }
}

/// The configuration of a proxy that listens on a port of this machine. `asterisks` are as in `websocket_listen`.
#[must_use]
pub fn listen_json(kind: Kind, bus_url: &str, port: u16, asterisks: &Value, application: &str) -> Value {
    json!({
        "applications": [application],
        "websocket_listen": { "address": format!("127.0.0.1:{port}"), "asterisks": asterisks },
        "message_bus": match kind { Kind::Nats => "NATS", Kind::Rabbitmq => "RABBITMQ" },
        "bus_config": { "url": bus_url },
    })
}
