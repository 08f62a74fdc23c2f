//! Callers wait for an agent.

use ari_testbed::AsteriskOptions;
use ari_tests::{brokers::Kind, on_both_buses, wait::eventually, worlds::Real};

use super::{Stage, hang_up, list, others_in_bridge, phone::Phone, start, until_logged, until_talks};

on_both_buses!(callers_wait_with_music_and_are_served_in_their_order);

/// Something to be heard while waiting: Asterisk's own digits.
const MUSIC: &str = "[default]\nmode = files\ndirectory = /usr/share/asterisk/sounds/en/digits\n";

async fn callers_wait_with_music_and_are_served_in_their_order(kind: Kind) {
    let options = AsteriskOptions::new().configuration("musiconhold.conf", MUSIC);
    let world = Real::new(kind, options).await;
    let agent = Phone::answers(&world.asterisk, "agent", 2);
    // An agent whose phone is not there keeps nobody waiting.
    let example = start(&world, &world.application, "queue", &["PJSIP/nobody", &agent.endpoint()]).await;
    let stage = Stage { world, example };
    let asterisk = stage.asterisk();

    let alice = Phone::calls(asterisk, "alice", "1000", "");
    let alices = alice.channel_id(asterisk).await;
    let agents = until_talks(asterisk, &alices).await;
    let bob = Phone::calls(asterisk, "bob", "1000", "");
    let bobs = bob.channel_id(asterisk).await;
    let waits = async || others_in_bridge(asterisk, "holding", &bobs).await.is_some();
    eventually("bob waiting", waits).await;
    until_logged(asterisk, "Started music on hold, class 'default'").await;

    hang_up(asterisk, &agents).await;
    alice.finish(1).await;
    let agents = until_talks(asterisk, &bobs).await;
    hang_up(asterisk, &agents).await;
    bob.finish(1).await;
    agent.finish(2).await;
    eventually("no bridge but the line", async || list(asterisk, "/bridges").await.len() == 1).await;
    stage.stop().await;
}
