//! On a real Asterisk: what is added is registered and stays so, has calls if it is to, and costs the others nothing.

use std::collections::BTreeSet;

use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::{
    brokers::Setup,
    crew::Crew,
    desk::{Desk, ari},
    fault_proxy::{FaultProxy, Way},
    listeners::Listeners,
    operator::Operator,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    tap::{disorder, written},
    wait::{DEADLINE, eventually, ok},
    worlds::{fresh_application, start_asterisk, until_registered},
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::connect_async;

use super::{
    listed,
    rival::{Rival, TAKEN},
};

/// An Asterisk with an application that is configured and one that is not, whose calls come in at 2000.
pub(super) struct World {
    crew: Crew,
    asterisk: Asterisk,
    ari: Ari,
    added: String,
    operator: Operator,
    config: Value,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let crew = Crew::new(Setup::Nats, programs!()).await;
        let added = fresh_application();
        let options = AsteriskOptions::new().application(&crew.application).stasis("2000", &added, "");
        let asterisk = start_asterisk(options).await;
        let (ari, folder) = (Ari::from(&asterisk), ok(tempfile::tempdir()));
        let mut config = crew.config_for(&ari, &crew.broker.url());
        config["state_dir"] = folder.path().to_string_lossy().into();
        let operator = Operator::of(&mut config, None);
        Self { crew, asterisk, ari, added, operator, config, folder }
    }

    async fn proxy(&self) -> Running {
        let proxy = self.crew.start_proxy(&self.config);
        until_registered(&self.asterisk, &self.crew.application).await;
        self.operator.until_ready("ready", |status, _| status == 200).await;
        proxy
    }

    async fn add(&self, query: &str) {
        let (status, body) =
            self.operator.ask(Method::POST, &format!("/ari/amqp/{}{query}", self.added)).await;
        assert_eq!(status, 204, "{body}");
    }

    /// What the list says of the application that was added.
    async fn listed(&self) -> Option<Value> {
        listed(&self.operator, &self.added).await
    }

    async fn is_in_asterisk(&self, application: &str) -> bool {
        self.ari.get(&format!("/applications/{application}")).await.0 == 200
    }

    async fn call_in(&self, id: &str) {
        let query = "endpoint=Local/park@default&context=default&extension=2000&priority=1";
        let (status, body) = self.ari.post(&format!("/channels?{query}&channelId={id}"), &json!({})).await;
        assert_eq!(status, 200, "{body:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_outlives_asterisk_and_proxy_until_it_is_removed() {
    let world = World::new().await;
    let proxy = world.proxy().await;
    assert!(!world.is_in_asterisk(&world.added).await);
    world.add("").await;
    assert!(world.is_in_asterisk(&world.added).await);
    world.add("").await;
    let listed = world.listed().await.unwrap_or_default();
    let field = |name: &str| listed[name].clone();
    assert_eq!(
        (field("configured"), field("dialogs"), field("kept")),
        (false.into(), false.into(), true.into())
    );
    assert_eq!(field("state"), "connected");

    ok(world.asterisk.restart().await);
    until_registered(&world.asterisk, &world.added).await;
    proxy.stop().await;
    eventually("gone with the proxy", async || !world.is_in_asterisk(&world.added).await).await;
    let proxy = world.proxy().await;
    until_registered(&world.asterisk, &world.added).await;
    ok(proxy.kill().await);
    let proxy = world.proxy().await;
    until_registered(&world.asterisk, &world.added).await;

    // In the form of the body, too.
    let remove = world.operator.request(Method::DELETE, "/ari/amqp");
    let remove = remove.header("content-type", "application/x-www-form-urlencoded");
    let (status, body) = world.operator.send(remove.body(format!("applicationName={}", world.added))).await;
    assert_eq!(status, 204, "{body}");
    eventually("given up", async || !world.is_in_asterisk(&world.added).await).await;
    assert!(world.is_in_asterisk(&world.crew.application).await);
    assert_eq!(world.listed().await, None);
    let again = world.operator.ask(Method::DELETE, &format!("/ari/amqp/{}", world.added)).await;
    assert_eq!(again.0, 404, "{}", again.1);
    proxy.stop().await;
    let proxy = world.proxy().await;
    assert!(!world.is_in_asterisk(&world.added).await);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_dialogs_its_calls_go_to_workers() {
    let world = World::new().await;
    let proxy = world.proxy().await;
    let desk = Desk::open(world.crew.broker.connect("the desk").await).await;
    let mut pool = desk.join(&world.added).await;
    world.add("").await;
    world.call_in("nobodys").await;
    eventually("in Stasis", async || {
        let (_, body) = world.ari.get(&format!("/applications/{}", world.added)).await;
        let application: Value = serde_json::from_slice(&body).unwrap_or_default();
        application["channel_ids"].as_array().is_some_and(|ids| !ids.is_empty())
    })
    .await;

    for query in ["?dialogs=true", "?dialogs=false", "?dialogs=true", ""] {
        world.add(query).await;
        assert_eq!(world.listed().await.unwrap_or_default()["dialogs"], query != "?dialogs=false", "{query}");
    }
    world.call_in("call").await;
    let offer = pool.offer().await;
    assert_eq!(offer["application"], *world.added);
    let call = desk.accept(&offer).await;
    let start = ari(&call.event("StasisStart").await);
    let channel = start["channel"]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(call.command("POST", &format!("/channels/{channel}/answer"), json!({})).await.0, 204);
    // A worker opens one as well.
    world.crew.broker.until_read(&format!("ari.open.{}", world.added)).await;
    let opened = desk.open_dialog(&world.added).await;
    assert!(opened.reply["root"].is_string());

    let remove = async || world.operator.ask(Method::DELETE, &format!("/ari/amqp/{}", world.added)).await;
    let (status, body) = remove().await;
    assert_eq!(
        (status, body["message"].as_str().is_some_and(|said| said.contains("2 dialogs"))),
        (409, true),
        "{body}"
    );
    // It is as if nothing had been asked: the next call comes too.
    world.call_in("next").await;
    let next = desk.accept(&pool.offer().await).await;
    next.event("StasisStart").await;

    // The leg that nobody has is still there: it belongs to no dialog.
    for leg in ok(serde_json::from_slice::<Vec<Value>>(&world.ari.get("/channels").await.1)) {
        Phones::to(world.ari.clone()).hang_up(leg["id"].as_str().unwrap_or_default()).await;
    }
    opened.owned.send(&json!({ "control": "release", "term": 1 })).await;
    let mut last = (0, Value::Null);
    eventually("no dialogs any more", async || {
        last = remove().await;
        last.0 == 204
    })
    .await;
    eventually("given up", async || !world.is_in_asterisk(&world.added).await).await;
    proxy.stop().await;
}

/// Each change is a change of websockets: the numbered events of a call of the configured application show whether one is lost.
#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_others_miss_nothing() {
    let mut world = World::new().await;
    let (tap, websocket_url) = FaultProxy::before_url(&world.ari.websocket_url).await;
    tap.record(Way::ToClient);
    world.config["websocket_url"] = websocket_url.into();
    let proxy = world.proxy().await;
    let listeners = Listeners::start(&world.crew.broker, &world.crew.application).await;
    let phones = Phones::to(world.ari.clone());
    phones.call("watched").await;
    eventually("the call", async || listeners.heard().len() == 1).await;
    let channels: Vec<String> = listeners.heard().into_keys().collect();
    let talk = phones.talk(&world.crew.application, &channels, 4_000.0);
    for _ in 0..10 {
        world.add("?dialogs=true").await;
        let (status, body) = world.operator.ask(Method::DELETE, &format!("/ari/amqp/{}", world.added)).await;
        assert_eq!(status, 204, "{body}");
    }
    let sent = talk.stop().await;
    for (channel, sent) in &sent {
        eventually("the last event", async || {
            listeners.of(channel).numbers().last().copied().flatten() == Some(*sent)
        })
        .await;
        let (written, heard) = (written(&tap, Way::ToClient), listeners.of(channel));
        let (written, gaps) = (&written[channel], heard.count("ProxyGap"));
        // Under load it swaps the first events on a new websocket now and then, whoever reads it.
        let swapped = disorder(written).map_or("in order", |_| "not all in order");
        println!("{sent} events over 20 changes, which Asterisk wrote {swapped}; {gaps} gaps told");
        let heard: Vec<u64> = heard.numbers().into_iter().flatten().collect();
        assert_eq!((&heard, gaps), (written, 0), "as Asterisk wrote them");
        assert_eq!(BTreeSet::from_iter(heard).len() as u64, *sent, "and it lost none");
    }
    for channel in phones.channels().await {
        phones.hang_up(&channel).await;
    }
    eventually("the end", async || listeners.heard().values().all(|heard| heard.end.is_some())).await;
    listeners.stop().await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_websocket_holds_is_taken_by_force_alone() {
    let world = World::new().await;
    let proxy = world.proxy().await;
    let mut other = Rival::of(&world.ari, &world.added).await;
    until_registered(&world.asterisk, &world.added).await;
    let path = format!("/ari/amqp/{}", world.added);
    let (status, body) = world.operator.ask(Method::POST, &path).await;
    let said = body["message"].as_str().unwrap_or_default();
    assert!(
        status == 409 && said.contains("another program") && said.contains("force=true"),
        "{status} {said}"
    );
    assert_eq!(world.listed().await, None);
    world.add("?force=true").await;
    let told = other.until_replaced().await;
    println!("the other one was told {told}");

    // Taken back by another: removed all the same, and never taken again.
    let third = Rival::of(&world.ari, &world.added).await;
    eventually("taken", async || world.listed().await.is_some_and(|listed| listed["state"] == TAKEN)).await;
    assert_eq!(world.operator.ask(Method::DELETE, &path).await.0, 204);
    third.close().await;
    eventually("free", async || !world.is_in_asterisk(&world.added).await).await;
    // What no websocket has any more is free.
    world.add("").await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_takes_them_along_and_who_stands_by_does_not_change_them() {
    let world = World::new().await;
    let old = world.proxy().await;
    let listeners = Listeners::start(&world.crew.broker, &world.added).await;
    world.add("?dialogs=true").await;
    world.call_in("call").await;
    eventually("the call", async || listeners.heard().len() == 1).await;

    let mut second = world.config.clone();
    let standby = Operator::of(&mut second, None);
    let other = world.crew.start_proxy(&second);
    standby.until_ready("one stands by", |_, now| now["servers"][0]["role"]["state"] == "standby").await;
    let (status, body) = standby.ask(Method::POST, "/ari/amqp/x").await;
    let said = body["message"].as_str().unwrap_or_default();
    assert!(status == 409 && said.contains("stands by"), "{status} {said}");
    let (_, list) = standby.get("/ari/amqp").await;
    assert_eq!((&list[0]["application"], &list[0]["state"]), (&json!(world.crew.application), &Value::Null));
    ok(other.kill().await);

    let new = world.crew.start_successor(&world.config);
    let status = ok(old.ended(DEADLINE).await);
    assert!(status.success(), "{status}: {}\n{}", old.output(), new.output());
    world.operator.until_ready("the new one", |status, _| status == 200).await;
    assert_eq!(world.listed().await.unwrap_or_default()["dialogs"], true);
    let channel = listeners.heard().into_keys().next().unwrap_or_default();
    assert!(Phones::to(world.ari.clone()).event(&world.added, &channel, 1).await);
    eventually("its events", async || listeners.of(&channel).numbers() == [Some(1)]).await;
    assert_eq!(listeners.of(&channel).terms, [1]);
    for channel in Phones::to(world.ari.clone()).channels().await {
        Phones::to(world.ari.clone()).hang_up(&channel).await;
    }
    eventually("the end", async || listeners.heard().values().all(|heard| heard.end.is_some())).await;
    listeners.stop().await;
    new.stop().await;
    assert!(ok(std::fs::read_dir(world.folder.path())).count() == 1, "one file, and nothing beside it");
}

/// Asterisk refuses a websocket for a longer one with 500.
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_name_is_the_longest_that_asterisk_takes() {
    let world = World::new().await;
    let proxy = world.proxy().await;
    let longest = "x".repeat(73);
    let (status, body) = world.operator.ask(Method::POST, &format!("/ari/amqp/{longest}")).await;
    assert_eq!(status, 204, "{body}");
    assert!(world.is_in_asterisk(&longest).await);
    let Ari { websocket_url, user, password, .. } = &world.ari;
    let longer = format!("{websocket_url}?app={longest}x&api_key={user}:{password}");
    assert!(connect_async(longer).await.is_err(), "a longer one is possible");
    proxy.stop().await;
}
