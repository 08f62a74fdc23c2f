//! REST over the event websocket: a `RESTRequest` frame comes in, a `RESTResponse` goes out.

use bytes::Bytes;
use serde_json::{Value, json};

use super::ApiRequest;
use crate::server::{Shared, http::Request, outbox::Outbox};

/// Acts on what a client sent over its websocket.
pub(crate) fn over_websocket(shared: &Shared, message: &[u8], outbox: &Outbox, applications: &[String]) {
    let respond = |mut answer: Value| {
        // The answer is an event of the socket's first application, and passes through its filter.
        let application = applications.first().map(String::as_str).unwrap_or_default();
        let mut world = shared.world();
        if world.applications.get(application).is_some_and(|found| found.owns(outbox)) {
            world.emit_to(application, "RESTResponse", answer);
        } else {
            answer["application"] = application.into();
            outbox.send_text(&world.event("RESTResponse", answer));
        }
    };
    let refuse = |reason: &str| {
        respond(json!({
            "transaction_id": "", "request_id": "", "status_code": 400, "reason_phrase": reason, "uri": "",
        }));
    };
    let Ok(asked) = serde_json::from_slice::<Value>(message) else {
        return refuse("The request is not JSON");
    };
    if asked["type"] != "RESTRequest" {
        return refuse("Bad request");
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
    respond(answer);
}
