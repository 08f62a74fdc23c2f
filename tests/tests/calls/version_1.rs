//! Version 1 as it is in the field: recorded traffic of go-ari-library drives a call through our proxy, and our SDK
//! drives a call through a peer that speaks version 1 alone.

use std::{sync::Arc, time::Duration};

use ari_bus::{Bus, Topics};
use ari_client::{Call, Worker};
use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    go_worker::GoPool,
    on_both_buses,
    proxies::RunningProxy,
    wait::{eventually, ok, soon},
    worlds::{Simulated, start_asterisk, until_registered},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

on_both_buses!(
    recorded_traffic_drives_a_call,
    the_sdk_drives_a_call_through_a_version_1_peer,
    a_worker_that_subscribes_after_the_call_gets_it_whole,
);

/// What go-ari-proxy and a worker on go-ari-library sent each other over NATS, with a real Asterisk.
const RECORDED: &str = include_str!("../../fixtures/go-ari-library.nats.jsonl");

/// The recorded messages on topics that begin with `prefix`.
fn recorded(prefix: &str) -> Vec<String> {
    let lines = RECORDED.lines().map(|line| ok(serde_json::from_str::<Value>(line)));
    lines
        .filter(|line| line["topic"].as_str().is_some_and(|topic| topic.starts_with(prefix)))
        .map(|line| line["payload"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
}

async fn recorded_traffic_drives_a_call(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let asterisk = start_asterisk(AsteriskOptions::new()).await;
    let proxy = RunningProxy::between(&asterisk, broker, "bar-1", "bar");
    let pool = GoPool::join(broker, "bar").await;
    until_registered(&asterisk, "bar").await;
    let call = "/channels?endpoint=Local/park@default&app=bar&appArgs=x";
    assert_eq!(ok(asterisk.ari("POST", call).await).0, 200);

    let app_start = pool.app_start().await;
    let known: Value = ok(serde_json::from_str(&recorded("bar")[0]));
    for key in keys(&known) {
        assert!(app_start[&key].is_string(), "{key} in {app_start}");
    }
    let mut dialog = pool.take(&app_start, Duration::from_millis(20)).await;
    let start = dialog.event().await;
    let known: Value = ok(serde_json::from_str(&recorded("events_")[0]));
    for key in keys(&known) {
        assert!(start[&key].is_string(), "{key} in {start}");
    }
    let ari: Value = ok(serde_json::from_str(start["ari_body"].as_str().unwrap_or_default()));
    let channel = ari["channel"]["id"].as_str().unwrap_or_default().to_owned();

    // The recorded commands, with this call's channel in the place of the recorded one.
    let commands = recorded("commands_");
    assert_eq!(commands[0], "DUMMY");
    let answers = recorded("responses_");
    for (command, answer) in commands[1..].iter().zip(&answers) {
        let command: Value = ok(serde_json::from_str(command));
        let known: Value = ok(serde_json::from_str(answer));
        let url = command["url"].as_str().unwrap_or_default().replace("1795194814.15", &channel);
        let (method, body) = (command["method"].as_str(), command["body"].as_str());
        let came = dialog.command(&pool, method.unwrap_or_default(), &url, body.unwrap_or_default()).await;
        assert_eq!(came["status_code"], known["status_code"], "{command}");
        assert_eq!(keys(&came), keys(&known), "no field that the library does not know");
    }
    assert!(!dialog.has_stray_answer(&pool).await);
    // The events of the recorded call's end come in their order.
    let events = dialog.events_until("StasisEnd").await;
    assert!(events.iter().any(|event| event["type"] == "ChannelHangupRequest"), "{events:#?}");
    proxy.stop().await;
}

/// A proxy that knows version 1 alone, like the seed: one call of a fixed channel, commands answered with 204.
struct OldProxy {
    bus: Arc<dyn Bus>,
    dialog: String,
    /// The commands as they came.
    commands: Vec<Value>,
}

impl OldProxy {
    async fn offer(bus: Arc<dyn Bus>, application: &str) -> (Self, ari_bus::Subscription) {
        let dialog = uuid::Uuid::now_v7().to_string();
        let topic = format!("commands_{dialog}");
        ok(bus.declare(&topic).await);
        let commands = ok(bus.subscribe(Topics::One(topic)).await);
        let app_start = json!({"application": application, "dialog_id": dialog, "server_id": "old"});
        ok(bus.publish(application, app_start.to_string().into()).await);
        (Self { bus, dialog, commands: Vec::new() }, commands)
    }

    async fn event(&self, kind: &str, fields: Value) {
        let mut body = json!({"type": kind, "application": "x", "timestamp": "2026-11-20T17:13:34.871+0000"});
        if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
            body.extend(fields.clone());
        }
        let event = json!({
            "server_id": "old", "timestamp": "2026-11-20T17:13:34.872038359Z", "type": kind,
            "ari_body": body.to_string(),
        });
        ok(self.bus.publish(&format!("events_{}", self.dialog), event.to_string().into()).await);
    }
}

async fn the_sdk_drives_a_call_through_a_version_1_peer(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let application = format!("old-{}", uuid::Uuid::now_v7().simple());
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(broker.url()).await);
    let worker = worker.application(&application).shutdown(stop.clone()).run(|call: Call| async move {
        let channel = call.channel();
        channel.answer().await?;
        channel.play("sound:hello-world").await?.finished().await?;
        channel.hangup().await
    });
    let worker = tokio::spawn(worker);
    let bus = broker.connect("an old proxy").await;
    eventually("a worker in the pool", async || {
        let probe = bus.offer(&application, "{}".into(), Duration::from_millis(1)).await;
        ok(probe) == ari_bus::Reach::Somebody
    })
    .await;

    let (mut proxy, mut commands) = OldProxy::offer(bus, &application).await;
    let channel = json!({"channel": {"id": "7.7", "name": "PJSIP/x", "state": "Ring"}, "args": []});
    while proxy.commands.len() < 3 {
        let Some(message) = soon("a command", commands.next()).await else { panic!("the bus is closed") };
        if &message.payload[..] == b"DUMMY" {
            // Like the seed it waits for nobody: the SDK must have subscribed before.
            proxy.event("StasisStart", channel.clone()).await;
            continue;
        }
        let command: Value = ok(serde_json::from_slice(&message.payload));
        let answer = json!({"unique_id": command["unique_id"], "status_code": 204, "response_body": ""});
        let topic = format!("responses_{}", proxy.dialog);
        ok(proxy.bus.publish(&topic, answer.to_string().into()).await);
        let url = command["url"].as_str().unwrap_or_default();
        if url.ends_with("/play") {
            let body: Value = ok(serde_json::from_str(command["body"].as_str().unwrap_or_default()));
            let playback = json!({"playback": {"id": body["playbackId"], "target_uri": "channel:7.7"}});
            proxy.event("PlaybackFinished", playback).await;
        }
        proxy.commands.push(command);
    }
    let urls: Vec<&str> = proxy.commands.iter().filter_map(|command| command["url"].as_str()).collect();
    assert!(urls[0].ends_with("/channels/7.7/answer"), "{urls:?}");
    assert!(urls[1].starts_with("/channels/7.7/play"), "{urls:?}");
    assert_eq!((urls[2], &proxy.commands[2]["method"]), ("/channels/7.7", &json!("DELETE")));
    proxy.event("StasisEnd", channel).await;
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
}

