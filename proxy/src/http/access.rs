//! Who may ask: whoever has the token, and without one only programs on this machine that are no browser.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::reply::Refusal;

/// What is wanted of those who come.
pub(super) struct Access {
    token: Option<SecretString>,
}

impl Access {
    pub(super) fn new(token: Option<SecretString>) -> Self {
        Self { token }
    }

    /// Whether what was shown is the token, in a time that tells no more than its length.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(shown), None) = (shown.next(), shown.next()) else { return false };
        bearer(shown).is_some_and(|shown| shown.ct_eq(token.expose_secret().as_bytes()).into())
    }
}

/// The token of a header.
fn bearer(header: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = header.as_bytes().split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Lets those pass who show the token.
pub(super) async fn authorize(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    if access.admits(request.headers()) {
        return next.run(request).await;
    }
    let text = "the header `Authorization: Bearer` with the token of `http.token` is missing or wrong";
    let mut response = Refusal::response(StatusCode::UNAUTHORIZED, text);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Refuses what a web page makes somebody's browser send: it reaches this machine's own ports, which no one else does.
pub(super) async fn no_browser(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let from_page = headers.contains_key(header::ORIGIN)
        || headers.get("sec-fetch-site").is_some_and(|site| site != "none");
    if from_page {
        let text = "a web page asks, and none may";
        return Refusal::new(StatusCode::FORBIDDEN, text).into_response();
    }
    // A page whose own name has been made to mean this machine is one origin with us, as its browser sees it.
    if access.token.is_none() && !headers.get_all(header::HOST).iter().all(is_own) {
        let text = "the header `Host` must be an address or localhost where no `http.token` is set";
        return Refusal::new(StatusCode::FORBIDDEN, text).into_response();
    }
    next.run(request).await
}

/// Whether a `Host` is one that no stranger's name server can have given.
fn is_own(host: &HeaderValue) -> bool {
    let Some(host) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let host = host.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(token: Option<&str>, shown: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for shown in shown {
            headers.append(header::AUTHORIZATION, shown.parse().unwrap());
        }
        Access::new(token.map(SecretString::from)).admits(&headers)
    }

    #[test]
    fn the_token_alone_admits() {
        let token = Some("0123456789abcdef");
        assert!(admits(token, &["Bearer 0123456789abcdef"]) && admits(token, &["bearer  0123456789abcdef"]));
        assert!(admits(None, &[]) && admits(None, &["Bearer x"]));
        for wrong in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer 0123456789abcde"],
            &["Bearer 0123456789abcdeF"],
            &["Bearer 0123456789abcdef0"],
            &["Basic 0123456789abcdef"],
            &["0123456789abcdef"],
            &["Bearer 0123456789abcdef", "Bearer x"],
        ] {
            assert!(!admits(token, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn only_addresses_and_localhost_are_our_own() {
        for own in ["localhost", "LOCALHOST:8090", "127.0.0.1", "127.0.0.1:8090", "[::1]:8090", "10.0.0.7"] {
            assert!(is_own(&own.parse().unwrap()), "{own}");
        }
        for foreign in ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1 2", "[::1"]
        {
            assert!(!is_own(&foreign.parse().unwrap()), "{foreign}");
        }
    }
}
