//! Two phones ring one after the other, and talk.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses, programs,
    programs::Running,
    wait::{DEADLINE, eventually, ok},
    worlds::Real,
};
use serde_json::json;

use super::{hang_up, list, phone::Phone, until_logged, until_talks};

on_both_buses!(two_phones_are_rung_and_connected_and_who_is_left_is_told);

/// The example's own application.
const APPLICATION: &str = "click-to-call";

async fn two_phones_are_rung_and_connected_and_who_is_left_is_told(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let options = AsteriskOptions::new().extensions("exten => busy,1,Hangup(17)");
    let as_well = |config: &mut serde_json::Value| {
        let own = config["applications"][0].clone();
        config["applications"] = json!([own, APPLICATION]);
    };
    let world = Real::with(broker, options, as_well).await;
    let asterisk = &world.asterisk;
    let [alice, bob] = [("alice", 2), ("bob", 1)].map(|(name, calls)| Phone::answers(asterisk, name, calls));
    let click = |second: &str| {
        let bus = [("ARI_WORKER_BUS_URL", broker.url())];
        Running::example(programs!(), "click_to_call", &[&alice.endpoint(), second], &bus)
    };

    let example = click(&bob.endpoint());
    let mut first = None;
    eventually("a channel", async || {
        first = list(asterisk, "/channels")
            .await
            .first()
            .and_then(|channel| Some(channel["id"].as_str()?.to_owned()));
        first.is_some()
    })
    .await;
    let second = until_talks(asterisk, &first.unwrap_or_default()).await;
    hang_up(asterisk, &second).await;
    bob.finish(1).await;
    let status = ok(example.ended(DEADLINE).await);
    assert!(status.success(), "{status}");
    assert!(list(asterisk, "/bridges").await.is_empty());

    let example = click("Local/busy@default");
    until_logged(asterisk, "Playing 'im-sorry").await;
    alice.finish(2).await;
    let status = ok(example.ended(DEADLINE).await);
    assert!(status.success(), "{status}");
    world.proxy.stop().await;
}
