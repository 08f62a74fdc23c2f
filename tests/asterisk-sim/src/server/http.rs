//! HTTP/1.1 as far as an ARI client speaks it: one request off a byte stream, one answer onto it. Written by
//! hand so that an answer can be withheld, delayed, garbled or cut anywhere.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use time::{OffsetDateTime, macros::format_description};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::limits;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As in the request line: still percent-encoded.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) body_too_large: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn wants_websocket(&self) -> bool {
        self.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }

    pub(crate) fn keep_alive(&self) -> bool {
        !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// An answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) content_type: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The answer as bytes for the wire.
    pub(crate) fn encode(&self, version: &str) -> Vec<u8> {
        let date = OffsetDateTime::now_utc().format(format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        ));
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nServer: Asterisk/{version}\r\nDate: {}\r\nCache-Control: no-cache, no-store\r\n",
            self.status,
            self.reason,
            date.unwrap_or_default()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(content_type) = &self.content_type {
            head.push_str(&format!("Content-type: {content_type}\r\n"));
        }
        if self.status >= 200 && self.status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The client closed between two requests.
    Closed,
    /// The client broke off, or spoke something else than HTTP.
    Broken,
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// Reads one request; what follows it stays in `buffer`.
pub(crate) async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> Result<Request, ReadError> {
    let mut request = loop {
        if let Some(request) = parse_head(buffer)? {
            break request;
        }
        if buffer.len() > limits::MAX_HEAD {
            return Err(ReadError::Broken);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(if buffer.is_empty() { ReadError::Closed } else { ReadError::Broken });
        }
    };
    if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        read_chunks(stream, buffer, &mut request).await?;
        return Ok(request);
    }
    let length = match request.header("content-length") {
        Some(text) => text.trim().parse::<usize>().map_err(|_| ReadError::Broken)?,
        None => 0,
    };
    if length > limits::MAX_BODY {
        // Read past it, so that the client gets to read the answer instead of a reset.
        skip(stream, buffer, length).await?;
        request.body_too_large = true;
        return Ok(request);
    }
    fill(stream, buffer, length).await?;
    request.body = buffer.split_to(length).freeze();
    Ok(request)
}

fn parse_head(buffer: &mut BytesMut) -> Result<Option<Request>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; limits::MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(buffer).map_err(|_| ReadError::Broken)? else {
        return Ok(None);
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect(),
        body: Bytes::new(),
        body_too_large: false,
    };
    buffer.advance(length);
    Ok(Some(request))
}

async fn fill(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    length: usize,
) -> Result<(), ReadError> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(ReadError::Broken);
        }
    }
    Ok(())
}

async fn skip(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    mut length: usize,
) -> Result<(), ReadError> {
    while length > 0 {
        let now = length.min(buffer.len());
        buffer.advance(now);
        length -= now;
        if length > 0 && stream.read_buf(buffer).await? == 0 {
            return Err(ReadError::Broken);
        }
    }
    Ok(())
}

async fn read_chunks(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    request: &mut Request,
) -> Result<(), ReadError> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream, buffer).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| ReadError::Broken)?;
        if size == 0 {
            while !read_line(stream, buffer).await?.is_empty() {}
            break;
        }
        if size > limits::MAX_BODY || body.len() + size > limits::MAX_BODY {
            request.body_too_large = true;
            skip(stream, buffer, size.saturating_add(2)).await?;
        } else {
            fill(stream, buffer, size + 2).await?;
            body.extend_from_slice(&buffer[..size]);
            buffer.advance(size + 2);
        }
    }
    request.body = body.into();
    Ok(())
}

async fn read_line(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> Result<String, ReadError> {
    loop {
        if let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") {
            let line = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.advance(end + 2);
            return Ok(line);
        }
        if buffer.len() > limits::MAX_HEAD || stream.read_buf(buffer).await? == 0 {
            return Err(ReadError::Broken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<Request, ReadError> {
        read_request(&mut bytes, &mut BytesMut::new()).await
    }

    #[tokio::test]
    async fn two_requests_on_one_connection_are_two() {
        let mut bytes: &[u8] =
            b"POST /ari/a?x=1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /ari/b HTTP/1.1\r\n\r\n";
        let mut buffer = BytesMut::new();
        let first = read_request(&mut bytes, &mut buffer).await.unwrap();
        assert_eq!(
            (first.path.as_str(), first.query.as_str(), &first.body[..]),
            ("/ari/a", "x=1", &b"hi"[..])
        );
        let second = read_request(&mut bytes, &mut buffer).await.unwrap();
        assert_eq!((second.method.as_str(), second.path.as_str()), ("GET", "/ari/b"));
        assert!(matches!(read_request(&mut bytes, &mut buffer).await, Err(ReadError::Closed)));
    }

    #[tokio::test]
    async fn a_chunked_body_is_put_together() {
        let request =
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x\r\n ho\r\n0\r\n\r\n";
        assert_eq!(&read(request).await.unwrap().body[..], b"hi ho");
    }

    #[tokio::test]
    async fn a_body_past_the_limit_is_skipped_and_told() {
        let mut bytes = b"POST / HTTP/1.1\r\nContent-Length: 40961\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + 40_961, b'x');
        let request = read(&bytes).await.unwrap();
        assert!(request.body_too_large && request.body.is_empty());
    }

    #[tokio::test]
    async fn what_is_not_http_is_refused() {
        assert!(matches!(read(b"\x16\x03\x01 hello\r\n\r\n").await, Err(ReadError::Broken)));
        assert!(matches!(
            read(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhi").await,
            Err(ReadError::Broken)
        ));
    }
}
