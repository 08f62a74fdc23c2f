//! The body of a message of the stream: the event as it came, in an envelope that says what it is.

use std::io::Write as _;

use bytes::Bytes;

use super::Origin;

/// Bytes of an envelope without its names.
const ENVELOPE: usize = 48;

/// Wraps an event's JSON, byte for byte: `{"name","application","data"}` of an application, otherwise `{"name","data"}`.
pub(super) fn wrap(origin: Origin, name: &str, of: &str, data: &str) -> Bytes {
    let mut body = Vec::with_capacity(ENVELOPE + name.len() + of.len() + data.len());
    // Neither a string nor a Vec can fail to be written.
    let _ = body.write_all(br#"{"name":"#);
    let _ = serde_json::to_writer(&mut body, name);
    if origin == Origin::Application {
        let _ = body.write_all(br#","application":"#);
        let _ = serde_json::to_writer(&mut body, of);
    }
    let _ = body.write_all(br#","data":"#);
    let _ = body.write_all(data.as_bytes());
    body.push(b'}');
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_inside_is_the_one_that_came_byte_for_byte() {
        let event = r#"{ "type":"X",  "a":1.50, "a":"\u00e9" }"#;
        let body = wrap(Origin::Application, "X", "hel\"lo", event);
        assert_eq!(body, format!(r#"{{"name":"X","application":"hel\"lo","data":{event}}}"#));
        assert_eq!(wrap(Origin::Channel, "X", "17.1", event), format!(r#"{{"name":"X","data":{event}}}"#));
    }
}
