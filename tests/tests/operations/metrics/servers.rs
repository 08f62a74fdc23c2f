//! One process that serves several Asterisks.

use ari_proxy::Metric;
use ari_testbed::free_tcp_port;
use ari_tests::{
    brokers::{Broker, Kind},
    dialled_in::listen_json,
    operator::Operator,
    programs,
    programs::Running,
    series::{Series, text},
    wait::{eventually, ok},
    worlds::fresh_application,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn each_server_has_its_series_and_each_metric_its_words_once() {
    let (broker, application) = (Broker::shared(Kind::Nats).await, fresh_application());
    let port = ok(free_tcp_port());
    let asterisks = json!([
        {"server_id": "north", "password": "the north's password"},
        {"server_id": "south", "password": "the south's password"},
    ]);
    let mut config = listen_json(Kind::Nats, &broker.url(), port, &asterisks, &application);
    let operator = Operator::of(&mut config, None);
    let proxy = Running::proxy(programs!(), &config);
    operator.until_ready("the port", |_, ready| ready["servers"].is_array()).await;
    eventually("both connected to the bus", async || {
        let now = Series::of(&operator).await;
        ["north", "south"]
            .iter()
            .all(|server| now.sum("ari_proxy_bus_connected", &[("server_id", server)]) == 1.0)
    })
    .await;
    let (_, text) = text(&operator, "").await;
    for metric in Metric::ALL {
        assert_eq!(text.matches(&format!("# TYPE {} ", metric.name())).count(), 1, "{metric:?}");
    }
    assert_eq!(ok(ari_testbed::check_metrics(text.clone()).await), "");
    assert!(!text.contains("password"), "a secret is told");
    proxy.stop().await;
}
