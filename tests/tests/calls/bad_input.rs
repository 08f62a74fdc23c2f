//! Bad input gets a clear answer, never a request to Asterisk, and nothing is lost: from the bus and from Asterisk.

use ari_proxy::Metric;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, Owned, Pool},
    go_worker::GoPool,
    on_both_buses,
    proxies::RunningProxy,
    wait::{eventually, ok, soon},
    worlds::{Simulated, until_connected},
};
use asterisk_sim::{Call, RecordedRequest, ScriptedFrame, Simulator};
use serde_json::{Value, json};
use tokio::sync::Mutex;

on_both_buses!(
    wrong_commands_are_answered,
    what_is_no_command_is_counted,
    a_version_1_worker_is_answered_too,
    whatever_asterisk_sends_passes_or_is_counted,
    answers_arrive_whole,
);

struct World {
    simulator: Simulator,
    proxy: RunningProxy,
    desk: Desk,
    pool: Mutex<Pool>,
    application: String,
}

impl World {
    async fn new(kind: Kind) -> Self {
        // The marks are commands and make events of their own, which come when they come.
        let unmarked = |config: &mut Value| config["asterisk"] = json!({"mark_channels": false});
        let Simulated { simulator, proxy, broker, application } = Simulated::new(kind, unmarked).await;
        let desk = Desk::open(broker.connect("bad input").await).await;
        let pool = Mutex::new(desk.join(&application).await);
        Self { simulator, proxy, desk, pool, application }
    }

    /// A call whose dialog is at the desk.
    async fn call(&self) -> (Call, Owned<'_>) {
        let call = self.simulator.call(&self.application).place();
        let offer = self.pool.lock().await.offer().await;
        let dialog = self.desk.accept(&offer).await;
        dialog.event("StasisStart").await;
        (call, dialog)
    }
}

/// Commands that must not reach Asterisk, and the status of their answer.
fn wrong_commands() -> Vec<(Value, u64)> {
    let big = "x".repeat(1 << 20);
    let url = |url: &str| (json!({"method": "GET", "url": url}), 400);
    vec![
        url("//host/channels"),
        url("http://127.0.0.1:1/ari/channels"),
        url("@host/channels"),
        url("/channels/../asterisk/info"),
        url("/channels/%2e%2e/asterisk/info"),
        url("/channels/.%2E/asterisk"),
        url("/channels%2f..%2fx"),
        url("/channels\r\nX-Evil: 1"),
        url("/channels%0d%0aX-Evil:1"),
        url("/channels HTTP/1.1"),
        url("channels"),
        url("/channels#x"),
        (json!({"method": "BREW", "url": "/channels"}), 405),
        (json!({"method": "GET /x HTTP/1.1\r\n", "url": "/channels"}), 405),
        (json!({"method": "GET"}), 400),
        (json!({"url": "/channels"}), 400),
        (json!({"url": 5, "method": "GET"}), 400),
        (json!({"url": "/channels", "method": ["GET"]}), 400),
        (json!({"url": "/channels", "method": "POST", "body": 5}), 400),
        (json!({"url": "/channels", "method": "POST", "body": "x".repeat(40_961)}), 413),
        (json!({"url": format!("/channels/{}", "x".repeat(5_000)), "method": "GET"}), 414),
        (json!({"url": "/channels", "method": "GET", "cmd_seq": -1}), 400),
        (json!({"url": "/channels", "method": "POST", "body": big[..1_000_000]}), 413),
    ]
}

/// What Asterisk was asked to do, but for the proxy's own question at the start.
fn commands(world: &World) -> Vec<RecordedRequest> {
    let own = |request: &RecordedRequest| request.is("GET", "/applications/*");
    world.simulator.requests().into_iter().filter(|request| !own(request)).collect()
}

