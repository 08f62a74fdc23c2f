//! The one way by which every command of this crate goes: a request that is built up, then awaited.

use std::{fmt, fmt::Write as _, future::IntoFuture, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{Call, Version, commands, ids::Id};
use crate::error::{CommandError, CommandErrorKind, Result};

/// What a URL carries as it is (RFC 3986, unreserved). Everything else is encoded, `+` above all: Asterisk reads it
/// as a space even in a path.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The HTTP methods of ARI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// As it stands in HTTP.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A path of the given segments, each encoded, so that ids and names may hold anything.
///
/// ```
/// assert_eq!(ari_client::path(&["channels", "a/b+c", "answer"]), "/channels/a%2Fb%2Bc/answer");
/// ```
#[must_use]
pub fn path(segments: &[&str]) -> String {
    segments.iter().fold(String::new(), |mut path, segment| {
        // Writing to a String cannot fail.
        let _ = write!(path, "/{}", utf8_percent_encode(segment, ENCODED));
        path
    })
}

/// A command being built: awaiting it sends it and yields the answer.
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    call: Call,
    method: Method,
    path: String,
    query: Vec<(&'static str, Value)>,
    body: Option<Value>,
    deadline: Option<Duration>,
    made: Option<Id>,
}

impl Request {
    pub(super) fn new(call: Call, method: Method, path: String) -> Self {
        Self { call, method, path, query: Vec::new(), body: None, deadline: None, made: None }
    }

    /// Adds a query parameter: text, a number, a boolean, or a list of them.
    ///
    /// A version-1 proxy puts its credentials after the path and so cannot take a query: to such a one the parameter
    /// goes in the JSON body, where Asterisk reads it as well.
    pub fn query(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Sets the JSON body. Asterisk takes any parameter in it too; numbers and booleans must be such there, not text.
    pub fn json(mut self, body: impl Serialize) -> Self {
        // What cannot be JSON (a map with keys that are no text) is refused by Asterisk as the null that it becomes.
        self.body = Some(serde_json::to_value(body).unwrap_or_default());
        self
    }

    /// Waits this long for the answer instead of what the worker is set to.
    pub fn timeout(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Says that it makes an object under this id, which stands in the request already.
    pub(crate) fn making(mut self, id: impl Into<Option<Id>>) -> Self {
        self.made = id.into();
        self
    }

    /// Sends the command and waits for its answer; the same as awaiting the request.
    ///
    /// # Errors
    /// A [`CommandError`] for every answer but a 2xx, and for none.
    pub async fn send(self) -> Result<Response> {
        let command = format!("{} {}", self.method.as_str(), self.path);
        let (call, request) = self.encode(&command)?;
        let dialog = call.dialog();
        let answer = dialog.commands.run(request, &dialog.ids, &dialog.standing, &dialog.feed).await?;
        if (200..300).contains(&answer.status) {
            Ok(Response { command, status: answer.status, body: answer.body })
        } else {
            Err(CommandError::from_answer(&command, answer.status, &answer.body))
        }
    }

    fn encode(self, command: &str) -> Result<(Call, commands::Request)> {
        let mut url = self.path;
        let mut body = self.body;
        let old_proxy = self.call.dialog().commands.version == Version::One;
        if old_proxy {
            // What that protocol's own library always sends.
            let body = body.get_or_insert_with(|| Value::Object(Map::new()));
            match body {
                Value::Object(fields) => {
                    fields.extend(self.query.into_iter().map(|(name, value)| (name.to_owned(), value)));
                }
                _ if self.query.is_empty() => {}
                _ => {
                    let text =
                        "to a version-1 proxy query parameters go in the JSON body, which is no object";
                    return Err(CommandError::new(CommandErrorKind::BadRequest, command, text));
                }
            }
        } else {
            for (name, value) in self.query {
                let separator = if url.contains('?') { '&' } else { '?' };
                let _ = write!(url, "{separator}{name}={}", utf8_percent_encode(&plain(&value), ENCODED));
            }
        }
        let body = body.map(|body| body.to_string());
        let method = self.method.as_str();
        Ok((self.call, commands::Request { method, url, body, deadline: self.deadline, made: self.made }))
    }
}

/// A parameter as a query has it: lists are separated by commas.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl IntoFuture for Request {
    type Output = Result<Response>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The answer to a command that succeeded.
#[derive(Debug, Clone)]
pub struct Response {
    command: String,
    status: u16,
    body: Bytes,
}

impl Response {
    /// The HTTP status, 2xx.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body, byte for byte as Asterisk sent it.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text, with what is no UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// `Decode` when it is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            CommandError::new(CommandErrorKind::Decode, &self.command, format!("unexpected answer: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_value_can_break_out_of_its_segment() {
        assert_eq!(path(&["channels", "1795194814.15"]), "/channels/1795194814.15");
        assert_eq!(
            path(&["recordings", "live", "a b+ü/..?#\r\n"]),
            "/recordings/live/a%20b%2B%C3%BC%2F..%3F%23%0D%0A"
        );
    }

    #[test]
    fn parameters_stand_in_a_query_as_asterisk_reads_them() {
        let texts =
            [json!("a+b"), json!(30), json!(true), json!(["x", 1]), json!(null)].map(|value| plain(&value));
        assert_eq!(texts, ["a+b", "30", "true", "x,1", ""]);
    }
}
