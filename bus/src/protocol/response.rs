//! CommandResponse: the answer to a command or control message, whole whatever its size and bytes.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Bodies;

/// The answer to a command. Version 1 knows the first three fields.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CommandResponse {
    /// The command's `unique_id`.
    #[serde(default)]
    pub unique_id: String,
    /// The HTTP status of Asterisk's answer, or of the proxy's own.
    pub status_code: u16,
    /// The body of the answer, as text or as `encoding` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
    /// The body as a value, for a worker that accepted with `"bodies":"nested"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Box<RawValue>>,
    /// How `response_body` is encoded, where it is not plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Which part this is, from 1, where the answer was too large for one message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// How many parts there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
}

/// How a `response_body` is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Standard base64 with padding.
    Base64,
}

/// An answer before it is put into messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as Asterisk sent it.
    pub body: Bytes,
}

impl Answer {
    /// An answer of the proxy's own, with a JSON body in the form that Asterisk gives its errors.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "message": message }).to_string();
        Self { status, body: body.into() }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, body: Bytes::new() }
    }
}

/// The most parts that one answer has. Even at 64 KiB a message that is more than the largest answer there is.
pub const MAX_ANSWER_PARTS: u32 = 65_536;

/// Puts an answer into as many messages as a bus that carries `largest` bytes a message needs; `None` if it needs
/// more than one and the receiver does not know `parts` (version 1), or more than [`MAX_ANSWER_PARTS`].
#[must_use]
pub fn encode_answer(
    unique_id: &str,
    answer: &Answer,
    bodies: Bodies,
    largest: usize,
    parts_known: bool,
) -> Option<Vec<Bytes>> {
    // Escaping only ever makes it longer: what is too long already need not be tried.
    if answer.body.len() <= largest {
        let whole = to_bytes(&whole(unique_id, answer, bodies));
        if whole.len() <= largest {
            return Some(vec![whole]);
        }
    }
    if !parts_known {
        return None;
    }
    // What a part's message has beside its slice; base64 makes 4 bytes of 3.
    let envelope = to_bytes(&unique_id).len() + 160;
    let slice = largest.saturating_sub(envelope) / 4 * 3;
    if slice == 0 {
        return None;
    }
    let parts = u32::try_from(answer.body.len().div_ceil(slice)).ok();
    let parts = parts.filter(|parts| (1..=MAX_ANSWER_PARTS).contains(parts))?;
    let message = |(index, chunk): (usize, &[u8])| {
        to_bytes(&CommandResponse {
            unique_id: unique_id.to_owned(),
            status_code: answer.status,
            response_body: Some(STANDARD.encode(chunk)),
            part: u32::try_from(index + 1).ok(),
            parts: Some(parts),
            ..CommandResponse::default()
        })
    };
    Some(answer.body.chunks(slice).enumerate().map(message).collect())
}

fn whole(unique_id: &str, answer: &Answer, bodies: Bodies) -> CommandResponse {
    let mut message = CommandResponse {
        unique_id: unique_id.to_owned(),
        status_code: answer.status,
        ..CommandResponse::default()
    };
    match std::str::from_utf8(&answer.body) {
        Ok(text) => {
            message.response = (bodies == Bodies::Nested).then(|| serde_json::from_str(text).ok()).flatten();
            message.response_body = message.response.is_none().then(|| text.to_owned());
        }
        Err(_) => {
            message.response_body = Some(STANDARD.encode(&answer.body));
            message.encoding = Some(Encoding::Base64);
        }
    }
    message
}

fn to_bytes(message: &impl Serialize) -> Bytes {
    // Strings, numbers and valid raw JSON always serialize.
    serde_json::to_vec(message).unwrap_or_default().into()
}

/// A message on a responses topic that is not a readable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It is not the JSON of a CommandResponse.
    #[error("not a CommandResponse: {0}")]
    Malformed(String),
    /// Its body is said to be base64 and is not.
    #[error("the body is not the base64 that it is said to be")]
    Encoding,
}

