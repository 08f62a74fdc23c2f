//! Commands that go to Asterisk over its websocket of events: what they do, that they are as they were over HTTP, and what
//! becomes of them when the socket is lost. Nobody listens where the proxy would find Asterisk's HTTP, unless a test says so.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ari_client::Worker;
use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    crew::ALONE,
    desk::Desk,
    fault_proxy::{Cut, FaultProxy},
    on_both_buses,
    phones::Phones,
    proxies::{Ari, RunningProxy, config_json},
    seed::Seed,
    wait::{eventually, ok, soon},
    whole_call::whole_call,
    worlds::{Real, fresh_application, start_asterisk, until_registered},
};
use asterisk_sim::{Simulator, SimulatorOptions};
use futures_util::{StreamExt as _, future::join_all};
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

on_both_buses!(
    a_phone_call_over_one_socket,
    a_worker_says_the_same_as_over_http,
    a_hundred_dialogs_share_the_socket,
    a_cut_under_commands_runs_none_twice,
    an_asterisk_that_cannot_is_asked_by_http,
);

/// Nobody listens there.
const NO_HTTP: &str = "http://127.0.0.1:1/ari";

async fn world(kind: Kind) -> Real<'static> {
    Real::with(Broker::shared(kind).await, AsteriskOptions::new(), |config| {
        config["asterisk"]["rest"] = "websocket".into();
        config["stasis_url"] = NO_HTTP.into();
    })
    .await
}

async fn a_phone_call_over_one_socket(kind: Kind) {
    let world = world(kind).await;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await).application(&world.application);
    let run = worker.shutdown(stop.clone()).run(whole_call);
    let worker = tokio::spawn(async move { ok(run.await) });
    let report = ok(Sipp::call(&world.asterisk, &Scenario::HoldAndDtmf, &SippOptions::new()).await);
    assert!(report.all_went_well(1), "{}\n{}", report.errors, world.asterisk.log());
    assert!(report.messages.contains("Signal=1"), "the digit reached the phone: {}", report.messages);
    assert_eq!(world.asterisk.log().matches("Playing 'hello-world").count(), 2);
    eventually("no channel in Asterisk", async || ok(world.asterisk.channels().await) == 0).await;
    stop.cancel();
    ok(soon("the worker's end", worker).await);
    world.proxy.stop().await;
}

