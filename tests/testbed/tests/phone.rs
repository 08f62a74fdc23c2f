//! SIPp's scenarios against a real Asterisk, driven over ARI by what is in this file.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ari_testbed::{Asterisk, AsteriskOptions, CONTINUED, Scenario, Sipp, SippOptions, SippReport};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long an event may take. All is on this machine; the rest is for one busy with compiling.
const EVENT_WITHIN: Duration = Duration::from_secs(20);

async fn asterisk() -> &'static Asterisk {
    static ASTERISK: OnceCell<Asterisk> = OnceCell::const_new();
    // An application for each test, so that none takes another's calls.
    let options = AsteriskOptions::new()
        .stasis("2000", "answering", "one,two")
        .stasis("3000", "listening", "")
        .stasis("4000", "hesitating", "")
        .stasis("5000", "wrong", "")
        .stasis("6000", "absent", "")
        .stasis("7000", "many", "");
    ASTERISK.get_or_init(|| async { Asterisk::start(options).await.unwrap() }).await
}

/// An application of ARI.
struct Application {
    asterisk: &'static Asterisk,
    events: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Application {
    async fn new(asterisk: &'static Asterisk, name: &str) -> Application {
        let (user, password) = (asterisk.user(), asterisk.password());
        let url = format!("{}?app={name}&api_key={user}:{password}", asterisk.websocket_url());
        Application { asterisk, events: connect_async(url).await.unwrap().0 }
    }

    async fn event(&mut self, kind: &str) -> Value {
        let wanted = async {
            loop {
                let message = self.events.next().await.unwrap().unwrap();
                let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap_or_default();
                if event["type"] == kind {
                    return event;
                }
            }
        };
        tokio::time::timeout(EVENT_WITHIN, wanted).await.unwrap_or_else(|_| panic!("no {kind}"))
    }

    /// Waits for a call and answers it.
    async fn answer(&mut self) -> String {
        let start = self.event("StasisStart").await;
        let channel = format!("/channels/{}", start["channel"]["id"].as_str().unwrap());
        self.request("POST", &format!("{channel}/answer")).await;
        channel
    }

    async fn request(&self, method: &str, path: &str) -> Value {
        let (status, answer) = self.asterisk.ari(method, path).await.unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

/// The phone's side of one call to a number.
async fn call(scenario: Scenario, number: &str) -> SippReport {
    Sipp::call(asterisk().await, &scenario, &SippOptions::new().number(number)).await.unwrap()
}

#[tokio::test]
async fn hears_digits_is_held_and_hung_up() {
    let mut application = Application::new(asterisk().await, "hello").await;
    let phone = tokio::spawn(call(Scenario::HoldAndDtmf, "1000"));
    let channel = application.answer().await;
    application.request("POST", &format!("{channel}/dtmf?dtmf=12")).await;
    application.request("POST", &format!("{channel}/hold")).await;
    application.request("DELETE", &format!("{channel}/hold")).await;
    application.request("POST", &format!("{channel}/play?media=sound:hello-world")).await;
    let finished = application.event("PlaybackFinished").await;
    assert_eq!(finished["playback"]["state"], "done");
    application.request("DELETE", &channel).await;

    let report = phone.await.unwrap();
    assert!(report.all_went_well(1), "{report:#?}");
    assert_eq!(report.messages.matches("Signal=").count(), 2, "{}", report.messages);
    let log = asterisk().await.log();
    assert!(log.contains("Playing 'hello-world"), "{log}");
}

#[tokio::test]
async fn is_answered_and_hung_up() {
    let mut application = Application::new(asterisk().await, "answering").await;
    let phone = tokio::spawn(call(Scenario::Answered, "2000"));
    let start = application.event("StasisStart").await;
    assert_eq!(start["args"], serde_json::json!(["one", "two"]));
    let channel = format!("/channels/{}", start["channel"]["id"].as_str().unwrap());
    application.request("POST", &format!("{channel}/answer")).await;
    application.request("POST", &format!("{channel}/dtmf?dtmf=5")).await;
    application.request("DELETE", &channel).await;
    let report = phone.await.unwrap();
    assert!(report.all_went_well(1), "{report:#?}");
}

#[tokio::test]
async fn hangs_up() {
    let mut application = Application::new(asterisk().await, "listening").await;
    let phone = tokio::spawn(call(Scenario::HangsUp, "3000"));
    application.answer().await;
    application.event("StasisEnd").await;
    let report = phone.await.unwrap();
    assert!(report.all_went_well(1), "{report:#?}");
}

#[tokio::test]
async fn gives_up() {
    let mut application = Application::new(asterisk().await, "hesitating").await;
    let phone = tokio::spawn(call(Scenario::GivesUp, "4000"));
    application.event("StasisStart").await;
    application.event("StasisEnd").await;
    let report = phone.await.unwrap();
    assert!(report.all_went_well(1), "{report:#?}");
}

#[tokio::test]
async fn insists_on_the_order() {
    let mut application = Application::new(asterisk().await, "wrong").await;
    let phone = tokio::spawn(call(Scenario::HoldAndDtmf, "5000"));
    let channel = application.answer().await;
    application.request("POST", &format!("{channel}/hold")).await;
    application.event("StasisEnd").await;
    let report = phone.await.unwrap();
    assert_eq!((report.code, report.successful, report.failed), (Some(1), 0, 1), "{report:#?}");
    assert!(report.errors.contains("INVITE"), "{}", report.errors);
}

#[tokio::test]
async fn goes_on_in_the_dialplan_without_an_application() {
    let report = call(Scenario::Answered, "6000").await;
    assert!(report.all_went_well(1), "{report:#?}");
    let log = asterisk().await.log();
    assert!(log.contains(CONTINUED) && log.contains("Playing 'vm-goodbye"), "{log}");
}

#[tokio::test]
async fn makes_many_calls() {
    const CALLS: u32 = 20;
    let mut application = Application::new(asterisk().await, "many").await;
    let options = SippOptions::new().number("7000").calls(CALLS).rate(20);
    let phone = Sipp::begin(asterisk().await, &Scenario::HangsUp, &options).unwrap();
    for _ in 0..CALLS {
        application.answer().await;
    }
    let report = phone.finish().await.unwrap();
    assert!(report.all_went_well(CALLS.into()), "{report:#?}");
}

#[tokio::test]
async fn what_does_not_end_has_failed() {
    let options = SippOptions::new().number("park").timeout(Duration::from_secs(1));
    let report = Sipp::call(asterisk().await, &Scenario::Answered, &options).await.unwrap();
    assert_ne!(report.code, Some(0), "{report:#?}");
    assert_eq!((report.successful, report.failed), (0, 1), "{report:#?}");
}
