//! Whether the process lives, and whether each of its proxies does its part: for whoever restarts what does not.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Site;
use crate::proxy::{
    State as Proxy,
    state::{Holder, Role},
};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// Says of each proxy what it has, since when, and whether that is all it needs.
async fn ready(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let servers: Vec<_> = site.servers.iter().map(|server| shown(server)).collect();
    let ready = servers.iter().all(|(ready, _)| *ready);
    let servers: Vec<Value> = servers.into_iter().map(|(_, server)| server).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "servers": servers })))
}

fn shown(server: &Proxy) -> (bool, Value) {
    let now = server.now();
    let asterisk = now.asterisk.iter().map(|(application, holder)| {
        let state = holder_name(holder.value);
        let ready = holder.value == Holder::Ours;
        json!({ "application": application, "ready": ready, "state": state, "since": instant(holder.since) })
    });
    // Who stands by has no link to Asterisk, and needs none.
    let asterisk: Vec<Value> = if now.role.value == Role::Standby { Vec::new() } else { asterisk.collect() };
    let shown = json!({
        "server_id": server.server_id(),
        "ready": now.is_ready(),
        "role": { "state": role_name(now.role.value), "since": instant(now.role.since) },
        "bus": { "ready": now.bus.value, "since": instant(now.bus.since) },
        "asterisk": asterisk,
    });
    (now.is_ready(), shown)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Starting => "starting",
        Role::Standby => "standby",
        Role::Acting => "acting",
        Role::Stopping => "stopping",
    }
}

/// The word for who has an application.
pub(super) fn holder_name(holder: Holder) -> &'static str {
    match holder {
        Holder::Ours => "connected",
        Holder::Others => "taken by another program",
        Holder::Nobody => "not connected",
    }
}

/// A time as everybody reads it, to the second.
pub(super) fn instant(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}