/// Every place where a value may stand, with all that is written in one of them in another way than it is meant.
async fn a_worker_says_the_same_as_over_http(kind: Kind) {
    let broker = Broker::shared(kind).await;
    for rest in ["http", "websocket"] {
        let change = |config: &mut Value| config["asterisk"]["rest"] = rest.into();
        let world = Real::with(broker, AsteriskOptions::new(), change).await;
        let desk = Desk::open(world.broker.connect("desk").await).await;
        let mut pool = desk.join(&world.application).await;
        Phones::to(Ari::from(&world.asterisk)).call("a b").await;
        let dialog = desk.accept(&pool.offer().await).await;
        dialog.event("StasisStart").await;
        let is = async |name: &str, value: &str| {
            let (status, body) =
                dialog.command("GET", &format!("/channels/a+b/variable?variable={name}"), json!(null)).await;
            assert_eq!(status, 200, "{rest}: {body}");
            assert_eq!(ok(serde_json::from_str::<Value>(&body)), json!({ "value": value }), "{rest}");
        };
        let path = "/channels/a%20b/variable";
        let query = "variable=Q&value=a+b%2Bc%26d%3De%25%C3%BC%22/%20";
        assert_eq!(dialog.command("POST", &format!("{path}?{query}"), json!(null)).await.0, 204, "{rest}");
        is("Q", "a b+c&d=e%ü\"/ ").await;
        let body = json!({"variable": "B", "value": "a+b%2Bc\n\\\"ü\u{1F4DE}"});
        assert_eq!(dialog.command("POST", &format!("{path}?value=loses"), body).await.0, 204, "{rest}");
        is("B", "a+b%2Bc\n\\\"ü\u{1F4DE}").await;
        let twice = format!("{path}?variable=T&value=1&value=2");
        assert_eq!(dialog.command("POST", &twice, json!(null)).await.0, 204, "{rest}");
        is("T", "2").await;
        let leg = json!({
            "endpoint": "Local/park@default", "app": world.application, "channelId": "leg/1", "timeout": 5,
            "variables": {"X": "a,b+c%20", "CALLERID(name)": "Zoë \"Q\""},
        });
        let (status, body) = dialog.command("POST", "/channels", leg).await;
        assert_eq!(status, 200, "{rest}: {body}");
        let leg = "/channels/leg%2F1";
        let x = dialog.command("GET", &format!("{leg}/variable?variable=X"), json!(null)).await;
        assert_eq!(x, (200, r#"{"value":"a,b+c%20"}"#.to_owned()), "{rest}");
        let name =
            dialog.command("GET", &format!("{leg}/variable?variable=CALLERID(name)"), json!(null)).await;
        assert_eq!(ok(serde_json::from_str::<Value>(&name.1)), json!({"value": "Zoë \"Q\""}), "{rest}");
        // Asterisk's own words.
        let (status, body) = dialog.command("POST", "/channels/nobody/answer", json!(null)).await;
        assert_eq!((status, body.as_str()), (404, r#"{"message":"Channel not found"}"#), "{rest}");
        let (status, body) = dialog.command("PUT", "/channels", json!(null)).await;
        assert_eq!((status, body.as_str()), (405, r#"{"message":"Invalid method"}"#), "{rest}");
        // Bytes do not fit on the socket. Before the leg has come nothing of it can be recorded.
        let starts = |event: &Value| event["type"] == "StasisStart";
        let legs = || dialog.events().into_iter().filter(starts).count();
        eventually("the leg", async || legs() == 2).await;
        assert_eq!(
            dialog.command("POST", &format!("{leg}/record?name=note&format=wav"), json!(null)).await.0,
            201
        );
        sleep(Duration::from_millis(300)).await;
        assert_eq!(dialog.command("POST", "/recordings/live/note/stop", json!(null)).await.0, 204, "{rest}");
        eventually("the recorded file", async || {
            dialog.command("GET", "/recordings/stored/note/file", json!(null)).await.0 == 200
        })
        .await;
        for channel in ["/channels/a%20b", leg] {
            assert_eq!(dialog.command("DELETE", channel, json!(null)).await.0, 204, "{rest}");
        }
        dialog.event("ProxyEnded").await;
        world.proxy.stop().await;
    }
}

async fn a_hundred_dialogs_share_the_socket(kind: Kind) {
    const CALLS: usize = 100;
    const COMMANDS: usize = 50;
    let _alone = ALONE.lock().await;
    let world = world(kind).await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let mut pool = desk.join(&world.application).await;
    let phones = Phones::to(Ari::from(&world.asterisk));
    let mut dialogs = Vec::new();
    for number in 1..=CALLS {
        let channel = format!("call-{number}");
        phones.call(&channel).await;
        let dialog = desk.accept(&pool.offer().await).await;
        dialog.event("StasisStart").await;
        dialogs.push((channel, dialog));
    }
    let begun = Instant::now();
    join_all(dialogs.iter().map(|(channel, dialog)| async move {
        for n in 1..=COMMANDS {
            let url = format!("/channels/{channel}/variable?variable=N&value={n}");
            assert_eq!(dialog.command("POST", &url, json!(null)).await.0, 204, "{channel}");
        }
    }))
    .await;
    let rate = (CALLS * COMMANDS) as f64 / begun.elapsed().as_secs_f64();
    println!(
        "{kind:?}: {} commands of {CALLS} dialogs over one socket, {rate:.0} a second",
        CALLS * COMMANDS
    );
    for (channel, dialog) in &dialogs {
        let (_, body) =
            dialog.command("GET", &format!("/channels/{channel}/variable?variable=N"), json!(null)).await;
        assert_eq!(body, format!("{{\"value\":\"{COMMANDS}\"}}"), "{channel}");
        phones.hang_up(channel).await;
    }
    world.proxy.stop().await;
}

/// Each command makes Asterisk send a numbered event to another application, whose own websocket is never cut.
async fn a_cut_under_commands_runs_none_twice(kind: Kind) {
    const CUTS: u64 = 20;
    let _alone = ALONE.lock().await;
    let seed = Seed::take(&format!("cuts under commands, {kind:?}"));
    let mut rng = seed.rng();
    let (broker, application) = (Broker::shared(kind).await, fresh_application());
    let asterisk = start_asterisk(AsteriskOptions::new().application(&application)).await;
    let ari = Ari::from(&asterisk);
    let (network, websocket_url) = FaultProxy::before_url(&ari.websocket_url).await;
    let behind = Ari { websocket_url, rest_url: NO_HTTP.to_owned(), ..ari.clone() };
    let mut config = config_json(&behind, kind, &broker.url(), &application, &[&application]);
    config["asterisk"]["rest"] = "websocket".into();
    // Its workers tell another application what they do.
    config["policy"] = json!({"default": {"app": ["**"]}});
    let proxy = RunningProxy::start(&config);
    until_registered(&asterisk, &application).await;
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join(&application).await;
    let ran = observe(&ari).await;
    let phones = Phones::to(ari);
    let mut lanes = Vec::new();
    for number in 1..=20 {
        phones.call(&format!("call-{number}")).await;
        let dialog = desk.accept(&pool.offer().await).await;
        dialog.event("StasisStart").await;
        lanes.push((number, dialog));
    }
    let stop = CancellationToken::new();
    let lanes = lanes.iter().map(|(lane, dialog)| {
        let stop = stop.clone();
        async move {
            let mut answers = BTreeMap::new();
            for n in 1.. {
                if stop.is_cancelled() {
                    return answers;
                }
                let name = format!("{lane}-{n}");
                let body = json!({"variables": {"name": name}});
                let url = "/events/user/ran?application=observer";
                let (status, _) = dialog.command("POST", url, body).await;
                answers.insert(name, status);
                if status == 503 {
                    sleep(Duration::from_millis(20)).await;
                }
            }
            answers
        }
    });
    let cutting = async {
        for _ in 0..CUTS {
            sleep(Duration::from_millis(rng.random_range(100..500))).await;
            network.cut(if rng.random() { Cut::Clean } else { Cut::Reset }).await;
        }
        sleep(Duration::from_secs(1)).await;
        stop.cancel();
    };
    let (answers, ()) = tokio::join!(join_all(lanes), cutting);
    let answers: BTreeMap<String, u64> = answers.into_iter().flatten().collect();
    let count = |status| answers.values().filter(|answer| **answer == status).count();
    eventually("the events of all that was done", async || {
        let ran = ran.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().all(|(name, status)| *status != 204 || ran.contains_key(name))
    })
    .await;
    let ran = ran.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let done_unseen =
        answers.iter().filter(|(name, status)| **status == 504 && ran.contains_key(*name)).count();
    println!(
        "{kind:?}: {} commands under {CUTS} cuts: {} done, {} not sent (503), {} of unknown fate (504), of which {done_unseen} were done",
        answers.len(),
        count(204),
        count(503),
        count(504),
    );
    assert_eq!(count(204) + count(503) + count(504), answers.len());
    assert!(ran.values().all(|times| *times == 1), "none ran twice");
    assert!(
        answers.iter().all(|(name, status)| *status != 503 || !ran.contains_key(name)),
        "what was not sent did not run"
    );
    for channel in phones.channels().await {
        phones.hang_up(&channel).await;
    }
    proxy.stop().await;
}

/// How often each named event came to the application `observer`.
async fn observe(ari: &Ari) -> Arc<Mutex<BTreeMap<String, u64>>> {
    let url = format!("{}?app=observer&api_key={}:{}", ari.websocket_url, ari.user, ari.password);
    let (mut socket, _) = ok(soon("a socket", Box::pin(tokio_tungstenite::connect_async(url))).await);
    let seen = Arc::<Mutex<BTreeMap<String, u64>>>::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Some(Ok(frame)) = socket.next().await {
            let event: Value =
                frame.to_text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            if let Some(name) = event["userevent"]["name"].as_str() {
                *kept.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default() += 1;
            }
        }
    });
    seen
}

async fn an_asterisk_that_cannot_is_asked_by_http(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let options =
        SimulatorOptions { rest_over_websocket: false, write_timeout: None, ..SimulatorOptions::default() };
    let simulator = ok(Simulator::start(options).await);
    let application = fresh_application();
    let mut config = config_json(&(&simulator).into(), kind, &broker.url(), &application, &[&application]);
    config["asterisk"]["rest"] = "websocket".into();
    let proxy = RunningProxy::start(&config);
    soon("the application", simulator.wait_registered(&application)).await;
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join(&application).await;
    simulator.call(&application).place();
    let offer = pool.offer().await;
    let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
    let channel = start["channel"]["id"].as_str().unwrap_or_default().to_owned();
    let dialog = desk.accept(&offer).await;
    let answer = format!("/channels/{channel}/answer");
    assert_eq!(dialog.command("POST", &answer, json!(null)).await.0, 204);
    let asked = simulator.requests();
    assert!(asked.iter().any(|request| request.is("POST", &answer) && !request.websocket));
    assert_eq!(dialog.command("DELETE", &format!("/channels/{channel}"), json!(null)).await.0, 204);
    proxy.stop().await;
}
