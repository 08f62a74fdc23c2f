//! Queues that a crash of the proxy left behind on RabbitMQ are found and removed at the next start.

use std::process::Stdio;

use ari_tests::{
    brokers::{Broker, Kind},
    desk::Desk,
    go_worker::GoPool,
    proxies::config_json,
    wait::{eventually, ok},
    worlds::start_simulator,
};
use tokio::process::{Child, Command};

/// The daemon itself, as a process of its own: only that can be killed.
fn daemon(config: &serde_json::Value) -> Child {
    let mut program = ok(std::env::current_exe());
    // target/<profile>/deps/<test> → target/<profile>/ari-proxy
    program.pop();
    program.pop();
    program.push("ari-proxy");
    assert!(program.exists(), "{} is not built: cargo build -p ari-proxy first", program.display());
    let file = std::env::temp_dir().join(format!("ari-proxy-test-{}.json", uuid::Uuid::now_v7()));
    ok(std::fs::write(&file, config.to_string()));
    ok(Command::new(program).arg("--config").arg(file).stderr(Stdio::null()).kill_on_drop(true).spawn())
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_a_killed_proxy_are_removed() {
    let broker = Broker::start(Kind::Rabbitmq).await;
    let simulator = start_simulator().await;
    let config = config_json(&(&simulator).into(), Kind::Rabbitmq, &broker.url(), "pbx", &["hello"]);
    let mut proxy = daemon(&config);
    simulator.wait_registered("hello").await;
    let pool = GoPool::join(&broker, "hello").await;
    let _calls: Vec<_> = (0..5).map(|_| simulator.call("hello").place()).collect();
    for _ in 0..5 {
        let app_start = pool.app_start().await;
        let mut dialog = pool.take(&app_start, std::time::Duration::ZERO).await;
        assert!(dialog.event_within(ari_tests::wait::DEADLINE).await.is_some());
    }
    assert_eq!(broker.left_of_dialogs().await.len(), 15, "events, commands and responses of each");
    ok(proxy.kill().await);
    drop(pool);
    assert_eq!(broker.left_of_dialogs().await.len(), 15, "they outlive the proxy");

    let _proxy = daemon(&config);
    eventually("no queue left", async || broker.left_of_dialogs().await.is_empty()).await;
    // What lives is not taken for a leftover.
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join("hello").await;
    simulator.wait_registered("hello").await;
    let call = simulator.call("hello").place();
    let dialog = desk.accept(&pool.offer().await).await;
    dialog.event("StasisStart").await;
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command("DELETE", &url, serde_json::json!("")).await.0, 204);
}
