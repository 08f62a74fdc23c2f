//! An operator: asks a proxy's own HTTP listener.

use std::{net::SocketAddr, time::Duration};

use ari_testbed::free_tcp_port;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    brokers::prepare_process,
    wait::{DEADLINE, ok},
};

/// How often it is asked whether a proxy is ready.
const LOOK: Duration = Duration::from_millis(10);

/// Somebody who knows where the listener is, and perhaps its token.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Where it listens.
    pub address: SocketAddr,
    token: Option<String>,
    client: Client,
}

impl Operator {
    /// For a listener on a free port of this machine, which this puts into the proxy's configuration.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn of(config: &mut Value, token: Option<&str>) -> Self {
        prepare_process();
        let address = SocketAddr::from(([127, 0, 0, 1], ok(free_tcp_port())));
        config["http"]["listen"] = address.to_string().into();
        if let Some(token) = token {
            config["http"]["token"] = token.into();
        }
        // A connection for each question: the processes that answer change.
        let client = ok(Client::builder().pool_max_idle_per_host(0).build());
        Self { address, token: token.map(str::to_owned), client }
    }

    /// Somebody who shows another token, or none.
    #[must_use]
    pub fn showing(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// A request, to be changed and sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks; status and body, which is null where it is not JSON.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn ask(&self, method: Method, path: &str) -> (u16, Value) {
        self.send(self.request(method, path)).await
    }

    /// Sends a request; status and body, which is null where it is not JSON.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn send(&self, request: RequestBuilder) -> (u16, Value) {
        let answer = ok(request.send().await);
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&ok(answer.bytes().await)).unwrap_or_default())
    }

    /// Gets a path.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path).await
    }

    /// Waits until `/readyz` answers what is wanted, and returns that.
    ///
    /// # Panics
    /// When it never does.
    pub async fn until_ready(&self, what: &str, is: impl Fn(u16, &Value) -> bool) -> Value {
        let mut last = Value::Null;
        let until = Instant::now() + DEADLINE;
        loop {
            if let Ok(answer) = self.request(Method::GET, "/readyz").send().await {
                let (status, body) = (answer.status().as_u16(), answer.bytes().await.unwrap_or_default());
                last = serde_json::from_slice(&body).unwrap_or_default();
                if is(status, &last) {
                    return last;
                }
            }
            assert!(Instant::now() < until, "never came: {what}; it says {last:#}");
            sleep(LOOK).await;
        }
    }
}
