//! The way to the HTTP listener of a running proxy.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use ari_proxy::config;
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// Where the proxy is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Listener {
    /// The proxy's HTTP listener, such as http://127.0.0.1:8090; otherwise `http.listen` of the configuration
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// A file with the listener's token; otherwise `http.token` of the configuration, if no URL is given
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take: longer than the listener gives a request.
pub(super) const ANSWER: Duration = Duration::from_secs(35);
/// The longest answer that is shown of an error, in characters.
const SHOWN: usize = 500;

/// A proxy that can be asked.
pub(super) struct Api {
    client: Client,
    base: String,
    token: Option<SecretString>,
}

impl Api {
    /// The proxy that the options name, or the configuration.
    pub(super) fn new(file: &Path, listener: &Listener) -> anyhow::Result<Self> {
        let (base, mut token) = match &listener.url {
            Some(url) => (url.trim_end_matches('/').to_owned(), None),
            None => of_config(file)?,
        };
        if let Some(file) = &listener.token_file {
            let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
            token = Some(text.trim().to_owned().into());
        }
        let client = Client::builder().connect_timeout(CONNECT).no_proxy().build().context("HTTP")?;
        Ok(Self { client, base, token })
    }

    /// Where it is.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// A request, to be completed and passed to [`Api::answer`].
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// The answer to a request; an error where it is none of 2xx.
    pub(super) async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                bail!("no proxy answers at {}: does it run, and with `http` in its configuration?", self.base)
            }
            Err(error) => return Err(error.without_url()).with_context(|| self.base.clone()),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.as_u16() == 401 {
            bail!(
                "{} refuses the token: name the file that has it with --token-file, or the proxy's own configuration with --config",
                self.base
            );
        }
        let text = response.text().await.unwrap_or_default();
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let said = said["message"].as_str().unwrap_or(&text);
        bail!("{status}: {}", said.chars().take(SHOWN).collect::<String>())
    }
}

fn of_config(file: &Path) -> anyhow::Result<(String, Option<SecretString>)> {
    let config =
        config::load(file).map_err(|error| anyhow::anyhow!("{error}; or name the proxy with --url"))?;
    let Some(http) = config.http else {
        bail!(
            "{}: there is no `http`: the proxy has no listener to be asked; add \"http\": {{}}",
            file.display()
        );
    };
    Ok((format!("http://{}", reached(http.listen)), http.token))
}

/// Where this machine reaches what listens there.
fn reached(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}
