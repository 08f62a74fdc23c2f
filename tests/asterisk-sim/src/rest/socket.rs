//! REST over the event websocket: a `RESTRequest` frame comes in, a `RESTResponse` goes out.

use bytes::Bytes;
use serde_json::{Value, json};

use super::ApiRequest;
use crate::server::{Shared, http::Request, outbox::Outbox};

/// Acts on what a client sent over its websocket. What is no request gets no answer.
pub(crate) fn over_websocket(shared: &Shared, message: &[u8], outbox: &Outbox) {
    let Ok(asked) = serde_json::from_slice::<Value>(message) else { return };
    if asked["type"] != "RESTRequest" {
        return;
    }
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let (uri, query) = text("uri").split_once('?').unwrap_or((text("uri"), ""));
    let pairs = asked["query_strings"].as_array().into_iter().flatten().map(|pair| {
        let part = |name: &str| {
            percent_encoding::utf8_percent_encode(
                pair[name].as_str().unwrap_or_default(),
                percent_encoding::NON_ALPHANUMERIC,
            )
            .to_string()
        };
        format!("{}={}", part("name"), part("value"))
    });
    let query = std::iter::once(query.to_owned()).chain(pairs).collect::<Vec<_>>().join("&");
    let query = query.trim_start_matches('&').to_owned();
    let body = Bytes::copy_from_slice(text("message_body").as_bytes());
    let request = Request {
        method: text("method").to_owned(),
        path: format!("/ari/{uri}"),
        query,
        headers: vec![("content-type".into(), text("content_type").to_owned())],
        body,
        body_too_large: false,
    };
    let record = shared.record.arrived(&request, true);
    let reply = super::answer(
        &mut shared.world(),
        &ApiRequest {
            path: &format!("/{uri}"),
            method: &request.method,
            query: &request.query,
            content_type: text("content_type"),
            body: &request.body,
        },
    );
    shared.record.answered(record, reply.status);
    let mut answer = json!({
        "type": "RESTResponse",
        "transaction_id": asked["transaction_id"],
        "request_id": asked["request_id"],
        "status_code": reply.status,
        "reason_phrase": reply.reason,
        "uri": uri,
    });
    if let Some(content_type) = &reply.content_type {
        answer["content_type"] = content_type.clone().into();
        answer["message_body"] = String::from_utf8_lossy(&reply.body).into();
    }
    outbox.send_text(&answer.to_string());
}
