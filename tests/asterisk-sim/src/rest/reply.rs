//! The answers that ARI gives: statuses, reasons and shapes are Asterisk's (the reason is not always the usual
//! one), the words of its messages our own.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::server::http::Reply;

/// 204.
pub(crate) fn done() -> Reply {
    Reply {
        status: 204,
        reason: "No Content".into(),
        content_type: None,
        headers: Vec::new(),
        body: Bytes::new(),
    }
}

/// 200 with JSON.
pub(crate) fn ok(value: &Value) -> Reply {
    with_json(200, "OK", value)
}

/// 201 with JSON, and where the new object is.
pub(crate) fn created(location: &str, value: &Value) -> Reply {
    let mut reply = with_json(201, "Created", value);
    reply.headers.push(("Location", format!("/ari{location}")));
    reply
}

/// An error, in the one shape nearly all of them have.
pub(crate) fn error(status: u16, reason: &str, message: &str) -> Reply {
    with_json(status, reason, &json!({ "message": message }))
}

/// 400.
pub(crate) fn bad_request(message: &str) -> Reply {
    error(400, "Bad Request", message)
}

/// 404 for an object.
pub(crate) fn not_found(message: &str) -> Reply {
    error(404, "Not Found", message)
}

/// 409.
pub(crate) fn conflict(message: &str) -> Reply {
    error(409, "Conflict", message)
}

/// 422.
pub(crate) fn unprocessable(message: &str) -> Reply {
    error(422, "Unprocessable Entity", message)
}

/// 401.
pub(crate) fn unauthorized() -> Reply {
    let mut reply = error(401, "Unauthorized", "Who are you?");
    reply.headers.push(("WWW-Authenticate", "Basic realm=\"Asterisk REST Interface\"".into()));
    reply
}

/// An error from the web server beneath ARI: a page, not JSON.
pub(crate) fn page(status: u16, reason: &str, message: &str) -> Reply {
    let mut page = with_json(status, reason, &Value::Null);
    page.content_type = Some("text/html".into());
    page.body = format!("<html><body><h1>{reason}</h1><p>{message}</p></body></html>").into();
    page
}

/// JSON with any status.
pub(crate) fn with_json(status: u16, reason: &str, value: &Value) -> Reply {
    Reply {
        status,
        reason: reason.to_owned(),
        content_type: Some("application/json".into()),
        headers: Vec::new(),
        body: value.to_string().into(),
    }
}
