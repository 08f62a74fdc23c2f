//! Proxies inside the test's process, on an Asterisk (fake or real) and a bus.

use std::{io::Write, sync::Arc};

use ari_bus::Bus;
use ari_proxy::{
    Metrics, Proxy, Sabotage,
    config::{self, Config},
};
use ari_testbed::Asterisk;
use asterisk_sim::Simulator;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    brokers::{Broker, Kind, prepare_process},
    wait::{ok, soon},
};

/// Where an Asterisk is and how one logs in.
#[derive(Debug, Clone)]
pub struct Ari {
    /// Its websocket.
    pub websocket_url: String,
    /// Its REST interface.
    pub rest_url: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Ari {
    /// Asks Asterisk itself, without anything of ours in between: status and body.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn get(&self, path: &str) -> (u16, Bytes) {
        prepare_process();
        self.ask(reqwest::Client::new().get(format!("{}{path}", self.rest_url))).await
    }

    /// The same, with a body that Asterisk is to act upon.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Bytes) {
        prepare_process();
        let request = reqwest::Client::new().post(format!("{}{path}", self.rest_url));
        self.ask(request.header("content-type", "application/json").body(body.to_string())).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Bytes) {
        let answer = ok(request.basic_auth(&self.user, Some(&self.password)).send().await);
        (answer.status().as_u16(), ok(answer.bytes().await))
    }
}

impl From<&Simulator> for Ari {
    fn from(simulator: &Simulator) -> Self {
        Self {
            websocket_url: simulator.websocket_url(),
            rest_url: simulator.ari_url(),
            user: simulator.user().to_owned(),
            password: simulator.password().to_owned(),
        }
    }
}

impl From<&Asterisk> for Ari {
    fn from(asterisk: &Asterisk) -> Self {
        Self {
            websocket_url: asterisk.websocket_url(),
            rest_url: asterisk.ari_url().to_owned(),
            user: asterisk.user().to_owned(),
            password: asterisk.password().to_owned(),
        }
    }
}

/// A `config.json` with the ten keys of the seed.
#[must_use]
pub fn config_json(ari: &Ari, kind: Kind, bus_url: &str, server_id: &str, applications: &[&str]) -> Value {
    json!({
        "origin": "http://localhost",
        "server_id": server_id,
        "applications": applications,
        "websocket_url": ari.websocket_url,
        "stasis_url": ari.rest_url,
        "ws_user": ari.user,
        "ws_password": ari.password,
        "message_bus": match kind { Kind::Nats => "NATS", Kind::Rabbitmq => "RABBITMQ" },
        "bus_config": { "url": bus_url, "queue": "" },
    })
}

/// A policy for tests that are about all of ARI.
#[must_use]
pub fn everything_allowed() -> Value {
    json!({ "default": { "allow": ["* /**"], "set_variables": ["**"], "read_variables": ["**"] } })
}

/// Reads a configuration the way the binary does.
///
/// # Panics
/// When it is refused.
#[must_use]
pub fn read_config(json: &Value) -> Config {
    let mut file = ok(tempfile::NamedTempFile::new());
    ok(file.write_all(json.to_string().as_bytes()));
    ok(config::load(file.path()))
}

/// A proxy that runs until it is stopped.
#[derive(Debug)]
pub struct RunningProxy {
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// Makes it take back its applications.
    pub take_back: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningProxy {
    /// Runs a proxy as configured on a broker.
    ///
    /// # Panics
    /// When it cannot start.
    #[must_use]
    pub fn start(config: &Value) -> Self {
        prepare_process();
        Self::run(ok(Proxy::new(read_config(config))))
    }

    /// Runs a proxy that does not do what it must.
    ///
    /// # Panics
    /// When it cannot start.
    #[must_use]
    pub fn sabotaged(config: &Value, sabotage: Sabotage) -> Self {
        prepare_process();
        Self::run(ok(Proxy::new(read_config(config))).sabotaged(sabotage))
    }

    /// Runs a proxy on a bus that is there already.
    ///
    /// # Panics
    /// When it cannot start.
    #[must_use]
    pub fn on_bus(config: &Value, bus: Arc<dyn Bus>) -> Self {
        prepare_process();
        Self::run(Proxy::with_bus(read_config(config), bus))
    }

    /// A proxy for one application between an Asterisk and a broker.
    #[must_use]
    pub fn between(ari: impl Into<Ari>, broker: &Broker, server_id: &str, application: &str) -> Self {
        Self::start(&config_json(&ari.into(), broker.kind(), &broker.url(), server_id, &[application]))
    }

    fn run(proxy: Proxy) -> Self {
        let (metrics, take_back, stop) = (proxy.metrics(), proxy.take_back(), CancellationToken::new());
        let run = proxy.run(stop.clone());
        let task = tokio::spawn(async move { ok(run.await) });
        Self { metrics, take_back, stop, task }
    }

    /// Stops it the way SIGTERM does.
    ///
    /// # Panics
    /// When it does not stop, or fails.
    pub async fn stop(self) {
        self.stop.cancel();
        ok(soon("the proxy's stop", self.task).await);
    }
}
