//! The applications of the process's proxies.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde_json::{Value, json};

use super::{
    Site,
    health::{holder_name, instant},
};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/ari/amqp", get(list))
}

/// Lists them, and who has each in Asterisk.
async fn list(State(site): State<Arc<Site>>) -> Json<Value> {
    let mut applications = Vec::new();
    for server in &site.servers {
        let now = server.now();
        for name in server.applications() {
            let Some(holder) = now.asterisk.get(name) else { continue };
            applications.push(json!({
                "application": name,
                "server_id": server.server_id(),
                "state": holder_name(holder.value),
                "since": instant(holder.since),
            }));
        }
    }
    Json(Value::Array(applications))
}
