//! The client against small manager interfaces of our own.

mod fake;
mod refusals;
mod silence;
mod tls;

use serde_json::{Value, json};

use super::*;
use crate::testing::log;
use fake::{Fake, Told, play};

#[tokio::test]
async fn events_come_as_asterisk_says_them() {
    let fake = Fake::start().await;
    let metrics = play(&fake.ami(), async |client| {
        let mut session = fake.logged_in().await;
        session.say("Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n").await;
        session.say("Response: Success\r\nActionID: other\r\nMessage: nobody asked\r\n\r\n").await;
        session
            .say("Event: UserEvent\r\nActionID: 4\r\nUserEvent: one: two  \r\nA: 1\r\nB: x\r\nA: 2\r\n\r\n")
            .await;
        session.say("Nothing: known\r\n\r\n").await;
        session.say("Event: Newchannel\nChannel: Local/a@b-1;1\nCallerIDName: J\u{f6}rg \"x\" <y>\n\n").await;
        assert_eq!(client.next().await, Told::Connected);
        assert_eq!(client.event().await.name(), "FullyBooted");
        let event = client.event().await;
        assert_eq!(
            event.to_json().unwrap(),
            r#"{"Event":"UserEvent","ActionID":"4","UserEvent":"one: two  ","A":["1","2"],"B":"x"}"#
        );
        assert_eq!(event.fields().len(), 6);
        let event: Value = serde_json::from_str(&client.event().await.to_json().unwrap()).unwrap();
        assert_eq!(
            event,
            json!({"Event": "Newchannel", "Channel": "Local/a@b-1;1", "CallerIDName": "Jörg \"x\" <y>"})
        );
        client.stop.cancel();
        assert_eq!(session.action().await, ["Action: Logoff"]);
        // What was said before the goodbye has still been heard.
        session.say("Event: Last\r\n\r\nResponse: Goodbye\r\n\r\n").await;
        drop(session);
        assert_eq!(client.event().await.name(), "Last");
    })
    .await;
    assert_eq!(metrics.get(Metric::BrokenFrames), 1);
}

#[tokio::test]
async fn half_an_event_is_none_and_the_connection_comes_back() {
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        for half in ["Event: Half", "Event: Half\r\n", "Event: Half\r\nKey: value\r\n\r", "Ev"] {
            let mut session = fake.logged_in().await;
            session.say("Event: Whole\r\nKey: value\r\n\r\n").await;
            session.say(half).await;
            drop(session);
            assert_eq!(client.next().await, Told::Connected);
            assert_eq!(client.event().await.name(), "Whole");
            assert_eq!(client.next().await, Told::Lost, "{half:?}");
        }
        client.stop.cancel();
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_is_dropped_told_once_and_counted() {
    let (_log, mut lines) = log();
    let fake = Fake::start().await;
    let metrics = play(&fake.ami(), async |client| {
        let mut session = fake.logged_in().await;
        let mib = "v".repeat(1 << 20);
        for name in ["VarSet", "Newexten"] {
            session.say(&format!("Event: {name}\r\nValue: {mib}\r\nMore: x\r\n\r\n")).await;
        }
        session.say("Event: After\r\n\r\n").await;
        assert_eq!(client.next().await, Told::Connected);
        assert_eq!(client.event().await.name(), "After");
        client.stop.cancel();
    })
    .await;
    assert_eq!(metrics.get(Metric::AmiEventsDropped), 2);
    let lines: Vec<String> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    let dropped: Vec<_> = lines.iter().filter(|line| line.contains("was dropped")).collect();
    assert_eq!(dropped.len(), 1, "{lines:#?}");
    assert!(dropped[0].contains("WARN") && dropped[0].contains("VarSet"), "{lines:#?}");
}

#[tokio::test]
async fn any_bytes_are_survived() {
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        let mut session = fake.logged_in().await;
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        session.say_bytes(&bytes).await;
        session.say("\r\n\r\nEvent: Sane\r\n\r\n").await;
        while !matches!(client.next().await, Told::Event(event) if event.name() == "Sane") {}
        client.stop.cancel();
    })
    .await;
}