async fn wrong_commands_are_answered(kind: Kind) {
    let world = World::new(kind).await;
    let (call, dialog) = world.call().await;
    let mut answers = Vec::new();
    for (number, (mut command, status)) in wrong_commands().into_iter().enumerate() {
        let id = format!("wrong {number}");
        command["unique_id"] = json!(id);
        dialog.send(&command).await;
        let (answered, text) = dialog.answer(&id).await;
        let shown: String = command.to_string().chars().take(200).collect();
        assert_eq!(answered, status, "{shown}: {text}");
        assert!(
            ok(serde_json::from_str::<Value>(&text))["message"].as_str().is_some_and(|text| text.len() > 10)
        );
        answers.push(text);
    }
    // Two `url`s in one object: JSON libraries disagree on which one counts.
    let twice = br#"{"unique_id":"twice","method":"GET","url":"/channels","url":"/asterisk/info"}"#;
    dialog.send_bytes(twice.to_vec()).await;
    assert_eq!(dialog.answer("twice").await.0, 400);
    // A whole megabyte, as large as NATS carries.
    let frame = r#"{"unique_id":"big","method":"GET","url":""}"#.len();
    let big = json!({"unique_id": "big", "method": "GET", "url": "/".repeat((1 << 20) - frame)});
    dialog.send(&big).await;
    assert_eq!(dialog.answer("big").await.0, 414);

    assert!(commands(&world).is_empty(), "{:?}", commands(&world));
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command("DELETE", &url, json!({})).await.0, 204, "the dialog works as before");
    world.proxy.stop().await;
}

async fn what_is_no_command_is_counted(kind: Kind) {
    let world = World::new(kind).await;
    let metrics = world.proxy.metrics.clone();
    let (call, dialog) = world.call().await;
    let before = metrics.get(Metric::Noise);
    let noise: [&[u8]; 9] =
        [b"", b"DUMMY", b"{", b"[]", b"null", b"{}", b"{\"unique_id\":\"1\"}", b"\xff\xfe\x00", b"\"url\""];
    for bytes in noise {
        dialog.send_bytes(bytes.to_vec()).await;
    }
    eventually("all noise counted", async || metrics.get(Metric::Noise) == before + noise.len() as u64).await;
    // To nobody's dialog, and to one that never was.
    let nowhere = format!("{}nothing", dialog.commands_topic);
    let broker = Broker::shared(kind).await.connect("stranger").await;
    ok(broker.publish(&nowhere, "{\"method\":\"GET\",\"url\":\"/channels\"}".into()).await);
    eventually("counted as well", async || metrics.get(Metric::Noise) == before + noise.len() as u64 + 1)
        .await;
    assert!(commands(&world).is_empty(), "{:?}", commands(&world));
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command("GET", &url, json!("")).await.0, 200);
    world.proxy.stop().await;
}

async fn a_version_1_worker_is_answered_too(kind: Kind) {
    let Simulated { simulator, proxy, broker, application } = Simulated::new(kind, |_| {}).await;
    let pool = GoPool::join(broker, &application).await;
    let call = simulator.call(&application).place();
    let app_start = pool.app_start().await;
    let mut dialog = pool.take(&app_start, std::time::Duration::ZERO).await;
    // Each next answer is the one to the command just sent: that library tells them apart by nothing else.
    for (method, url, status) in [
        ("GET", "//host/", 400),
        ("GET", "/channels/../asterisk/info", 400),
        ("BREW", "/channels", 405),
        ("GET", "/channels/none", 404),
    ] {
        let answer = dialog.command(&pool, method, url, "{}").await;
        assert_eq!(
            (&answer["status_code"], &answer["unique_id"]),
            (&json!(status), &json!("")),
            "{method} {url}"
        );
    }
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command(&pool, "DELETE", &url, "{}").await["status_code"], 204);
    assert!(!dialog.has_stray_answer(&pool).await);
    proxy.stop().await;
}

