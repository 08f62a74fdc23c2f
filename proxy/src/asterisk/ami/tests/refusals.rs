//! Who does not let us in, and who is no manager interface at all.

use tokio::time::Instant;

use super::{
    super::super::limits::{AMI_LINE, REFUSED_PAUSE},
    fake::{Fake, Told, play},
};
use crate::testing::log;

/// Plays against an Asterisk that answers the login so, three times; then it lets us in. Returns what is logged as a warning.
async fn warnings_of(refusal: &str) -> Vec<String> {
    let (_log, mut lines) = log();
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        for attempt in 0..3 {
            let before = Instant::now();
            let mut session = fake.asked().await;
            if attempt > 0 {
                assert!(before.elapsed() >= REFUSED_PAUSE, "{:?}", before.elapsed());
            }
            session.answer("Error", refusal).await;
        }
        let _session = fake.logged_in().await;
        assert_eq!(client.next().await, Told::Connected);
        client.stop.cancel();
    })
    .await;
    let lines: Vec<String> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    assert!(lines.iter().all(|line| !line.contains("s3cret")), "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.contains("connected to Asterisk's manager interface")),
        "{lines:#?}"
    );
    lines.into_iter().filter(|line| line.contains("WARN")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_said_once_and_tried_slowly() {
    let lines = warnings_of("Authentication failed").await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for word in ["`stream.ami.user`", "`stream.ami.secret`", "manager.conf"] {
        assert!(lines[0].contains(word), "{lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_refusals_are_said_as_they_are() {
    let lines = warnings_of("Login Already In Use").await;
    assert!(lines.len() == 1 && lines[0].contains("allowmultiplelogin"), "{lines:#?}");
    let lines = warnings_of(&format!("not \u{1b}[31m today {}", "x".repeat(1_000))).await;
    assert!(lines.len() == 1 && lines[0].contains(r"not \u{1b}[31m today xx"), "{lines:#?}");
    assert!(lines[0].len() < 400, "{lines:#?}");
}

/// What is logged of one that begins so.
async fn warning_at(greeting: &str) -> String {
    let (_log, mut lines) = log();
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        let mut session = fake.accept().await.unwrap();
        session.say(greeting).await;
        assert!(session.action().await.is_empty(), "closed, and nothing was said");
        client.stop.cancel();
    })
    .await;
    lines.recv().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_is_no_manager_interface_is_told() {
    let line = warning_at("SSH-2.0-OpenSSH_9.9\r\n").await;
    assert!(line.contains("no manager interface") && line.contains("SSH-2.0-OpenSSH_9.9"), "{line}");
    let line = warning_at("\u{1}\u{2}\n").await;
    assert!(line.contains("no manager interface") && line.contains(r"\u{1}\u{2}"), "{line}");
    let line = warning_at(&"x".repeat(2 * AMI_LINE)).await;
    assert!(line.contains("longer than"), "{line}");
    let line = warning_at("").await;
    assert!(line.contains("nothing greets") && line.contains("`stream.ami.tls`"), "{line}");
}
