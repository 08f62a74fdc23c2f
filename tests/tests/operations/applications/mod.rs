//! Applications that are added and removed while the proxy runs.

mod handover;
mod names;
mod real;
mod refused;
mod restart;
mod rival;
mod taken;

use ari_tests::{operator::Operator, programs::Running, stage::Stage, wait::ok};
use serde_json::Value;
use tempfile::TempDir;

/// The applications that are listed.
async fn names(operator: &Operator) -> Vec<String> {
    let (_, list) = operator.get("/ari/amqp").await;
    let names = list.as_array().into_iter().flatten().filter_map(|one| one["application"].as_str());
    names.map(str::to_owned).collect()
}

/// What the list says of one.
async fn listed(operator: &Operator, name: &str) -> Option<Value> {
    let (_, list) = operator.get("/ari/amqp").await;
    list.as_array().into_iter().flatten().find(|one| one["application"] == name).cloned()
}

/// A proxy that does its part.
async fn ready(stage: &Stage, config: &Value, operator: &Operator) -> Running {
    let proxy = stage.proxy_with(config).await;
    operator.until_ready("ready", |status, _| status == 200).await;
    proxy
}

/// A configuration whose proxy writes down what it is told, and where.
fn keeping_state(stage: &Stage) -> (Value, TempDir) {
    let folder = ok(tempfile::tempdir());
    let mut config = stage.config();
    config["state_dir"] = folder.path().to_string_lossy().into();
    (config, folder)
}
