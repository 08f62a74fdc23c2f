//! The proxy's own HTTP listener, for operators and their tools: health, and what can be asked of a running proxy or changed in it.
//!
//! Each subject has a file with its `routes()`. Those of health are open to whoever reaches the port; all others stand behind the
//! token.

mod access;
mod applications;
mod dialogs;
mod health;
mod limits;
mod log;
mod metrics;
mod places;
mod reply;
mod send;
mod server;
mod watch;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};

use crate::{LogControl, config::HttpConfig, dialog::Context, proxy::State};
use access::Access;
use reply::Refusal;
pub use server::HttpError;
pub(crate) use server::Server;

/// What the routes are about: all proxies of the process.
pub(crate) struct Site {
    /// In the order of the configuration.
    pub(crate) servers: Vec<Arc<State>>,
    /// What is logged, where that can be changed.
    pub(crate) log: Option<LogControl>,
}

impl Site {
    /// What the dialogs of each proxy share that acts.
    fn contexts(&self) -> impl Iterator<Item = Arc<Context>> {
        self.servers.iter().filter_map(|server| server.context())
    }
}

/// All that the listener answers.
pub(crate) fn router(site: Site, config: &HttpConfig) -> Router {
    let access = Arc::new(Access::new(config.token.clone()));
    let closed = Router::new()
        .merge(applications::routes())
        .merge(dialogs::routes())
        .merge(log::routes())
        .merge(send::routes())
        .merge(watch::routes())
        .merge(metrics::routes())
        // Here as well: who has no token learns nothing of what there is behind it.
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&access), access::authorize));
    Router::new()
        .merge(health::routes())
        .merge(closed)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(access, access::no_browser))
        .layer(from_fn(in_time))
        .with_state(Arc::new(site))
}

async fn nothing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "there is nothing here: see docs/http.md")
}

async fn wrong_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this can be asked for, but not with this method")
}

/// Answers a request that takes too long, whatever it waits for.
async fn in_time(request: Request, next: Next) -> Response {
    const PATIENCE: Duration = limits::REQUEST;
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::response(
            StatusCode::REQUEST_TIMEOUT,
            &format!("it took longer than {PATIENCE:?}; what was asked for may have been done"),
        ),
    }
}
