//! How much a worker may do.

use ari_proxy::Metric;
use ari_tests::brokers::Kind;
use serde_json::json;

use super::world::{World, assert_names};

pub(crate) async fn too_much_is_too_much(kind: Kind) {
    // So few that no machine is too slow to have too many: five at once, and one more each second.
    let world = World::new(kind, json!({"commands_per_second": 1, "max_body": 50})).await;
    let (_call, dialog) = world.call().await;
    let large = json!({"variables": {"X": "x".repeat(60)}});
    let (status, text) = dialog.command("POST", "/bridges", large).await;
    assert_eq!(status, 413, "{text}");
    assert_names(&text, "max_body");
    for number in 0..100 {
        let command = json!({"unique_id": format!("{number}"), "method": "GET", "url": "/bridges"});
        dialog.send(&command).await;
    }
    let mut refused = 0;
    for number in 0..100 {
        let (status, text) = dialog.answer(&number.to_string()).await;
        if status == 429 {
            assert_names(&text, "commands_per_second");
            refused += 1;
        } else {
            assert_eq!(status, 200, "{text}");
        }
    }
    println!("{refused} of 100 were too many");
    assert!(refused > 0);
    assert_eq!(world.simulator.count_requests("GET", "/bridges"), 100 - refused);
    assert_eq!(world.proxy.metrics.get(Metric::PolicyRefusals), refused as u64 + 1);
    // Another dialog has a count of its own.
    let (_call, other) = world.call().await;
    assert_eq!(other.command("GET", "/bridges", json!(null)).await.0, 200);
    world.proxy.stop().await;
}

pub(crate) async fn calls_are_counted_for_the_whole_application(kind: Kind) {
    // A second is far too short for another one.
    let world = World::new(kind, json!({"originates_per_minute": 1})).await;
    let (_call, one) = world.call().await;
    let (_call, two) = world.call().await;
    let leg = |id: &str| json!({"endpoint": "PJSIP/bob", "app": world.application, "channelId": id});
    let (status, text) = one.command("POST", "/channels", leg("first")).await;
    assert_eq!(status, 200, "{text}");
    for path in ["/channels", "/channels/create", "/channels/second"] {
        let (status, text) = two.command("POST", path, leg("second")).await;
        assert_eq!(status, 429, "{path}: {text}");
        assert_names(&text, "originates_per_minute");
    }
    assert_eq!(world.reached().len(), 1, "{:#?}", world.reached());
    world.proxy.stop().await;
}
