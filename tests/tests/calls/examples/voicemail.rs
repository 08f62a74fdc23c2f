//! Takes a message and plays it back.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::Kind,
    on_both_buses,
    wait::{eventually, ok},
};

use super::{
    Stage,
    phone::{BELL, Phone},
    sound, until_logged, until_logged_times,
};

on_both_buses!(a_message_is_recorded_and_played_back);

/// What has been said, in bytes of a recording, before the caller presses a key: half a second.
const SAID: usize = 8_000;

async fn a_message_is_recorded_and_played_back(kind: Kind) {
    let options = AsteriskOptions::new().configuration(BELL.0, BELL.1);
    let stage = Stage::new(kind, options, "voicemail", &[]).await;
    let asterisk = stage.asterisk();
    let alice = Phone::calls(asterisk, "alice", "1000", "#21");
    let name = format!("voicemail-1000-{}", alice.channel_id(asterisk).await);
    let file = asterisk.spool().join(format!("recording/{name}.wav"));
    let said = async || std::fs::metadata(&file).is_ok_and(|file| file.len() > SAID as u64);
    eventually("a message being recorded", said).await;
    alice.press(asterisk).await;
    let played = format!("/recording/{name}");
    // Once by itself, once more for the 2.
    for times in 1..=2 {
        until_logged_times(asterisk, "Playing 'vm-review", times).await;
        assert_eq!(asterisk.log().matches(&played).count(), times);
        alice.press(asterisk).await;
    }
    alice.finish(1).await;
    until_logged(asterisk, "Playing 'vm-msgsaved").await;
    let samples = sound::wav(&ok(std::fs::read(&file)));
    assert!(sound::is_voice(&samples), "the caller is not to be heard in {} samples", samples.len());
    stage.stop().await;
}