async fn whatever_asterisk_sends_passes_or_is_counted(kind: Kind) {
    let world = World::new(kind).await;
    let metrics = world.proxy.metrics.clone();
    let application = world.application.clone();
    let channel = world.simulator.call(&application).place().channel_id().to_owned();
    let dialog = world.desk.accept(&world.pool.lock().await.offer().await).await;
    dialog.event("StasisStart").await;
    // A type and fields that no release has, odd spaces, numbers that lose digits when re-encoded, an escaped id.
    let strange = format!(
        r#"{{ "type":"ChannelTeleported" ,"application":"{application}","channel":{{"id":"{}","x":1.10}},"n":12345678901234567890.50 , "é":"\u00e9"}}"#,
        channel.replace('.', "\\u002e"),
    );
    assert!(world.simulator.send_raw(&application, &strange));
    let event = dialog.event("ChannelTeleported").await;
    assert_eq!(event["ari_body"], strange.as_str(), "byte for byte");

    let (broken, received) = (metrics.get(Metric::BrokenFrames), metrics.get(Metric::EventsReceived));
    let frames = [
        ScriptedFrame::text("not json"),
        ScriptedFrame::text("[]"),
        ScriptedFrame::text("{}"),
        ScriptedFrame::text(r#"{"type":7}"#),
        ScriptedFrame::binary(vec![0, 1, 2]),
        ScriptedFrame::text(
            r#"{"type":"Odd","application":"x","channel":[1,{"id":2}],"bridge":null,"playback":"p"}"#,
        ),
    ];
    world.simulator.play_script(&application, &frames).await;
    eventually("broken frames counted", async || metrics.get(Metric::BrokenFrames) == broken + 5).await;
    eventually("the odd one received", async || metrics.get(Metric::EventsReceived) == received + 1).await;
    let url = format!("/channels/{channel}");
    assert_eq!(dialog.command("DELETE", &url, json!({})).await.0, 204);
    dialog.event("StasisEnd").await;

    // Text that is no text ends the connection, as the websocket's rules have it; the next call comes all the same.
    world.simulator.play_script(&application, &[ScriptedFrame::broken_text(vec![0xff, 0xfe])]).await;
    eventually("connected again", async || world.simulator.handshakes().len() >= 2).await;
    until_connected(&world.simulator, &application).await;
    world.call().await;
    world.proxy.stop().await;
}

async fn answers_arrive_whole(kind: Kind) {
    let world = World::new(kind).await;
    let faults = |path: &str, body: Vec<u8>| asterisk_sim::RestFault::on("GET", path).answer(200, body);
    let latin = b"caf\xe9 \x00\xff".to_vec();
    // Larger than any message of either bus, and of every byte.
    let large: Vec<u8> = (0..9_000_000_u32).map(|number| (number % 251) as u8).collect();
    world.simulator.faults().add(faults("/sounds/latin", latin.clone()));
    world.simulator.faults().add(faults("/sounds/large", large.clone()));
    let broker = Broker::shared(kind).await;
    let worker = ok(ari_client::Worker::connect(broker.url()).await);
    let stop = tokio_util::sync::CancellationToken::new();
    let (sender, mut bodies) = tokio::sync::mpsc::channel(2);
    // The desk leaves the pool: the SDK puts parts together.
    drop(world.pool);
    let worker =
        worker.application(&world.application).shutdown(stop.clone()).run(move |call: ari_client::Call| {
            let sender = sender.clone();
            async move {
                for path in ["/sounds/latin", "/sounds/large"] {
                    let response = call.command(ari_client::Method::Get, path).send().await?;
                    ok(sender.send(response.body().to_vec()).await);
                }
                call.channel().hangup().await
            }
        });
    let worker = tokio::spawn(worker);
    let _call = world.simulator.call(&world.application).place();
    for (body, what) in [(latin, "what is not UTF-8"), (large, "what is larger than a message")] {
        assert!(soon(what, bodies.recv()).await.is_some_and(|came| came == body), "{what}, whole");
    }
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
    world.proxy.stop().await;
}
