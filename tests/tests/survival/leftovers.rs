//! Queues that a crash of the proxy left behind on RabbitMQ are found and removed at the next start.

use std::process::Stdio;

use ari_tests::{
    brokers::{Broker, Kind},
    desk::Desk,
    go_worker::GoPool,
    one_test::one_test,
    proxies::{RunningProxy, config_json},
    wait::{eventually, ok},
    worlds::{start_simulator, until_connected},
};
use serde_json::Value;
use tokio::process::{Child, Command};

/// Tells [`in_a_process_of_its_own`] its configuration.
const CONFIG: &str = "ARI_TESTS_CONFIG";

/// What the three queues of a dialog have in their names: `commands_`, `events_` or `responses_` and the server.
const OF_A_DIALOG: &str = "s_pbx.";

/// A proxy that can be killed.
fn daemon(config: &Value) -> Child {
    let mut program = Command::from(one_test(module_path!(), "in_a_process_of_its_own"));
    program.env(CONFIG, config.to_string());
    ok(program.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test below, to be killed"]
async fn in_a_process_of_its_own() {
    let config = ok(serde_json::from_str(&ok(std::env::var(CONFIG))));
    let _proxy = RunningProxy::start(&config);
    std::future::pending().await
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_a_killed_proxy_are_removed() {
    let broker = Broker::start(Kind::Rabbitmq).await;
    let simulator = start_simulator().await;
    let config = config_json(&(&simulator).into(), Kind::Rabbitmq, &broker.url(), "pbx", &["hello"]);
    let mut proxy = daemon(&config);
    until_connected(&simulator, "hello").await;
    let pool = GoPool::join(&broker, "hello").await;
    let _calls: Vec<_> = (0..5).map(|_| simulator.call("hello").place()).collect();
    for _ in 0..5 {
        let app_start = pool.app_start().await;
        let mut dialog = pool.take(&app_start, std::time::Duration::ZERO).await;
        dialog.event().await;
    }
    assert_eq!(broker.contents(OF_A_DIALOG).await.len(), 15, "events, commands and responses of each");
    ok(proxy.kill().await);
    drop(pool);
    assert_eq!(broker.contents(OF_A_DIALOG).await.len(), 15, "they outlive the proxy");

    let _proxy = daemon(&config);
    eventually("no queue left", async || broker.contents(OF_A_DIALOG).await.is_empty()).await;
    // What lives is not taken for a leftover.
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join("hello").await;
    until_connected(&simulator, "hello").await;
    let call = simulator.call("hello").place();
    let dialog = desk.accept(&pool.offer().await).await;
    dialog.event("StasisStart").await;
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command("DELETE", &url, serde_json::json!("")).await.0, 204);
}
