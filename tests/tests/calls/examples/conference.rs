//! Callers of the same number hear each other.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::Kind,
    on_both_buses,
    wait::{eventually, ok},
};

use super::{
    HEARD, Stage, hang_up, list,
    phone::{BELL, Phone},
    sound, until_logged, until_talks,
};

on_both_buses!(callers_hear_each_other_until_they_leave);

async fn callers_hear_each_other_until_they_leave(kind: Kind) {
    let options = AsteriskOptions::new().configuration(BELL.0, BELL.1).extensions(HEARD);
    let stage = Stage::new(kind, options, "conference", &[]).await;
    let asterisk = stage.asterisk();
    let alice = Phone::calls(asterisk, "alice", "1000", "12#");
    until_logged(asterisk, "Playing 'conf-onlyperson").await;
    let bob = Phone::calls(asterisk, "bob", "2000", "");
    let bobs = bob.channel_id(asterisk).await;
    assert_eq!(until_talks(asterisk, &bobs).await, alice.channel_id(asterisk).await);
    let heard = asterisk.spool().join("monitor/heard-bob.wav");
    let hears = async || std::fs::read(&heard).is_ok_and(|file| sound::is_voice(&sound::wav(&file)));
    eventually("alice heard by bob", hears).await;

    for _ in 0..3 {
        alice.press(asterisk).await;
    }
    alice.finish(1).await;
    let room = ok(asterisk.ari("GET", "/bridges/conference-1000").await).1;
    assert_eq!(room["channels"], serde_json::json!([bobs]), "{room}");
    hang_up(asterisk, &bobs).await;
    bob.finish(1).await;
    eventually("the room gone", async || list(asterisk, "/bridges").await.is_empty()).await;
    stage.stop().await;
}
