//! `watch`, `send` and `log`: what is seen of a running proxy, and done in it.

use ari_tests::{
    brokers::{Broker, Kind, prepare_process},
    desk::Desk,
    operator::Operator,
    programs,
    programs::Running,
    proxies::{Ari, config_json},
    wait::{eventually, ok, soon},
    worlds::{fresh_application, start_simulator, until_connected},
};
use asterisk_sim::Simulator;
use reqwest::Method;
use serde_json::{Value, json};

use super::run;

/// What somebody who watches is told on stderr when it begins.
const WATCHING: &str = "ari-proxy: watching ";

const TOKEN: &str = "0123456789abcdef-token";

/// The daemon before a fake Asterisk, and its operator.
struct Scene {
    simulator: Simulator,
    daemon: Running,
    broker: &'static Broker,
    operator: Operator,
    config: Value,
    application: String,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut Value)) -> Self {
        prepare_process();
        let (simulator, application) = (start_simulator().await, fresh_application());
        let broker = Broker::shared(Kind::Nats).await;
        let ari = Ari::from(&simulator);
        let mut config = config_json(&ari, Kind::Nats, &broker.url(), &application, &[&application]);
        let operator = Operator::of(&mut config, Some(TOKEN));
        change(&mut config);
        let daemon = Running::daemon(programs!(), &config, &[]);
        until_connected(&simulator, &application).await;
        Self { simulator, daemon, broker, operator, config, application }
    }

    /// Begins to watch; returns when the proxy shows what happens.
    async fn watch(&self, arguments: &[&str]) -> Running {
        let watching = Running::daemon(programs!(), &self.config, &[&["watch"], arguments].concat());
        eventually("a watcher", async || watching.output().starts_with(WATCHING)).await;
        watching
    }

    async fn dialogs(&self) -> Vec<Value> {
        self.operator.get("/dialogs").await.1.as_array().cloned().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_sees_a_call_and_an_operator_can_do_what_its_worker_can() {
    let scene = Scene::new(|config| {
        config["policy"] = json!({ "default": { "deny": ["DELETE /channels/*"] } });
    })
    .await;
    let (all, lines) = (scene.watch(&[]).await, scene.watch(&["--json", &scene.application]).await);
    let other = scene.watch(&["--json", "another-application"]).await;
    let desk = Desk::open(scene.broker.connect("a worker").await).await;
    let mut pool = desk.join(&scene.application).await;
    let call = scene.simulator.call(&scene.application).place();
    let offer = pool.offer().await;
    let owned = desk.accept(&offer).await;
    soon("the accept", owned.answer("accept")).await;

    // By its first channel, and by the end of its id.
    let channel = call.channel_id().to_owned();
    let answer = format!("/channels/{channel}/answer");
    let (status, said) = run(&scene.config, &["send", &channel, "POST", &answer]).await;
    assert_eq!((status, said.trim()), (Some(0), "204"));
    assert!(soon("the answer", call.wait_answered()).await);
    let dialogs = scene.dialogs().await;
    assert_eq!(dialogs.len(), 1, "{dialogs:?}");
    assert_eq!(
        (dialogs[0]["state"].as_str(), dialogs[0]["channel"].as_str()),
        (Some("active"), Some(&*channel))
    );
    let root = dialogs[0]["dialog"].as_str().unwrap();
    let end = &root[root.len() - 8..];
    let (status, said) = run(&scene.config, &["send", end, "GET", &format!("/channels/{channel}")]).await;
    assert!(status == Some(0) && said.starts_with("200\n") && said.contains(&channel), "{said}");

    // What Asterisk refuses, what the policy refuses, what there is not.
    let (status, said) = run(&scene.config, &["send", &channel, "POST", "/channels/nobody/answer"]).await;
    assert_eq!((status, said.lines().next()), (Some(4), Some("404")), "{said}");
    let hangup = format!("/channels/{channel}");
    let (status, said) = run(&scene.config, &["send", &channel, "DELETE", &hangup]).await;
    assert_eq!((status, said.lines().next()), (Some(4), Some("403")), "{said}");
    assert!(said.contains("policy.default.deny"), "{said}");
    assert_eq!(scene.simulator.count_requests("DELETE", &hangup), 0);
    for (dialog, path, wanted) in [
        ("no-such-dialog", "/channels", "404"),
        (&*channel, "http://evil.example/", "400"),
        (&*channel, "/../asterisk/info", "400"),
    ] {
        let (status, said) = run(&scene.config, &["send", dialog, "GET", path]).await;
        assert!(status == Some(1) && said.contains(wanted), "{path}: {said}");
    }

    // What an operator makes belongs to the dialog: its events come to the worker.
    let playback = format!("/channels/{channel}/play/a-playback?media=sound:hello");
    let (status, said) = run(&scene.config, &["send", &channel, "POST", &playback]).await;
    assert_eq!(status, Some(0), "{said}");
    let finished =
        |letters: &[Value]| letters.iter().any(|event| event["type"] == "PlaybackFinished").then_some(());
    desk.until(&owned.events_topic, "the end of the playback", finished).await;
    call.dtmf("5");
    eventually("a key on the screen", async || all.output().contains("ChannelDtmfReceived 5")).await;
    let person = all.output();
    for shown in
        ["offered", "a worker has it", "StasisStart", "/answer → 204 (an operator, ", "/play/a-playback"]
    {
        assert!(person.contains(shown), "{shown} is not in\n{person}");
    }
    eventually("a key in JSON", async || lines.output().contains("\"ChannelDtmfReceived\"")).await;
    let lines: Vec<Value> =
        lines.output().lines().skip(1).map(|line| ok(serde_json::from_str(line))).collect();
    let start = lines.iter().find(|line| line["event"] == "StasisStart").unwrap();
    assert_eq!(start["ari"]["channel"]["id"], *channel);
    assert!(lines.iter().all(|line| line["dialog"] == root && line["application"] == *scene.application));
    call.hangup();
    eventually("the end on the screen", async || all.output().contains("StasisEnd")).await;
    assert_eq!(other.output().lines().count(), 1, "{}", other.output());

    // When the proxy goes, so does who watches.
    scene.daemon.stop().await;
    let status = ok(all.ended(ari_tests::wait::DEADLINE).await);
    assert_eq!(status.code(), Some(1), "{}", all.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nobody_watches_or_sends() {
    let scene = Scene::new(|_| {}).await;
    let stranger = scene.operator.showing(None);
    for (method, path) in [
        (Method::GET, "/watch"),
        (Method::GET, "/dialogs"),
        (Method::POST, "/dialogs/x/commands"),
        (Method::GET, "/log"),
        (Method::PUT, "/log"),
    ] {
        assert_eq!(stranger.ask(method, path).await.0, 401, "{path}");
    }
    let url = format!("http://{}", scene.operator.address);
    let (status, said) = run(&scene.config, &["log", "--url", &url]).await;
    assert!(status == Some(1) && said.contains("--token-file"), "{said}");
    let mut file = ok(tempfile::NamedTempFile::new());
    ok(std::io::Write::write_all(&mut file, format!("{TOKEN}\n").as_bytes()));
    let path = file.path().to_string_lossy().into_owned();
    let (status, said) = run(&scene.config, &["log", "--url", &url, "--token-file", &path]).await;
    assert_eq!((status, said.trim()), (Some(0), "info"));
    scene.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_changes_while_it_runs() {
    let scene = Scene::new(|config| config["log_format"] = "json".into()).await;
    assert!(!scene.daemon.output().contains("\"DEBUG\""));
    let (status, said) = run(&scene.config, &["log", "info, ari_proxy=debug"]).await;
    assert_eq!((status, said.trim()), (Some(0), "info,ari_proxy=debug"));
    scene.simulator.call(&scene.application).place();
    eventually("a line at debug level", async || scene.daemon.output().contains("\"DEBUG\"")).await;
    let (status, said) = run(&scene.config, &["log", "loud"]).await;
    assert!(status == Some(1) && said.contains("is neither a level"), "{said}");
    let (status, said) = run(&scene.config, &["log", "warn"]).await;
    assert_eq!((status, said.trim()), (Some(0), "warn"));

    // Each line is an object, with the dialog and the channel on those of a call.
    let output = scene.daemon.output();
    let lines: Vec<Value> = output.lines().map(|line| ok(serde_json::from_str(line))).collect();
    let offered = lines.iter().find(|line| line["message"] == "a call is offered").unwrap();
    assert!(offered["dialog"].is_string() && offered["channel"].is_string(), "{offered}");
    assert!(offered["timestamp"].is_string() && offered["level"] == "INFO", "{offered}");
    scene.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_listener_it_says_what_to_do() {
    let scene = Scene::new(|config| {
        config.as_object_mut().unwrap().remove("http");
    })
    .await;
    let (status, said) = run(&scene.config, &["watch"]).await;
    assert!(status == Some(1) && said.contains("there is no `http`"), "{said}");
    let (status, said) = run(&scene.config, &["watch", "--url", "http://127.0.0.1:1"]).await;
    assert!(status == Some(1) && said.contains("no proxy answers at http://127.0.0.1:1"), "{said}");
    scene.daemon.stop().await;
}
