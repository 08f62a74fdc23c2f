//! `check`: each thing that can be wrong has its line, and what is right stays right.

use ari_testbed::{Asterisk, AsteriskOptions, Release, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    certificates::Folder,
    on_both_buses,
    proxies::{Ari, RunningProxy, config_json},
    wait::{ok, soon},
    worlds::{fresh_application, start_asterisk, until_registered},
};
use asterisk_sim::{Simulator, SimulatorOptions};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio_tungstenite::{connect_async, tungstenite::client::IntoClientRequest as _};

use super::run;

/// The Asterisk that these tests share: each has an application of its own.
pub(crate) async fn asterisk() -> &'static Asterisk {
    static ASTERISK: OnceCell<Asterisk> = OnceCell::const_new();
    ASTERISK.get_or_init(|| start_asterisk(AsteriskOptions::new())).await
}

/// A configuration in which all is right.
pub(crate) async fn config(kind: Kind) -> (Value, String) {
    let (broker, application) = (Broker::shared(kind).await, fresh_application());
    let ari = Ari::from(asterisk().await);
    (config_json(&ari, kind, &broker.url(), &application, &[&application]), application)
}

/// What `check` finds: its exit status, and mark, text and hint of each subject.
pub(crate) struct Checked {
    pub(crate) status: Option<i32>,
    findings: Vec<Value>,
}

impl Checked {
    pub(crate) async fn of(config: &Value) -> Self {
        let (status, said) = run(config, &["check", "--json"]).await;
        let json: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert_eq!(json["ok"], status == Some(0), "{json}");
        Self { status, findings: json["findings"].as_array().cloned().unwrap_or_default() }
    }

    /// The mark and the text of a subject, and the hint.
    pub(crate) fn line(&self, subject: &str) -> (&str, &str, &str) {
        let found = self.findings.iter().find(|finding| finding["subject"] == subject);
        let found = found.unwrap_or_else(|| panic!("no {subject} in {:#?}", self.findings));
        let text = |key: &str| found[key].as_str().unwrap_or_default();
        (text("mark"), text("text"), text("hint"))
    }

    /// What is not good, by subject.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        let bad = self.findings.iter().filter(|finding| finding["mark"] != "good");
        bad.filter_map(|finding| finding["subject"].as_str()).collect()
    }
}

on_both_buses!(all_is_fine, a_proxy_that_runs_keeps_what_it_has);

async fn all_is_fine(kind: Kind) {
    let (config, application) = config(kind).await;
    let checked = Checked::of(&config).await;
    // RabbitMQ tells that no worker is there.
    let workers = format!("workers of {application}");
    let expected: &[&str] = if kind == Kind::Rabbitmq { &[&workers] } else { &[] };
    assert_eq!((checked.status, checked.complaints()), (Some(0), expected.to_vec()));
    assert!(checked.line("asterisk").1.starts_with("Asterisk 22."), "{:?}", checked.line("asterisk"));
    assert_eq!(checked.line("ari user").1, "\"ari\" may read and act");
    assert_eq!(checked.line("permissions").0, "good");
    assert_eq!(checked.line(&format!("application {application}")).1, "is free in Asterisk");
    assert_eq!(checked.line("server_id").1, format!("no other process acts for {application:?}"));

    // Nothing stays behind, in Asterisk or on the bus.
    let (_, applications) = ok(asterisk().await.ari("GET", "/applications").await);
    assert!(!applications.to_string().contains("ari-proxy-check"), "{applications}");
    Broker::shared(kind).await.until_holds(&application, &[]).await;

    // For a person, whose terminal this is not: marks, and no colours.
    let (_, said) = run(&config, &["check"]).await;
    assert!(said.contains("✓ bus ") && !said.contains('\u{1b}'), "{said}");
}

