//! What happens to dialogs, as it happens.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::{
    Stream,
    stream::{select_all, unfold},
};
use serde::Deserialize;
use tokio::{sync::broadcast::error::RecvError, time::timeout};

use super::{Site, limits::WATCHING, reply::Refusal};
use crate::dialog::Context;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/watch", get(watch))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// An application, a dialog or a first channel; all, where it is absent.
    of: Option<String>,
}

/// Lines of JSON, until the client or the proxy goes.
async fn watch(State(site): State<Arc<Site>>, Query(wanted): Query<Wanted>) -> Response {
    // Unfold's streams are not Unpin by themselves.
    let streams: Vec<_> =
        site.contexts().map(|context| Box::pin(lines(&context, wanted.of.clone()))).collect();
    if streams.is_empty() {
        let text = "this process does not act: there is nothing to watch here";
        return Refusal::response(StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")];
    (kind, Body::from_stream(select_all(streams))).into_response()
}

/// What happens to the dialogs of one proxy while it acts. A client that reads too slowly is told of a gap.
fn lines(
    context: &Context,
    of: Option<String>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let (seen, over, stop) = (context.watchers.watch(), context.over.clone(), context.stop.clone());
    unfold((seen, of, over, stop), async move |(mut seen, of, over, stop)| {
        let line = loop {
            let next = tokio::select! {
                next = timeout(WATCHING, seen.recv()) => next,
                () = over.cancelled() => return None,
                () = stop.cancelled() => return None,
            };
            match next {
                Ok(Ok(one)) if of.as_ref().is_none_or(|of| one.is_of(of)) => break one.to_json() + "\n",
                Ok(Ok(_)) => {}
                Ok(Err(RecvError::Lagged(missed))) => break format!("{{\"missed\":{missed}}}\n"),
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) => break "\n".to_owned(),
            }
        };
        Some((Ok(line.into()), (seen, of, over, stop)))
    })
}
