//! The headers of every request to Asterisk. Credentials stand here, never in a URL and never in a log.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, ORIGIN};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;

/// Who we are, and the origin if one is configured.
pub(super) fn headers(config: &Config) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, basic_authorization(&config.ws_user, &config.ws_password));
    if let Some(origin) = HeaderValue::from_str(&config.origin).ok().filter(|origin| !origin.is_empty()) {
        headers.insert(ORIGIN, origin);
    }
    headers
}

/// Basic credentials, marked so that no log shows them.
fn basic_authorization(user: &str, password: &SecretString) -> HeaderValue {
    let credentials = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
    // Base64 has no character that a header could not carry.
    let mut value = HeaderValue::from_str(&format!("Basic {credentials}"))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}
