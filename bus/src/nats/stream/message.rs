//! A record as a message of NATS.

use async_nats::{HeaderMap, HeaderName, HeaderValue, header::NATS_MESSAGE_ID};

use crate::{
    BusError, BusErrorKind,
    protocol::check_topic,
    stream::{Record, shown},
};

/// The headers, if key and headers can be sent at all.
pub(super) fn headers(record: &Record) -> Result<HeaderMap, BusError> {
    check_topic(&record.key).map_err(|error| invalid(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, value("Nats-Msg-Id", &record.id)?);
    for (name, text) in &record.headers {
        let header: HeaderName =
            name.parse().map_err(|_| invalid(format!("{name:?} is no name for a header")))?;
        headers.insert(header, value(name, text)?);
    }
    Ok(headers)
}

fn value(name: &str, text: &str) -> Result<HeaderValue, BusError> {
    text.parse().map_err(|_| invalid(format!("the header {name} holds a line break: {}", shown(text))))
}

fn invalid(text: String) -> BusError {
    BusError::new(BusErrorKind::Invalid, text)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn record(key: &str, value: &str) -> Record {
        Record {
            key: key.to_owned(),
            headers: vec![("name", value.to_owned())],
            body: Bytes::new(),
            id: "1".to_owned(),
        }
    }

    #[test]
    fn a_record_has_its_headers_and_its_id() {
        let headers = headers(&record("stasis.app.hello", "StasisStart, ä")).unwrap();
        let seen = |name: &str| headers.get(name).map(ToString::to_string);
        assert_eq!(seen("name").as_deref(), Some("StasisStart, ä"));
        assert_eq!(seen("Nats-Msg-Id").as_deref(), Some("1"));
    }

    #[test]
    fn what_would_break_the_protocol_is_refused() {
        for key in ["", "a..b", ".a", "a.", "a b", "a.*", "a.>", "a\r\nPUB b 0", "a\tb"] {
            assert_eq!(headers(&record(key, "x")).unwrap_err().kind(), BusErrorKind::Invalid, "{key:?}");
        }
        for text in ["a\nb", "a\r", "\r\n\r\nPUB x 0"] {
            assert_eq!(headers(&record("a", text)).unwrap_err().kind(), BusErrorKind::Invalid, "{text:?}");
        }
    }
}