async fn a_proxy_that_runs_keeps_what_it_has(kind: Kind) {
    let (config, application) = config(kind).await;
    let proxy = RunningProxy::start(&config);
    until_registered(asterisk().await, &application).await;
    let checked = Checked::of(&config).await;
    assert_eq!(checked.status, Some(0), "{:?}", checked.findings);
    assert_eq!(checked.line("server_id").1, format!("a proxy of {application:?} runs and acts"));
    let (mark, text, _) = checked.line(&format!("application {application}"));
    assert_eq!((mark, text), ("good", "is registered in Asterisk, and a proxy of this server_id runs"));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_is_down() {
    for (kind, scheme) in [(Kind::Nats, "nats://127.0.0.1"), (Kind::Rabbitmq, "amqp://me:hunter2@127.0.0.1")]
    {
        let (mut config, _) = config(kind).await;
        let url = format!("{scheme}:{}", ok(free_tcp_port()));
        config["bus_config"]["url"] = url.into();
        let checked = Checked::of(&config).await;
        assert_eq!((checked.status, checked.complaints()), (Some(1), vec!["bus"]));
        let (mark, text, hint) = checked.line("bus");
        assert_eq!(mark, "bad");
        assert!(text.to_lowercase().contains("refused") && !text.contains("hunter2"), "{text}");
        assert!(hint.starts_with("is it running"), "{hint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_wrong() {
    let (mut ari, _) = config(Kind::Nats).await;
    ari["ws_password"] = "wrong".into();
    let checked = Checked::of(&ari).await;
    assert_eq!((checked.status, checked.complaints()), (Some(1), vec!["asterisk", "websocket"]));
    let (_, text, hint) = checked.line("asterisk");
    assert!(text.ends_with("refuses ws_user \"ari\" with ws_password"), "{text}");
    assert_eq!(hint, "compare them with [ari] in ari.conf");
    assert!(checked.line("websocket").1.contains("ws_password"), "{:?}", checked.line("websocket"));

    let (mut bus, _) = config(Kind::Rabbitmq).await;
    let url = bus["bus_config"]["url"].as_str().unwrap().replace("guest:guest", "guest:wrong");
    assert!(url.contains("wrong"), "{url}");
    bus["bus_config"]["url"] = url.into();
    let checked = Checked::of(&bus).await;
    assert_eq!((checked.status, checked.complaints()), (Some(1), vec!["bus"]));
    println!("{:?}", checked.line("bus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ari_user_may_only_read() {
    let (mut config, _) = config(Kind::Nats).await;
    config["ws_user"] = asterisk().await.read_only_user().into();
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, checked.complaints()), (Some(1), vec!["ari user"]));
    let (_, text, hint) = checked.line("ari user");
    assert_eq!(text, "\"reader\" may only read: every command of a worker would be refused");
    assert!(hint.starts_with("take `read_only = yes` out of [reader] in ari.conf"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_has_the_application_and_keeps_it() {
    let (config, application) = config(Kind::Nats).await;
    let asterisk = asterisk().await;
    let (user, password) = (asterisk.user(), asterisk.password());
    let url = format!("{}?app={application}&api_key={user}:{password}", asterisk.websocket_url());
    let (mut other, _) = ok(connect_async(ok(url.into_client_request())).await);
    until_registered(asterisk, &application).await;
    let subject = format!("application {application}");
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, checked.complaints()), (Some(1), vec![subject.as_str()]));
    let (_, text, hint) = checked.line(&subject);
    assert_eq!(text, "is held by another program");
    assert!(hint.starts_with("the proxy takes it over when it starts"), "{hint}");
    // Had it been taken over, the first that it hears would be that.
    let (status, _) =
        ok(asterisk.ari("POST", &format!("/events/user/hello?application={application}")).await);
    assert_eq!(status, 204);
    let heard = ok(soon("an event", other.next()).await.unwrap());
    assert!(heard.to_text().unwrap().contains("ChannelUserevent"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_is_too_old_for_what_is_configured() {
    let old = SimulatorOptions {
        version: "16.2.1".to_owned(),
        rest_over_websocket: false,
        ..SimulatorOptions::default()
    };
    let (simulator, application) = (ok(Simulator::start(old).await), fresh_application());
    let broker = Broker::shared(Kind::Nats).await;
    let ari = Ari::from(&simulator);
    let mut config = config_json(&ari, Kind::Nats, &broker.url(), &application, &[&application]);
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, checked.complaints()), (Some(0), vec![]));

    config["asterisk"] = json!({ "rest": "websocket" });
    config["dialog"] = json!({ "unanswered": { "action": "move", "application": "overflow" } });
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, checked.complaints()), (Some(1), vec!["asterisk.rest", "dialog.unanswered"]));
    let (mark, text, hint) = checked.line("asterisk.rest");
    assert_eq!(
        (mark, text),
        ("warning", "Asterisk 16.2 answers no commands on its websocket: they go over HTTP")
    );
    assert!(hint.starts_with("that takes Asterisk 20.14, 22.4 or later"), "{hint}");
    let (mark, text, _) = checked.line("dialog.unanswered");
    assert_eq!((mark, text), ("bad", "Asterisk 16.2 cannot move calls to another application"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_has_expired() {
    let (mut config, _) = config(Kind::Nats).await;
    let files = Folder::furnished();
    let file = |name: &str| files.outside(name);
    // Nobody speaks TLS there, which has lines of its own.
    for (key, plain, tls) in [("websocket_url", "ws:", "wss:"), ("stasis_url", "http:", "https:")] {
        config[key] = config[key].as_str().unwrap().replace(plain, tls).into();
    }
    config["asterisk"]["tls"] = json!({ "cert": file("client-expired.pem"), "key": file("client-expired.key"), "ca": file("ca.pem") });
    let checked = Checked::of(&config).await;
    let (mark, text, _) = checked.line("asterisk.tls.cert");
    assert!(mark == "bad" && text.ends_with("client-expired.pem has expired on 2002-01-01"), "{text}");
    assert_eq!(checked.line("asterisk.tls.ca").0, "good");
    assert_eq!((checked.status, checked.line("asterisk").0), (Some(1), "bad"));
    println!("{:?}", checked.line("asterisk"));
}

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_has_what_is_configured() {
    let (mut config, _) = config(Kind::Nats).await;
    config["asterisk"] = json!({ "rest": "websocket" });
    config["dialog"] = json!({ "unanswered": { "action": "move", "application": "overflow" } });
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, checked.complaints()), (Some(0), vec![]));
    assert_eq!(checked.line("asterisk.rest").1, "commands are answered on the websocket");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: tests/run --long"]
async fn the_oldest_real_asterisk() {
    let asterisk = start_asterisk(AsteriskOptions::new().release(Release::Bullseye)).await;
    let (broker, application) = (Broker::shared(Kind::Nats).await, fresh_application());
    let ari = Ari::from(&asterisk);
    let mut config = config_json(&ari, Kind::Nats, &broker.url(), &application, &[&application]);
    config["asterisk"] = json!({ "rest": "websocket" });
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, checked.complaints()), (Some(0), vec!["asterisk.rest"]));
    assert!(checked.line("asterisk").1.starts_with("Asterisk 16.28"), "{:?}", checked.line("asterisk"));
}
