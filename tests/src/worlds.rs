//! What most tests begin with: an Asterisk, real or fake, a proxy before it, and a broker, for an application of the
//! test's own.

use ari_testbed::{Asterisk, AsteriskOptions};
use asterisk_sim::{Call, CallEnd, Simulator, SimulatorOptions};
use serde_json::Value;

use crate::{
    brokers::{Broker, Kind},
    proxies::{Ari, RunningProxy, config_json},
    wait::{eventually, ok, soon},
};

/// A real Asterisk.
pub struct Real<'a> {
    /// Asterisk; numbers of two digits or more enter the application.
    pub asterisk: Asterisk,
    /// The proxy.
    pub proxy: RunningProxy,
    /// The broker.
    pub broker: &'a Broker,
    /// The application, which is the server's id as well.
    pub application: String,
}

impl Real<'static> {
    /// Starts all of it on the broker that the tests of a binary share; the application is registered.
    ///
    /// # Panics
    /// When something does not start; the text says why.
    pub async fn new(kind: Kind, options: AsteriskOptions) -> Self {
        Real::on(Broker::shared(kind).await, options).await
    }
}

impl<'a> Real<'a> {
    /// Starts all of it on a broker of the test's own; the application is registered.
    ///
    /// # Panics
    /// When something does not start; the text says why.
    pub async fn on(broker: &'a Broker, options: AsteriskOptions) -> Self {
        Self::with(broker, options, |_| {}).await
    }

    /// The same; `change` may change the proxy's configuration.
    ///
    /// # Panics
    /// When something does not start; the text says why.
    pub async fn with(broker: &'a Broker, options: AsteriskOptions, change: impl FnOnce(&mut Value)) -> Self {
        let application = fresh_application();
        let asterisk = start_asterisk(options.application(&application)).await;
        let ari = Ari::from(&asterisk);
        let mut config = config_json(&ari, broker.kind(), &broker.url(), &application, &[&application]);
        change(&mut config);
        let proxy = RunningProxy::start(&config);
        until_registered(&asterisk, &application).await;
        Self { asterisk, proxy, broker, application }
    }
}

/// A fake Asterisk.
pub struct Simulated {
    /// The fake Asterisk.
    pub simulator: Simulator,
    /// The proxy.
    pub proxy: RunningProxy,
    /// The broker, shared by the tests of a binary.
    pub broker: &'static Broker,
    /// The application.
    pub application: String,
}

impl Simulated {
    /// Starts all of it; the application is registered. `change` may change the proxy's configuration.
    ///
    /// # Panics
    /// When something does not start; the text says why.
    pub async fn new(kind: Kind, change: impl FnOnce(&mut Value)) -> Self {
        let broker = Broker::shared(kind).await;
        let simulator = start_simulator().await;
        let application = fresh_application();
        // A space must be encoded wherever the id becomes part of a topic.
        let server = format!("pbx {application}");
        let mut config = config_json(&(&simulator).into(), kind, &broker.url(), &server, &[&application]);
        change(&mut config);
        let proxy = RunningProxy::start(&config);
        until_connected(&simulator, &application).await;
        Self { simulator, proxy, broker, application }
    }
}

/// Starts a fake Asterisk that does not cut off a reader which stalls: on a busy machine the system's scheduler can
/// stall anybody for 100 ms, and no test is about that.
///
/// # Panics
/// When it does not start.
pub async fn start_simulator() -> Simulator {
    ok(Simulator::start(SimulatorOptions { write_timeout: None, ..SimulatorOptions::default() }).await)
}

/// Starts a real Asterisk.
///
/// # Panics
/// When it does not start; the text says why.
pub async fn start_asterisk(options: AsteriskOptions) -> Asterisk {
    match Asterisk::start(options).await {
        Ok(asterisk) => asterisk,
        Err(error) => panic!("{error}"),
    }
}

/// Waits until an application is registered with a fake Asterisk.
///
/// # Panics
/// When it never is.
pub async fn until_connected(simulator: &Simulator, application: &str) {
    soon("the application in the fake Asterisk", simulator.wait_registered(application)).await;
}

/// Waits until a call with a fake Asterisk has ended, and tells how.
///
/// # Panics
/// When it does not end.
pub async fn until_ended(call: &Call) -> CallEnd {
    soon("the call's end", call.wait_ended()).await
}

/// Waits until an application is registered with a real Asterisk.
///
/// # Panics
/// When it never is.
pub async fn until_registered(asterisk: &Asterisk, application: &str) {
    let path = format!("/applications/{application}");
    let registered = async || asterisk.ari("GET", &path).await.is_ok_and(|(status, _)| status == 200);
    eventually("the application in Asterisk", registered).await;
}

/// A name that no other test has.
#[must_use]
pub fn fresh_application() -> String {
    format!("app-{}", uuid::Uuid::now_v7().simple())
}
