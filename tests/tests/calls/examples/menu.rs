//! A menu by DTMF.

use ari_testbed::AsteriskOptions;
use ari_tests::{brokers::Kind, on_both_buses, wait::ok};

use super::{
    Stage,
    phone::{BELL, Phone},
    start, until_logged_times,
};

on_both_buses!(a_wrong_key_is_asked_again_and_a_right_one_is_said, a_call_goes_on_when_its_worker_is_killed);

async fn a_wrong_key_is_asked_again_and_a_right_one_is_said(kind: Kind) {
    let stage = Stage::new(kind, AsteriskOptions::new().configuration(BELL.0, BELL.1), "menu", &[]).await;
    let asterisk = stage.asterisk();
    let alice = Phone::calls(asterisk, "alice", "1000", "92");
    for times in 1..=2 {
        until_logged_times(asterisk, "Playing 'demo-instruct", times).await;
        alice.press(asterisk).await;
    }
    alice.finish(1).await;
    let log = asterisk.log();
    assert_eq!(log.matches("Playing 'demo-instruct").count(), 2, "{log}");
    assert!(log.contains("Playing 'digits/2") && !log.contains("Playing 'digits/9"), "{log}");
    assert!(log.contains("Playing 'goodbye"), "{log}");
    stage.stop().await;
}

async fn a_call_goes_on_when_its_worker_is_killed(kind: Kind) {
    let stage = Stage::new(kind, AsteriskOptions::new().configuration(BELL.0, BELL.1), "menu", &[]).await;
    let Stage { world, example } = stage;
    let asterisk = &world.asterisk;
    let alice = Phone::calls(asterisk, "alice", "1000", "2");
    until_logged_times(asterisk, "Playing 'demo-instruct", 1).await;
    let next = start(&world, &world.application, "menu", &[]).await;
    world.broker.until_read_by(&world.application, 2).await;
    ok(example.kill().await);
    alice.press(asterisk).await;
    alice.finish(1).await;
    let log = asterisk.log();
    for once in ["Playing 'hello-world", "Playing 'digits/2", "Playing 'goodbye"] {
        assert_eq!(log.matches(once).count(), 1, "{once}: {log}");
    }
    next.stop().await;
    world.proxy.stop().await;
}
