//! A proxy with a policy before a fake Asterisk, and what reaches that.

use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, Owned, Pool},
    proxies::{RunningProxy, config_json},
    worlds::{fresh_application, start_simulator, until_connected},
};
use asterisk_sim::{Call, RecordedRequest, Simulator};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A company whose calls may go to the Netherlands, over one trunk.
pub(crate) fn dutch() -> Value {
    json!({
        "endpoint": ["PJSIP/+31*@trunk", "Local/*@internal"],
        "context": ["internal"],
        "extension": ["+31*", "desk-*"],
        "caller_id": ["+31201234567"],
    })
}

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) proxy: RunningProxy,
    pub(crate) broker: &'static Broker,
    pub(crate) desk: Desk,
    pub(crate) application: String,
    /// Another application of the same proxy.
    pub(crate) other: String,
    pools: [Mutex<Pool>; 2],
}

impl World {
    /// With these rules for the first application.
    pub(crate) async fn new(kind: Kind, rules: Value) -> Self {
        let broker = Broker::shared(kind).await;
        let simulator = start_simulator().await;
        let (application, other) = (fresh_application(), fresh_application());
        let applications = [&*application, &*other];
        let mut config = config_json(&(&simulator).into(), kind, &broker.url(), &application, &applications);
        config["policy"] = json!({ "applications": { &application: rules } });
        let proxy = RunningProxy::start(&config);
        until_connected(&simulator, &application).await;
        until_connected(&simulator, &other).await;
        let desk = Desk::open(broker.connect("policy").await).await;
        let pools = [Mutex::new(desk.join(&application).await), Mutex::new(desk.join(&other).await)];
        Self { simulator, proxy, broker, desk, application, other, pools }
    }

    /// A call whose dialog is at the desk.
    pub(crate) async fn call(&self) -> (Call, Owned<'_>) {
        self.call_of(&self.application, &self.pools[0]).await
    }

    /// A call of the other application.
    pub(crate) async fn other_call(&self) -> (Call, Owned<'_>) {
        self.call_of(&self.other, &self.pools[1]).await
    }

    async fn call_of(&self, application: &str, pool: &Mutex<Pool>) -> (Call, Owned<'_>) {
        let call = self.simulator.call(application).place();
        let offer = pool.lock().await.offer().await;
        let dialog = self.desk.accept(&offer).await;
        dialog.event("StasisStart").await;
        (call, dialog)
    }

    /// What reached Asterisk, but for the proxy's own mark and its questions at the start.
    pub(crate) fn reached(&self) -> Vec<RecordedRequest> {
        let own = |request: &RecordedRequest| {
            request.body_text().contains("ARI_PROXY") || request.is("GET", "/applications/*")
        };
        self.simulator.requests().into_iter().filter(|request| !own(request)).collect()
    }
}

/// A refusal names its rule.
pub(crate) fn assert_names(text: &str, rule: &str) {
    let message = serde_json::from_str::<Value>(text).unwrap_or_default()["message"].to_string();
    assert!(message.contains(&format!(".{rule})")), "{text} names another rule than {rule}");
}