async fn a_worker_that_subscribes_after_the_call_gets_it_whole(kind: Kind) {
    let Simulated { simulator, proxy, broker, application } = Simulated::new(kind, |_| {}).await;
    let pool = GoPool::join(broker, &application).await;
    broker.until_read(&application).await;
    let mut held = broker.contents(&application).await;
    let call = simulator.call(&application).place();
    let app_start = pool.app_start().await;
    call.hangup();
    // Longer than a dialog without a channel lingers.
    let mut dialog = pool.take(&app_start, Duration::from_secs(4)).await;
    assert_eq!(dialog.events_until("StasisEnd").await[0]["type"], "StasisStart");
    held.extend(dialog.still_held(broker));
    held.sort_unstable();
    broker.until_holds(&application, &held).await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_a_worker_that_lost_are_deleted_too() {
    let change = |config: &mut Value| config["dialog"] = json!({"offer_timeout": "200ms"});
    let Simulated { simulator, proxy, broker, application } = Simulated::new(Kind::Rabbitmq, change).await;
    let pool = GoPool::join(broker, &application).await;
    broker.until_read(&application).await;
    let before = broker.contents(&application).await;
    let call = simulator.call(&application).place();
    let (first, second) = (pool.app_start().await, pool.app_start().await);
    let mut winner = pool.take(&second, Duration::ZERO).await;
    winner.event().await;
    // Too late: the call has an owner. That library has its queues made before it can know.
    let _loser = pool.take(&first, Duration::ZERO).await;
    let of_loser = format!("events_{}", first["dialog_id"].as_str().unwrap_or_default());
    assert!(!broker.contents(&of_loser).await.is_empty());
    call.hangup();
    broker.until_holds(&application, &before).await;
    proxy.stop().await;
}
