//! Calls, and what goes wrong with them: each shows as itself.

use ari_tests::{
    brokers::Setup,
    desk::Desk,
    operator::Operator,
    programs,
    series::{Series, text},
    stage::Stage,
    wait::{eventually, ok},
};
use asterisk_sim::Cut;
use serde_json::json;

const TOKEN: &str = "c8e1f5f4a1b24d7c9f";

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_those_that_happened() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let application = stage.application.clone();
    let mut config = stage.config();
    let operator = Operator::of(&mut config, Some(TOKEN));
    let proxy = stage.proxy_with(&config).await;
    let (status, _) = operator.showing(None).get("/metrics").await;
    assert_eq!(status, 401);

    let desk = Desk::open(stage.broker.connect("measured").await).await;
    let mut pool = desk.join(&application).await;
    let of = [("application", application.as_str()), ("server_id", "pbx")];

    // A call that nobody has yet.
    let first = stage.simulator.call(&application).place();
    let offer = pool.offer().await;
    until(&operator, "one is offered", |now| now.sum("ari_proxy_dialogs", &[("state", "offered")]) == 1.0)
        .await;
    let one = desk.accept(&offer).await;
    one.event("StasisStart").await;
    let second = stage.simulator.call(&application).place();
    let two = desk.accept(&pool.offer().await).await;
    two.event("StasisStart").await;
    let now =
        until(&operator, "two are active", |now| now.sum("ari_proxy_dialogs", &[("state", "active")]) == 2.0)
            .await;
    for (name, number) in [
        ("ari_proxy_dialogs_opened_total", 2.0),
        ("ari_proxy_dialogs_accepted_total", 2.0),
        ("ari_proxy_dialogs_unwanted_total", 0.0),
        ("ari_proxy_offers_total", 2.0),
        ("ari_proxy_offer_duration_seconds_count", 2.0),
        ("ari_proxy_accept_duration_seconds_count", 2.0),
        ("ari_proxy_asterisk_connected", 1.0),
        ("ari_proxy_gaps_total", 0.0),
    ] {
        assert_eq!(now.sum(name, &of), number, "{name}");
    }
    assert_eq!(now.sum("ari_proxy_events_received_total", &[of[0], ("type", "StasisStart")]), 2.0);
    assert_eq!(now.sum("ari_proxy_bus_connected", &[]), 1.0);
    assert_eq!(now.sum("ari_proxy_acting", &[]), 1.0);
    assert_eq!(now.sum("ari_proxy_workers", &[]), 1.0);
    assert!(now.sum("ari_proxy_events_kept_bytes", &[]) > 0.0, "nothing was acknowledged");

    // Commands: done, refused by Asterisk, refused by the proxy, and no message at all.
    for (dialog, channel) in [(&one, first.channel_id()), (&two, second.channel_id())] {
        assert_eq!(dialog.command("POST", &format!("/channels/{channel}/answer"), json!("")).await.0, 204);
    }
    assert_eq!(one.command("GET", "/channels/nobody's", json!("")).await.0, 404);
    assert_eq!(one.command("BREW", "/coffee", json!("")).await.0, 405);
    one.send_bytes(b"no message".to_vec()).await;
    // Everything again, and the answer stands behind it.
    one.send(&json!({"control": "resend", "term": 1, "from": 1, "unique_id": "again"})).await;
    assert_eq!(one.answer("again").await.0, 204);
    let copies = || one.copies().len() + two.copies().len();
    let events = || one.events().len() + two.events().len();
    eventually("events came again", async || copies() > events()).await;
    let answered = |now: &Series, operation: &str, status: &str| {
        let labels = [("operation", operation), ("status", status)];
        now.sum("ari_proxy_command_duration_seconds_count", &labels)
    };
    let now = Series::of(&operator).await;
    assert_eq!(answered(&now, "POST /channels/{channelId}/answer", "2xx"), 2.0);
    assert_eq!(answered(&now, "GET /channels/{channelId}", "4xx"), 1.0);
    assert_eq!(now.sum("ari_proxy_command_duration_seconds_count", &[]), 3.0);
    assert_eq!(now.sum("ari_proxy_command_wait_seconds_count", &[]), 3.0);
    assert_eq!(now.sum("ari_proxy_commands_refused_total", &[("status", "405")]), 1.0);
    assert_eq!(now.sum("ari_proxy_commands_refused_total", &[]), 1.0);
    assert_eq!(now.sum("ari_proxy_noise_total", &[]), 1.0);
    assert!(now.sum("ari_proxy_command_duration_seconds_sum", &[]) > 0.0);
    until(&operator, "each copy is counted", |now| {
        desk_has(now, (copies() - events()) as f64, copies() as f64)
    })
    .await;

    // Asterisk's websocket is cut: one gap, one connection more.
    stage.simulator.faults().drop_websockets(Cut::Abrupt);
    let now = until(&operator, "Asterisk is back", |now| {
        now.sum("ari_proxy_asterisk_reconnects_total", &[]) == 1.0
            && now.sum("ari_proxy_asterisk_connected", &of) == 1.0
    })
    .await;
    assert_eq!(now.sum("ari_proxy_gaps_total", &of), 1.0);

    // The broker goes and comes.
    ok(stage.broker.server().kill().await);
    until(&operator, "the bus is away", |now| now.sum("ari_proxy_bus_connected", &[]) == 0.0).await;
    ok(stage.broker.server().start_again().await);
    let now = until(&operator, "the bus is back", |now| now.sum("ari_proxy_bus_connected", &[]) == 1.0).await;
    assert_eq!(now.sum("ari_proxy_bus_reconnects_total", &[]), 1.0);
    // The worker's connection is another one.
    desk.back().await;

    // One call ends, and what there was of it is no more.
    two.send(&json!({"control": "ack", "term": 1, "seq": two.events().len()})).await;
    second.hangup();
    two.event("ProxyEnded").await;
    until(&operator, "one lingers", |now| now.sum("ari_proxy_dialogs", &[("state", "lingering")]) == 1.0)
        .await;
    two.send(&json!({"control": "ack", "term": 1, "seq": two.events().len()})).await;
    until(&operator, "one is left", |now| now.sum("ari_proxy_dialogs", &[]) == 1.0).await;

    // Its worker has sent a heartbeat, and sends no other.
    desk.beat("pbx", "by hand").await;
    let now = until(&operator, "the lease is lost", |now| {
        now.sum("ari_proxy_worker_leases_lost_total", &[]) == 1.0
    })
    .await;
    assert_eq!(now.sum("ari_proxy_dialogs_opened_total", &of), 2.0);
    let now =
        until(&operator, "it is offered again", |now| now.sum("ari_proxy_dialogs_resumed_total", &of) == 1.0)
            .await;
    assert_eq!(now.sum("ari_proxy_events_lost_total", &[]), 0.0);

    // The whole of it as Prometheus reads it.
    let (kind, classic) = text(&operator, "").await;
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    assert_eq!(ok(ari_testbed::check_metrics(classic.clone()).await), "");
    let (kind, open) = text(&operator, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    assert!(open.ends_with("\n# EOF\n"));
    for secret in [TOKEN, stage.simulator.password()] {
        assert!(!classic.contains(secret) && !open.contains(secret), "a secret is told");
    }
    proxy.stop().await;
}

/// Whether all that came to a desk is counted, each copy as such.
fn desk_has(now: &Series, copies: f64, in_all: f64) -> bool {
    now.sum("ari_proxy_events_resent_total", &[]) == copies
        && now.sum("ari_proxy_events_sent_total", &[]) == in_all
}

/// Reads again and again until it is so.
async fn until(operator: &Operator, what: &str, is: impl Fn(&Series) -> bool) -> Series {
    let mut last = Series::default();
    eventually(what, async || {
        last = Series::of(operator).await;
        is(&last)
    })
    .await;
    last
}
