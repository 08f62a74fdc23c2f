//! Whatever comes from Asterisk and from workers, there are no more series than were made.

use std::collections::BTreeSet;

use ari_proxy::metrics::{EVENT_TYPES, OPERATIONS, OTHER};
use ari_tests::{
    brokers::Setup, desk::Desk, operator::Operator, programs, series::Series, stage::Stage, wait::eventually,
};
use serde_json::json;

const EVENTS: usize = 10_000;
const COMMANDS: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_types_and_strange_operations_make_no_series() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let application = stage.application.clone();
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = stage.proxy_with(&config).await;
    let desk = Desk::open(stage.broker.connect("strange").await).await;
    let mut pool = desk.join(&application).await;
    let call = stage.simulator.call(&application).place();
    let dialog = desk.accept(&pool.offer().await).await;

    for number in 0..EVENTS {
        let of = if number % 2 == 0 { application.clone() } else { format!("stranger-{number}\"\\\n") };
        let event =
            json!({"type": format!("Type{number}\"}}\n\\"), "application": of, "channel": {"id": number}});
        assert!(stage.simulator.send_raw(&application, &event.to_string()));
    }
    let id = call.channel_id();
    for number in 0..COMMANDS {
        let (method, url) = match number % 4 {
            0 => ("POST".to_owned(), format!("/channels/{id}/strange{number}")),
            1 => ("GET".to_owned(), format!("/{number}")),
            2 => (format!("METHOD{number}"), "/channels".to_owned()),
            _ => ("GET".to_owned(), format!("/channels/{number}%22")),
        };
        dialog.command(&method, &url, json!("")).await;
    }
    let mut now = Series::default();
    eventually("all events counted", async || {
        now = Series::of(&operator).await;
        now.sum("ari_proxy_events_received_total", &[("type", OTHER)]) == EVENTS as f64
    })
    .await;

    let known =
        |values: &[&str]| values.iter().copied().chain([OTHER]).map(str::to_owned).collect::<BTreeSet<_>>();
    let types = now.values("ari_proxy_events_received_total", "type");
    assert!(types.is_subset(&known(&EVENT_TYPES)), "{types:?}");
    let operations = now.values("ari_proxy_command_duration_seconds_count", "operation");
    assert!(operations.is_subset(&known(&OPERATIONS)), "{operations:?}");
    assert!(operations.contains(OTHER) && operations.contains("GET /channels/{channelId}"), "{operations:?}");
    let applications = now.values("ari_proxy_events_received_total", "application");
    assert_eq!(applications, known(&[&application]));
    assert!(now.number() < 1_000, "{} series", now.number());
    call.hangup();
    proxy.stop().await;
}