impl CommandResponse {
    /// Reads a message from a responses topic.
    ///
    /// # Errors
    /// `Malformed` when it is not the JSON of a CommandResponse.
    pub fn parse(payload: &[u8]) -> Result<Self, ResponseError> {
        serde_json::from_slice(payload).map_err(|error| ResponseError::Malformed(error.to_string()))
    }

    /// The bytes of the body, of this part alone where there are several.
    ///
    /// # Errors
    /// `Encoding` when they are said to be base64 and are not.
    pub fn into_body(self) -> Result<Bytes, ResponseError> {
        if let Some(value) = self.response {
            return Ok(Bytes::from(String::from(Box::<str>::from(value))));
        }
        let text = self.response_body.unwrap_or_default();
        if self.encoding.is_some() || self.part.is_some() {
            return STANDARD.decode(text).map(Bytes::from).map_err(|_| ResponseError::Encoding);
        }
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(messages: Vec<Bytes>) -> Vec<u8> {
        let total = messages.len();
        let mut body = Vec::new();
        for (index, message) in messages.into_iter().enumerate() {
            let message = CommandResponse::parse(&message).unwrap();
            if total > 1 {
                assert_eq!((message.part, message.parts), (Some(index as u32 + 1), Some(total as u32)));
            }
            body.extend(message.into_body().unwrap());
        }
        body
    }

    #[test]
    fn version_1_sees_its_three_fields_alone() {
        let messages = encode_answer("", &Answer::empty(204), Bodies::String, 1000, false).unwrap();
        assert_eq!(messages, [r#"{"unique_id":"","status_code":204,"response_body":""}"#]);
    }

    #[test]
    fn nested_bodies_keep_their_bytes_and_what_is_not_json_stays_text() {
        let answer = |body: &str| Answer { status: 200, body: Bytes::from(body.to_owned()) };
        let nested = |body| encode_answer("u", &answer(body), Bodies::Nested, 1000, true).unwrap();
        assert_eq!(
            nested(r#"{"a" : 1.0}"#),
            [r#"{"unique_id":"u","status_code":200,"response":{"a" : 1.0}}"#]
        );
        assert_eq!(nested("plain"), [r#"{"unique_id":"u","status_code":200,"response_body":"plain"}"#]);
    }

    #[test]
    fn version_1_is_told_of_what_it_cannot_get() {
        let answer = Answer { status: 200, body: vec![b'x'; 500].into() };
        assert_eq!(encode_answer("", &answer, Bodies::String, 300, false), None);
    }

    #[test]
    fn a_bus_of_tiny_messages_gets_no_storm_of_parts() {
        let answer = |bytes| Answer { status: 200, body: vec![b'x'; bytes].into() };
        let encode = |bytes, largest| encode_answer("u", &answer(bytes), Bodies::String, largest, true);
        assert_eq!(encode(0, 10), None);
        assert_eq!(encode(500, 100), None);
        assert_eq!(encode(1 << 20, 180), None);
        assert!(encode(1 << 20, 400).is_some());
    }

    #[test]
    fn an_id_in_any_script_leaves_room_for_its_answer() {
        let (id, answer) = ("\u{f7474}".repeat(20), Answer { status: 200, body: vec![0xff; 400].into() });
        let messages = encode_answer(&id, &answer, Bodies::String, 401, true).unwrap();
        assert!(messages.iter().all(|message| message.len() <= 401));
        assert_eq!(decode(messages), [0xff; 400]);
    }

    proptest! {
        #[test]
        fn every_body_arrives_whole(
            body in proptest::collection::vec(any::<u8>(), 0..3000), id in ".{0,20}", largest in 400usize..2000,
        ) {
            let answer = Answer { status: 200, body: body.clone().into() };
            let messages = encode_answer(&id, &answer, Bodies::String, largest, true).unwrap();
            prop_assert!(messages.iter().all(|message| message.len() <= largest));
            prop_assert_eq!(decode(messages), body);
        }
    }
}
