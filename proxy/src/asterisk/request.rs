//! From a worker's command to an ARI request: what is not a plain path under ARI never reaches Asterisk.

use ari_bus::protocol::Command;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Method;

use super::{limits::MAX_URL, sizes::check_body};
use crate::fields::Fields;

/// A request that may be sent to Asterisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query under ARI's root, beginning with one slash.
    pub(crate) url: String,
    /// A JSON body, byte for byte as the worker wrote it unless it had an id that was none ([`Request::set`]).
    pub(crate) body: Option<String>,
}

/// A command that is not sent: the status and the reason that answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl Request {
    /// A request of our own, without a body. A segment of its path may hold anything.
    pub(crate) fn own(method: Method, segments: &[&str]) -> Self {
        let segments = segments.iter().map(|segment| utf8_percent_encode(segment, NON_ALPHANUMERIC));
        Self { method, url: segments.map(|segment| format!("/{segment}")).collect(), body: None }
    }

    /// Adds a parameter to a request of our own. Its value may hold anything.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, &utf8_percent_encode(value, NON_ALPHANUMERIC).to_string());
        self
    }

    /// Checks a command.
    ///
    /// # Errors
    /// A 4xx status that says what is wrong with it.
    pub(crate) fn check(command: &Command<'_>) -> Result<Self, Refused> {
        let refuse = |status, message: String| Err(Refused { status, message });
        let method = match &*command.method.to_ascii_uppercase() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "DELETE" => Method::DELETE,
            _ => {
                let shown: String = command.method.chars().take(20).collect();
                return refuse(405, format!("method {shown:?} is none of GET, POST, PUT, DELETE"));
            }
        };
        if command.url.len() > MAX_URL {
            return refuse(414, format!("`url` has {} bytes; {MAX_URL} is the most", command.url.len()));
        }
        if let Err(problem) = check_url(&command.url) {
            return refuse(400, format!("`url` {problem}; it must be a path under ARI, such as /channels"));
        }
        check_body(command.body.as_deref())?;
        let body = command.body.as_deref().map(str::to_owned);
        let request = Self { method, url: command.url.clone().into_owned(), body };
        if request.would_crash_asterisk() {
            return refuse(400, "`app` is missing: where to move the channel".to_owned());
        }
        Ok(request)
    }

    /// A move without its required `app`: Asterisk 22.10.1 does not refuse it but crashes, with every call.
    fn would_crash_asterisk(&self) -> bool {
        let segments = self.segments();
        let is_move = self.method == Method::POST
            && matches!(segments.as_slice(), [channels, _, last] if channels == "channels" && last == "move");
        is_move && self.parameter("app").is_none()
    }

    /// A parameter, as Asterisk reads it: a field of the JSON body wins over the query, whatever its type. None where
    /// it is no text or an empty one.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        match self.fields().and_then(|fields| fields.get(name)) {
            Some(field) => field.text(),
            None => self.query(name),
        }
    }

    /// The fields of a body that is a JSON object.
    fn fields(&self) -> Option<Fields<'_>> {
        Fields::read(self.body.as_deref()?.as_bytes())
    }

    /// The path's segments, decoded as Asterisk does: a plus is a space here, too.
    pub(crate) fn segments(&self) -> Vec<String> {
        let path = self.url.split('?').next().unwrap_or_default();
        path.split('/')
            .skip(1)
            .map(|segment| percent_decode_str(&segment.replace('+', " ")).decode_utf8_lossy().into_owned())
            .collect()
    }

    /// A parameter of the query, decoded: the last of its name. Empty is none.
    fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.url.split_once('?')?;
        let (_, value) =
            url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).last()?;
        Some(value.into_owned()).filter(|value| !value.is_empty())
    }

    /// Sets a parameter where Asterisk reads it: in the body's field of that name, or else at the query's end. Its value
    /// must need no encoding.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let body = self.fields().filter(|fields| fields.get(name).is_some());
        if let Some(body) = body.and_then(|fields| fields.with(name, value).ok()) {
            self.body = Some(body);
            return;
        }
        let separator = if self.url.contains('?') { '&' } else { '?' };
        self.url.push(separator);
        self.url.push_str(name);
        self.url.push('=');
        self.url.push_str(value);
    }
}

