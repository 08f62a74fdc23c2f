//! Credentials on their way into a header: never into a URL, never into a log.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// The value of an `Authorization` header with Basic credentials, marked so that no log shows it.
pub(crate) fn basic_authorization(user: &str, password: &SecretString) -> HeaderValue {
    let credentials = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
    // Base64 has no character that a header could not carry.
    let mut value = HeaderValue::from_str(&format!("Basic {credentials}"))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}
