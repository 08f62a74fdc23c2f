//! The dialogs that there are.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};

use super::Site;
use crate::dialog::operating::Listed;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/dialogs", get(list))
}

/// Lists those of all proxies that act, the oldest first.
async fn list(State(site): State<Arc<Site>>) -> Json<Vec<Listed>> {
    Json(site.contexts().flat_map(|context| context.listed()).collect())
}
