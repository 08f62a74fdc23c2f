//! Commands of an operator in a dialog, in the place of its worker.

use std::sync::Arc;

use ari_bus::protocol::{Answer, Incoming, parse_incoming};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tracing::info;

use super::{Site, reply::Refusal};
use crate::{asterisk::request::Request, dialog::operating::NotRun};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/dialogs/{dialog}/commands", post(send))
}

/// Runs what a worker would write on its topic of commands, and answers with Asterisk's answer.
async fn send(
    State(site): State<Arc<Site>>,
    Path(dialog): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let request = read(&body)?;
    info!(dialog, method = %request.method, url = request.url.split('?').next(), "an operator sends a command");
    let mut not_run = NotRun::Unknown;
    for context in site.contexts() {
        match context.operate(&dialog, request.clone()).await {
            Ok(answer) => return Ok(Json(shown(&answer))),
            // Another of the process's proxies may have it.
            Err(NotRun::Unknown) => {}
            Err(other) => {
                not_run = other;
                break;
            }
        }
    }
    let status = match not_run {
        NotRun::Unknown => StatusCode::NOT_FOUND,
        NotRun::Ambiguous => StatusCode::CONFLICT,
        NotRun::Busy => StatusCode::TOO_MANY_REQUESTS,
        NotRun::Gone => StatusCode::SERVICE_UNAVAILABLE,
    };
    Err(Refusal::new(status, not_run.to_string()))
}

fn read(body: &[u8]) -> Result<Request, Refusal> {
    let bad = |status: u16, text: String| {
        Refusal::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), text)
    };
    match parse_incoming(body) {
        Incoming::Command(command) => {
            Request::check(&command).map_err(|refused| bad(refused.status, refused.message))
        }
        Incoming::Refused(refused) => Err(bad(refused.status, refused.message)),
        Incoming::Control(_) | Incoming::Noise(_) => Err(bad(
            400,
            "the body must be a command such as {\"method\": \"POST\", \"url\": \"/channels/17.1/answer\"}"
                .to_owned(),
        )),
    }
}

/// An answer of Asterisk as workers get it.
fn shown(answer: &Answer) -> Value {
    match std::str::from_utf8(&answer.body) {
        Ok(body) => json!({ "status_code": answer.status, "response_body": body }),
        Err(_) => json!({
            "status_code": answer.status, "response_body": STANDARD.encode(&answer.body), "encoding": "base64",
        }),
    }
}
