//! REST over the websocket, in JSON: `RESTRequest` out, `RESTResponse` in.

use ari_bus::protocol::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{
    limits::MAX_REQUEST_FRAME,
    request::{Refused, Request},
    sizes::check_body,
};
use crate::fields::Fields;

/// The type of an answer, which no event has.
const RESPONSE: &str = "RESTResponse";

/// A request as a frame. The query stays in the path: Asterisk decodes both as it does in HTTP.
///
/// # Errors
/// 413 where Asterisk would close the socket over its size.
pub(in super::super) fn rest_request(id: u64, request: &Request) -> Result<String, Refused> {
    check_body(request.body.as_deref())?;
    let mut frame = json!({
        "type": "RESTRequest", "transaction_id": "", "request_id": id.to_string(), "method": request.method.as_str(),
        "uri": request.url.trim_start_matches('/'),
    });
    if let Some(body) = &request.body {
        frame["content_type"] = "application/json".into();
        frame["message_body"] = body.as_str().into();
    }
    let frame = frame.to_string();
    if frame.len() > MAX_REQUEST_FRAME {
        let message = format!(
            "it has {} bytes as a frame of the websocket; Asterisk takes {MAX_REQUEST_FRAME}",
            frame.len()
        );
        return Err(Refused { status: 413, message });
    }
    Ok(frame)
}

/// An answer that came on the websocket.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct RestResponse {
    /// The request that it is for; none where it names none of ours.
    pub(super) id: Option<u64>,
    /// None where it is no answer that could be passed on.
    pub(super) answer: Option<Answer>,
}

impl RestResponse {
    /// Reads a frame; none where it is anything else, such as an event.
    pub(in super::super) fn read(text: &str) -> Option<Self> {
        // Of thousands of events none is read further than that.
        if !text.contains(RESPONSE) {
            return None;
        }
        let fields = Fields::read(text.as_bytes())?;
        let field = |name: &str| fields.get(name).and_then(|field| field.text());
        if field("type")? != RESPONSE {
            return None;
        }
        let status = fields.get("status_code").and_then(|status| status.number());
        let status =
            status.and_then(|status| u16::try_from(status).ok()).filter(|status| (100..600).contains(status));
        let body = field("message_body").unwrap_or_default();
        let answer = status.map(|status| match (status, body.is_empty(), field("reason_phrase")) {
            // The reason is all that it says.
            (400.., true, Some(reason)) => Answer::error(status, &reason),
            _ => Answer { status, body: body.into() },
        });
        Some(Self { id: field("request_id").and_then(|id| id.parse().ok()), answer })
    }
}

/// Whether the answer is a file, which has no place in a frame of text.
pub(super) fn wants_bytes(request: &Request) -> bool {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    request.method == Method::GET && matches!(segments.as_slice(), ["recordings", "stored", _, "file"])
}

