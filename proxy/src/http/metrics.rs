//! What Prometheus reads.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
    routing::get,
};

use super::Site;
use crate::metrics::{Format, expose};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/metrics", get(metrics))
}

/// All metrics of all proxies, in the form that the reader asks for.
async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> impl IntoResponse {
    let wanted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let format = Format::accepted(&wanted.collect::<Vec<_>>().join(","));
    let proxies: Vec<_> = site.servers.iter().map(|server| server.measured()).collect();
    ([(header::CONTENT_TYPE, format.content_type())], expose(&proxies, format))
}
