//! A proxy in a process of its own whose every word is looked at.

use ari_testbed::free_tcp_port;
use ari_tests::{
    brokers::Kind,
    programs,
    programs::Running,
    proxies::{Ari, config_json},
    secrets::leaks,
    wait::{eventually, ok},
    worlds::fresh_application,
};
use serde_json::Value;

/// A proxy's configuration for this bus, without an Asterisk.
pub(crate) fn config(kind: Kind, bus: Value) -> Value {
    let nobody = format!("127.0.0.1:{}", ok(free_tcp_port()));
    let ari = Ari {
        websocket_url: format!("ws://{nobody}/ari/events"),
        rest_url: format!("http://{nobody}/ari"),
        user: "ari".to_owned(),
        password: "ari-p@ssw0rd".to_owned(),
    };
    let name = fresh_application();
    let mut config = config_json(&ari, kind, "", &name, &[&name]);
    config["bus_config"] = bus;
    config
}

/// Such a proxy reaches its bus.
pub(crate) async fn works(kind: Kind, bus: Value, secrets: &[&str]) {
    let daemon = Daemon::start(&config(kind, bus), secrets);
    daemon.says("connected to the bus").await;
    daemon.stop().await;
}

/// As in a URL, with every byte escaped.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A proxy that logs everything, its libraries too.
pub(crate) struct Daemon {
    running: Running,
    secrets: Vec<String>,
}

impl Daemon {
    /// Starts one. `secrets` are what it must keep to itself.
    pub(crate) fn start(config: &Value, secrets: &[&str]) -> Self {
        let running = Running::proxy_logging(programs!(), config, "trace");
        Self { running, secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect() }
    }

    /// Waits until it says this.
    pub(crate) async fn says(&self, what: &str) {
        let said = async || {
            let output = self.running.output();
            assert!(ok(self.running.status()).is_none(), "it ended, and never said {what:?}");
            output.contains(what)
        };
        eventually(&format!("{what:?}"), said).await;
    }

    /// Waits until it has said this so many times.
    pub(crate) async fn says_times(&self, what: &str, times: usize) {
        eventually(&format!("{what:?} {times} times"), async || {
            self.running.output().matches(what).count() >= times
        })
        .await;
    }

    /// Ends it, in good order.
    pub(crate) async fn stop(self) {
        ok(self.running.terminate());
        assert!(ok(self.running.ended(ari_tests::wait::DEADLINE).await).success());
        self.check_secrets();
    }

    /// Kills it, and returns its warnings and errors.
    pub(crate) async fn warnings(self) -> Vec<String> {
        ok(self.running.kill().await);
        self.check_secrets();
        let output = self.running.output();
        let ours =
            |line: &&str| line.contains(" ari_") && (line.contains(" WARN ") || line.contains("ERROR "));
        output.lines().filter(ours).map(str::to_owned).collect()
    }

    /// Kills it: all it has warned of is this, in one line.
    pub(crate) async fn warned_once(self, told: &str) {
        let warnings = self.warnings().await;
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        assert!(warnings[0].contains(told), "{}", warnings[0]);
        println!("{}", warnings[0]);
    }

    /// Waits until it has ended by itself, and returns what it said last.
    pub(crate) async fn ends(self) -> String {
        let status = ok(self.running.ended(ari_tests::wait::DEADLINE).await);
        assert!(!status.success(), "it ended as if all were well");
        self.check_secrets();
        self.running.output().lines().last().unwrap_or_default().to_owned()
    }

    fn check_secrets(&self) {
        let output = self.running.output();
        for secret in &self.secrets {
            let leaks = leaks(&output, secret);
            assert!(leaks.is_empty(), "{secret:?} got out: {leaks:#?}");
        }
    }
}