/// What makes a `url` something else than a path and query under ARI.
fn check_url(url: &str) -> Result<(), &'static str> {
    if !url.starts_with('/') {
        return Err("does not begin with a slash");
    }
    if let Some(bad) = url.bytes().find(|byte| !byte.is_ascii_graphic() || b"\\#\"<>^`{|}".contains(byte)) {
        return Err(match bad {
            b'\r' | b'\n' => "holds a line break",
            b'#' => "holds a #",
            _ => "holds a character that must be percent-encoded",
        });
    }
    if url.split('%').skip(1).any(|after| !is_escape(after)) {
        return Err("holds a % that is not followed by two hex digits, or an encoded NUL");
    }
    let path = url.split('?').next().unwrap_or_default();
    for segment in path[1..].split('/') {
        if segment.is_empty() {
            return Err("has an empty segment (// or a slash at its end)");
        }
        let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| "is not UTF-8 when decoded")?;
        if decoded.contains(char::is_control) {
            return Err("holds an encoded control character");
        }
        // A segment may hold an encoded slash (a recording in a folder), but must not climb out of where it is.
        if climbs(&decoded) {
            return Err("holds . or .. as a segment");
        }
    }
    Ok(())
}

/// Whether a decoded segment has a part that is `.` or `..`: for Asterisk, or for something before it that decodes once more or
/// takes what is behind a semicolon for a parameter.
fn climbs(segment: &str) -> bool {
    let is_dots = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
    if segment.split(['/', '\\']).any(is_dots) {
        return true;
    }
    // Each time it is shorter, so that it ends.
    let again = percent_decode_str(segment).decode_utf8_lossy();
    again.len() < segment.len() && climbs(&again)
}

