//! Real Asterisks dial in to the proxy.

mod access;
mod guide;
mod restarts;
mod servers;

use ari_testbed::Asterisk;
use ari_tests::{
    dialled_in::Dials,
    wait::eventually,
    worlds::{start_asterisk, until_registered},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Their proxies have the same names on the shared broker: one test at a time.
static TURN: Mutex<()> = Mutex::const_new(());

fn asterisks(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"server_id": name, "password": format!("secret of {name}")})).collect()
}

/// Starts an Asterisk that dials a port on this machine under this name.
async fn dials(port: u16, name: &str, application: &str) -> Asterisk {
    let (uri, password) = (format!("ws://127.0.0.1:{port}/ari"), format!("secret of {name}"));
    let dials = Dials { uri: &uri, username: Some(name), password: &password, more: "" };
    start_asterisk(dials.options(application)).await
}

/// Waits until Asterisk has its websocket to the proxy.
async fn until_dialled_in(asterisk: &Asterisk, application: &str) {
    until_registered(asterisk, application).await;
    eventually("the connection", async || asterisk.log().contains("Outbound websocket connected")).await;
}
