//! Asks a server's own HTTP interface.

use std::io;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::{Error, Result};

/// How long an answer may take. All servers are on this machine and answer from memory.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A server's HTTP interface.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    base: String,
    user: Option<(String, String)>,
}

impl Http {
    /// The interface below a base address, for a user with a password if it asks for one.
    ///
    /// It keeps no connection open: those of a test that has ended are of no use to the next one, and none
    /// shall stand in the way when a server is counted or restarted.
    pub(crate) fn new(base: String, user: Option<(&str, &str)>) -> Result<Http> {
        // Nothing here speaks TLS; given a configuration of our own, reqwest does not look for the
        // process's provider, which is the tested program's to install.
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::system("set up an HTTP client")(io::Error::other(error)))?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(TIMEOUT)
            .build()
            .map_err(|source| Error::Http { url: base.clone(), source })?;
        let user = user.map(|(name, password)| (name.to_owned(), password.to_owned()));
        Ok(Http { client, base, user })
    }

    /// Its base address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Gets a page.
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.request(Method::GET, path).await
    }

    /// Sends a request; answers with its status and its body as JSON, `Null` if it has none.
    pub(crate) async fn request(&self, method: Method, path: &str) -> Result<(u16, Value)> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, &url);
        if let Some((name, password)) = &self.user {
            request = request.basic_auth(name, Some(password));
        }
        let failed = |source| Error::Http { url: url.clone(), source };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(failed)?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}