/// Whether what comes after a `%` makes an escape that Asterisk reads as we do: it makes do with one hex digit or a sign
/// beside it (`%0g` is a NUL to it, `%dg` a line break), and a NUL ends its texts.
fn is_escape(after: &str) -> bool {
    after.get(..2).is_some_and(|code| code != "00" && code.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::limits::MAX_BODY, *};

    fn check(method: &str, url: &str) -> Result<Request, u16> {
        let command = Command { method: method.into(), url: url.into(), ..Command::default() };
        Request::check(&command).map_err(|refused| refused.status)
    }

    #[test]
    fn paths_under_ari_pass_untouched() {
        for url in [
            "/channels",
            "/channels/1.2/play?media=sound:hello-world",
            "/recordings/stored/a%2Fb/file",
            "/recordings/stored/a..b%2F50%25;x",
        ] {
            assert_eq!(check("GET", url).map(|request| request.url), Ok(url.to_owned()));
        }
        assert_eq!(check("post", "/bridges").map(|request| request.method), Ok(Method::POST));
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "channels",
            "//host/channels",
            "http://host/ari",
            "@host/",
            "/a/../b",
            "/..",
            "/%2e%2e/b",
            "/a/%2E./b",
            "/a%2f..%2fb",
            "/a/%252e%252e/b",
            "/a/%25252E./b",
            "/a/..%252fb",
            "/a/..;/b",
            "/a/..;x=1/b",
            "/a/%2e%2e%3b/b",
            "/a/%c0%ae%c0%ae/b",
            "/a\\..\\b",
            "/a\r\nHost: x",
            "/a%0d%0ab",
            "/a b",
            "/a#b",
            "/a/",
            "/",
            "",
            "/%ff",
            "/./a",
            "/é",
            "/channels/1/move%0g",
            "/channels/1/move%+0",
            "/a%2",
            "/a%",
            "/%zz",
            "/%-1",
            "/a%00b",
            "/..%0g/b",
            "/a%dgb",
            "/a?b=%0g",
            "/a?b=%00",
            "/a?b%00=c",
            "/a?b=50%",
            "/channels?channelId=abc%0gdef",
        ] {
            assert_eq!(check("GET", url), Err(400), "{url:?}");
        }
        assert_eq!(check("BREW", "/coffee"), Err(405));
        assert_eq!(check("", "/coffee"), Err(405));
        assert_eq!(check("GET", &format!("/{}", "x".repeat(5000))), Err(414));
    }

    #[test]
    fn a_move_without_app_does_not_reach_asterisk() {
        let check = |url: &str, body: Option<String>| {
            let body = body.map(Into::into);
            let command =
                Command { method: "POST".into(), url: url.to_owned().into(), body, ..Command::default() };
            Request::check(&command).map_err(|refused| refused.status).map(drop)
        };
        assert_eq!(check("/channels/1/move", None), Err(400));
        assert_eq!(check("/channels/1/%6dove?app=", Some("{}".into())), Err(400));
        assert_eq!(check("/channels/1/move?app=b", None), Ok(()));
        assert_eq!(check("/channels/1/move", Some(r#"{"app":"b"}"#.into())), Ok(()));
        // A field that is there decides: the query does not help.
        for field in ["null", "5", "\"\"", "{}", "[\"b\"]", "true"] {
            assert_eq!(
                check("/channels/1/move?app=b", Some(format!("{{\"app\":{field}}}"))),
                Err(400),
                "{field}"
            );
        }
        let deep = format!(r#"{{"x":{}{},"app":null}}"#, "[".repeat(500), "]".repeat(500));
        assert_eq!(check("/channels/1/move?app=b", Some(deep)), Err(400));
        assert_eq!(check("/channels/1/move?app=b", Some(r#"{"app":"b","app":null}"#.into())), Err(400));
        assert_eq!(check("/channels/1/move", Some(r#"{"app":null,"app":"b"}"#.into())), Ok(()));
        // Of two in the query the last counts.
        assert_eq!(check("/channels/1/move?app=b&app=", None), Err(400));
        assert_eq!(check("/channels/1/move?app=&app=b", None), Ok(()));
        // No object: its fields cannot decide.
        assert_eq!(check("/channels/1/move?app=b", Some("[]".into())), Ok(()));
    }

    #[test]
    fn a_plus_in_a_path_is_a_space() {
        let request = check("POST", "/channels/+49%2B3+0").unwrap();
        assert_eq!(request.segments(), ["channels", " 49+3 0"]);
        assert_eq!(request.url, "/channels/+49%2B3+0");
    }

    #[test]
    fn a_body_larger_than_asterisk_takes_is_refused() {
        let body = Some("x".repeat(MAX_BODY + 1).into());
        let command = Command { method: "POST".into(), url: "/channels".into(), body, ..Command::default() };
        assert_eq!(Request::check(&command).map_err(|refused| refused.status), Err(413));
    }

    proptest! {
        #[test]
        fn what_passes_stays_under_the_base_and_reads_as_asterisk_reads_it(url in r"/[/a-z.%0-9@:?#+\\-]{0,40}") {
            if let Ok(request) = check("GET", &url) {
                // What Asterisk decodes is what everybody decodes: nothing is left to its leniency.
                for (at, _) in url.match_indices('%') {
                    let code = u8::from_str_radix(&url[at + 1..at + 3], 16);
                    prop_assert!(code.is_ok_and(|code| code > 0) && !url[at + 1..].starts_with('+'), "{}", url);
                }
                let whole = reqwest::Url::parse(&format!("http://pbx:1/ari{}", request.url)).unwrap();
                prop_assert_eq!(whole.host_str(), Some("pbx"));
                prop_assert!(whole.path().starts_with("/ari/"));
                prop_assert_eq!(format!("{}{}", whole.path(), whole.query().map(|q| format!("?{q}")).unwrap_or_default()),
                    format!("/ari{}", request.url));
            }
        }
    }
}
