//! What is logged, seen and changed while the process runs.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use super::{LogControl, Site, reply::Refusal};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/log", get(show).put(change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    log: String,
}

async fn show(State(site): State<Arc<Site>>) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({ "log": control(&site)?.now() })))
}

/// Until the process ends: the configuration stays as it is.
async fn change(State(site): State<Arc<Site>>, body: String) -> Result<Json<Value>, Refusal> {
    let control = control(&site)?;
    let bad = |text: String| Refusal::new(StatusCode::BAD_REQUEST, text);
    let Wanted { log } = serde_json::from_str(&body).map_err(|_| {
        bad("the body must be {\"log\": \"debug\"}, with what the key `log` may hold".to_owned())
    })?;
    let log = control.set(&log).map_err(bad)?;
    info!(log, "told to log this from now on");
    Ok(Json(json!({ "log": log })))
}

fn control(site: &Site) -> Result<&LogControl, Refusal> {
    let text = "what is logged cannot be changed in this process";
    site.log.as_ref().ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, text))
}
