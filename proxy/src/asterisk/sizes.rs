//! What is too long for Asterisk is refused here: there, a request could be cut off and acted upon.

use reqwest::Method;

use super::{
    limits::{MAX_BODY, MAX_REQUEST_LINE},
    request::Refused,
};

/// Checks the length of a request's first line. `target` is the whole path and query, as it is sent.
///
/// # Errors
/// 414, with the lengths.
pub(crate) fn check_line(method: &Method, target: &str) -> Result<(), Refused> {
    let length = method.as_str().len() + target.len() + "  HTTP/1.1\r\n".len();
    if length <= MAX_REQUEST_LINE {
        return Ok(());
    }
    let message =
        format!("the request's first line would have {length} bytes; Asterisk reads {MAX_REQUEST_LINE}");
    Err(Refused { status: 414, message })
}

/// Checks the length of a body.
///
/// # Errors
/// 413, with the lengths.
pub(super) fn check_body(body: Option<&str>) -> Result<(), Refused> {
    match body.map(str::len).filter(|length| *length > MAX_BODY) {
        Some(length) => {
            let message = format!("`body` has {length} bytes; Asterisk takes {MAX_BODY}");
            Err(Refused { status: 413, message })
        }
        None => Ok(()),
    }
}
