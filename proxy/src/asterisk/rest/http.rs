//! REST over HTTP: a pool of kept-alive connections.

use std::sync::Arc;

use ari_bus::{
    protocol::Answer,
    security::{Handshake, explain},
};
use bytes::BytesMut;
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderValue},
    redirect,
};
use rustls::ClientConfig;
use url::Position;

use super::{
    super::{
        headers::headers,
        limits::{CONNECT_TIMEOUT, IDLE_TIMEOUT, MAX_ANSWER, MAX_IN_FLIGHT},
        request::{Refused, Request},
        sizes::{check_body, check_line},
    },
    RestError,
};
use crate::config::Config;

/// The HTTP server of one Asterisk.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client,
    base: String,
    handshake: Handshake,
}

impl Http {
    /// A pool of connections to the Asterisk that the configuration names.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub(super) fn new(config: &Config, tls: Option<&Arc<ClientConfig>>) -> Result<Self, reqwest::Error> {
        let builder = match tls {
            Some(tls) => Client::builder().tls_backend_preconfigured((**tls).clone()),
            None => Client::builder(),
        };
        let client = builder
            .default_headers(headers(config))
            .pool_max_idle_per_host(MAX_IN_FLIGHT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .tcp_nodelay(true)
            .build()?;
        let handshake = Handshake {
            tls: config.stasis_url.starts_with("https:"),
            certificate: config.asterisk.tls.cert.is_some(),
            plain: "http",
            secure: "https",
        };
        Ok(Self { client, base: config.stasis_url.trim_end_matches('/').to_owned(), handshake })
    }

    /// The request as it goes out, if Asterisk reads the whole of it: a chosen id may have made it longer.
    pub(super) fn build(&self, request: &Request) -> Result<reqwest::Request, RestError> {
        let mut http = self.client.request(request.method.clone(), format!("{}{}", self.base, request.url));
        if let Some(body) = &request.body {
            http = http.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone());
        }
        let http = http.build().map_err(|error| self.describe(error))?;
        check_line(http.method(), &http.url()[Position::BeforePath..Position::AfterQuery])
            .and_then(|()| check_body(request.body.as_deref()))
            .map_err(RestError::Malformed)?;
        Ok(http)
    }

    /// Sends it and reads the whole answer.
    pub(super) async fn answer(&self, request: reqwest::Request) -> Result<Answer, RestError> {
        let mut response = self.client.execute(request).await.map_err(|error| self.describe(error))?;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.describe(error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(RestError::AnswerTooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body: body.freeze() })
    }
    /// An error without the URL: a path can hold what nobody should read in an answer or a log.
    fn describe(&self, error: reqwest::Error) -> RestError {
        let error = error.without_url();
        if let Some(explained) = error.is_connect().then(|| explain(&error, self.handshake)).flatten() {
            return RestError::Unreachable(explained);
        }
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        if error.is_connect() {
            RestError::Unreachable(text)
        } else if error.is_builder() {
            RestError::Malformed(Refused { status: 400, message: text })
        } else {
            RestError::FateUnknown(text)
        }
    }
}