/// Whether a request sets a filter of events behind which no answer on the websocket would come any more.
pub(super) fn swallows_answers(request: &Request) -> bool {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if request.method != Method::PUT || !matches!(segments.as_slice(), ["applications", _, "eventFilter"]) {
        return false;
    }
    let filter: Value =
        request.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let names =
        |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|kind| kind["type"] == RESPONSE));
    let allows_some = filter["allowed"].as_array().is_some_and(|list| !list.is_empty());
    names(&filter["disallowed"]) || (allows_some && !names(&filter["allowed"]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(method: Method, url: &str, body: Option<&str>) -> Request {
        Request { method, url: url.to_owned(), body: body.map(str::to_owned) }
    }

    #[test]
    fn a_request_has_the_workers_words() {
        let body = r#"{"variables":{"X":"1+2 ü\n"}}"#;
        let url = "/channels/a%20b/play?media=sound:x+y%2Bz&skipms=0";
        let frame = rest_request(7, &request(Method::POST, url, Some(body))).unwrap();
        let frame: Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(frame["uri"], url[1..]);
        assert_eq!(
            (&frame["message_body"], &frame["content_type"]),
            (&json!(body), &json!("application/json"))
        );
        assert_eq!((&frame["method"], &frame["request_id"]), (&json!("POST"), &json!("7")));
        let frame = rest_request(8, &request(Method::GET, "/channels", None)).unwrap();
        let frame: Value = serde_json::from_str(&frame).unwrap();
        assert_eq!((frame.get("message_body"), frame.get("content_type")), (None, None));
    }

    #[test]
    fn what_the_socket_would_be_closed_over_is_refused() {
        let quotes = "\"".repeat(39_000);
        let refused = rest_request(1, &request(Method::POST, "/x", Some(&quotes))).unwrap_err();
        assert_eq!(refused.status, 413);
        assert!(rest_request(1, &request(Method::POST, "/x", Some(&"x".repeat(40_000)))).is_ok());
    }

    #[test]
    fn answers_are_read_and_events_are_not() {
        let read = |text: &str| RestResponse::read(text);
        let answer = |status, body: &str| Some(Answer { status, body: body.to_owned().into() });
        let text = r#"{"type":"RESTResponse","request_id":"5","status_code":200,"reason_phrase":"OK","message_body":"{\"a\":\"\u00fc\"}"}"#;
        assert_eq!(read(text), Some(RestResponse { id: Some(5), answer: answer(200, r#"{"a":"ü"}"#) }));
        let text = r#"{"status_code":204,"request_id":"5","type":"RESTResponse"}"#;
        assert_eq!(read(text), Some(RestResponse { id: Some(5), answer: answer(204, "") }));
        let text = r#"{"type":"RESTResponse","request_id":"5","status_code":406,"reason_phrase":"Use HTTP"}"#;
        assert_eq!(read(text).unwrap().answer, Some(Answer::error(406, "Use HTTP")));
        for event in [
            r#"{"type":"ChannelUserevent","userevent":{"x":"RESTResponse"}}"#,
            r#"{"type":"RESTResponse","type":"ChannelUserevent"}"#,
            r#"["RESTResponse"]"#,
            "RESTResponse",
        ] {
            assert_eq!(read(event), None, "{event}");
        }
    }

    #[test]
    fn an_answer_of_odd_shapes_is_none_and_no_event_either() {
        for (text, id) in [
            (r#"{"type":"RESTResponse"}"#, None),
            (r#"{"type":"RESTResponse","request_id":5,"status_code":"200"}"#, None),
            (r#"{"type":"RESTResponse","request_id":"5","status_code":99}"#, Some(5)),
            (r#"{"type":"RESTResponse","request_id":"5","status_code":65736}"#, Some(5)),
            (r#"{"type":"RESTResponse","request_id":"5","status_code":-1}"#, Some(5)),
            (r#"{"type":"RESTResponse","request_id":"5","status_code":[200]}"#, Some(5)),
            (r#"{"type":"RESTResponse","request_id":"99999999999999999999999","status_code":null}"#, None),
        ] {
            assert_eq!(RestResponse::read(text), Some(RestResponse { id, answer: None }), "{text}");
        }
        let odd = r#"{"type":"RESTResponse","request_id":"5","status_code":200,"message_body":{"a":[]}}"#;
        assert_eq!(RestResponse::read(odd).unwrap().answer, Some(Answer { status: 200, body: "".into() }));
        let deep = format!(
            r#"{{"type":"RESTResponse","x":{}{},"status_code":200}}"#,
            "[".repeat(9_000),
            "]".repeat(9_000)
        );
        assert!(RestResponse::read(&deep).is_some());
        let huge = format!(
            r#"{{"type":"RESTResponse","status_code":200,"message_body":"{}"}}"#,
            "x".repeat(8 << 20)
        );
        assert_eq!(RestResponse::read(&huge).unwrap().answer.unwrap().body.len(), 8 << 20);
    }

    #[test]
    fn what_does_not_fit_is_known() {
        let of = |method, url: &str| wants_bytes(&request(method, url, None));
        assert!(of(Method::GET, "/recordings/stored/a%2Fb/file?x"));
        assert!(!of(Method::GET, "/recordings/stored/file"));
        assert!(!of(Method::POST, "/recordings/stored/a/file"));
        let filter =
            |body| swallows_answers(&request(Method::PUT, "/applications/a/eventFilter", Some(body)));
        for (body, swallows) in [
            (r#"{"allowed":[{"type":"StasisStart"}]}"#, true),
            (r#"{"disallowed":[{"type":"RESTResponse"}]}"#, true),
            (r#"{"allowed":[{"type":"StasisStart"},{"type":"RESTResponse"}]}"#, false),
            (r#"{"allowed":[]}"#, false),
            (r#"{"disallowed":[{"type":"Dial"}]}"#, false),
            ("{}", false),
            ("[", false),
        ] {
            assert_eq!(filter(body), swallows, "{body}");
        }
        assert!(!swallows_answers(&request(Method::GET, "/applications/a", None)));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}", prefix in r#"(\{"type":"RESTResponse","status_code":)?"#) {
            let _ = RestResponse::read(&format!("{prefix}{text}"));
        }

        #[test]
        fn a_body_comes_through_as_it_was(body in ".{0,60}") {
            let frame = rest_request(1, &request(Method::POST, "/x", Some(&body))).unwrap();
            let frame: Value = serde_json::from_str(&frame).unwrap();
            prop_assert_eq!(frame["message_body"].as_str(), Some(&*body));
            let text = json!({"type": RESPONSE, "request_id": "1", "status_code": 200, "message_body": body}).to_string();
            prop_assert_eq!(RestResponse::read(&text).unwrap().answer.unwrap().body, body.as_bytes());
        }
    }
}
