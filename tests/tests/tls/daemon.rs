//! A proxy in a process of its own whose every word is looked at.

use ari_tests::{
    programs,
    programs::Running,
    secrets::leaks,
    wait::{eventually, ok},
};
use serde_json::Value;

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
