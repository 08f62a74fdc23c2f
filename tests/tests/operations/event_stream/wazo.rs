//! The preset for Wazo's services: a consumer that binds as theirs do gets its events.

use std::collections::BTreeMap;

use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    listeners::Listeners,
    proxies::{Ari, RunningProxy, config_json},
    wait::{eventually, ok},
    worlds::{Simulated, start_asterisk, until_connected, until_registered},
};
use lapin::{
    ExchangeKind,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use serde_json::json;

use super::{
    oracle,
    readers::{Message, Reader},
    real::end_all,
};

fn headers(pairs: &[(&str, &str)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in pairs {
        table.insert(ShortString::from(*name), AMQPValue::LongString(LongString::from(*value)));
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_bound_as_wazos_are_gets_its_events() {
    let broker = Broker::shared(Kind::Rabbitmq).await;
    // As theirs: one binding for each type of event.
    let bound = |extra: &[(&str, &str)]| {
        let always = [("category", "stasis"), ("x-match", "all")];
        ["StasisStart", "StasisEnd"]
            .map(|name| ("", headers(&[&always[..], &[("name", name)], extra].concat())))
    };
    let theirs = Reader::bound(broker, "wazo-headers", ExchangeKind::Headers, &bound(&[])).await;
    let channels = Reader::bound(
        broker,
        "wazo-headers",
        ExchangeKind::Headers,
        &[("", headers(&[("category", "stasis"), ("name", "ChannelDestroyed"), ("x-match", "all")]))],
    )
    .await;
    let other = Reader::bound(
        broker,
        "wazo-headers",
        ExchangeKind::Headers,
        &bound(&[("application_name", "other")]),
    )
    .await;
    let world = Simulated::new(Kind::Rabbitmq, |config| {
        config["stream"] = json!({"preset": "wazo", "channels": true});
    })
    .await;
    let channels_application = format!("ari-proxy-stream-pbx%20{}", world.application);
    until_connected(&world.simulator, &channels_application).await;
    let call = world.simulator.call(&world.application).place();
    let named = |messages: &[Message], name: &str| messages.iter().any(|message| message.name() == name);
    theirs.until("the start", |messages| named(messages, "StasisStart")).await;
    call.hangup();
    let messages = theirs.until("the end", |messages| named(messages, "StasisEnd")).await;
    for (message, name) in messages.iter().zip(["StasisStart", "StasisEnd"]) {
        assert_eq!(message.key, format!("stasis.app.{}", world.application.to_lowercase()));
        assert_eq!(message.headers["name"], name);
        assert_eq!(message.headers["category"], "stasis");
        assert_eq!(message.headers["application_name"], world.application);
        let body = message.json();
        assert_eq!(body.as_object().map(|body| body.len()), Some(3), "{body}");
        assert_eq!((&body["name"], &body["application"]), (&json!(name), &json!(world.application)));
        assert_eq!(body["data"]["channel"]["id"], call.channel_id());
    }
    let of_channel = |message: &Message| message.key == "stasis.channel.channeldestroyed";
    let destroyed = channels.until("the channel's end", |messages| messages.iter().any(of_channel)).await;
    let destroyed: Vec<_> = destroyed.iter().filter(|message| of_channel(message)).collect();
    assert_eq!(destroyed.len(), 1);
    let body = destroyed[0].json();
    assert_eq!(body.as_object().map(|body| body.len()), Some(2), "{body}");
    assert_eq!(
        (&body["name"], &body["data"]["channel"]["id"]),
        (&json!("ChannelDestroyed"), &json!(call.channel_id()))
    );
    world.proxy.stop().await;
    assert!(other.messages().is_empty(), "{:?}", other.messages());
}

/// The calls of phones in a real Asterisk.
const CALLS: u32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn consumers_bound_as_wazos_are_get_the_calls_of_a_real_asterisk() {
    let broker = Broker::start(Kind::Rabbitmq).await;
    let bound = async |category: &str, names: &[&str]| {
        let binding = |name| ("", headers(&[("category", category), ("name", name), ("x-match", "all")]));
        let bindings: Vec<_> = names.iter().copied().map(binding).collect();
        Reader::bound(&broker, "wazo-headers", ExchangeKind::Headers, &bindings).await
    };
    let calls = bound("stasis", &["StasisStart", "StasisEnd", "ChannelDestroyed"]).await;
    let managed = bound("ami", &["Newchannel", "Hangup"]).await;
    let neither = bound("ami", &["StasisStart", "newchannel"]).await;

    let asterisk = start_asterisk(AsteriskOptions::new().application("Hello")).await;
    let (ari, manager) = (Ari::from(&asterisk), asterisk.ami_address().to_string());
    let mut config = config_json(&ari, Kind::Rabbitmq, &broker.url(), "pbx", &["Hello"]);
    config["stream"] = json!({
        "preset": "wazo", "channels": true,
        "ami": {"address": manager, "user": asterisk.user(), "secret": asterisk.password()},
    });
    let proxy = RunningProxy::start(&config);
    until_registered(&asterisk, "Hello").await;
    until_registered(&asterisk, "ari-proxy-stream-pbx").await;
    eventually("the manager session of the proxy", async || {
        ok(asterisk.cli("manager show connected").await).contains(asterisk.user())
    })
    .await;
    let websocket = oracle::websocket(&ari).await;
    let listeners = Listeners::start(&broker, "Hello").await;
    let options = SippOptions::new().calls(CALLS).rate(10);
    let phones = ok(Sipp::begin(&asterisk, &Scenario::Answered, &options));
    end_all(&listeners, CALLS as usize).await;
    ok(phones.finish().await);

    let all = CALLS as usize;
    let of = |messages: &[Message], key: &str, name: &str| {
        messages.iter().filter(|one| one.key == key && one.name() == name).cloned().collect::<Vec<_>>()
    };
    let wanted = [
        ("stasis.app.hello", "StasisStart"),
        ("stasis.app.hello", "StasisEnd"),
        ("stasis.channel.channeldestroyed", "ChannelDestroyed"),
    ];
    calls
        .until("the ends of all calls", |messages| {
            wanted.iter().all(|(key, name)| of(messages, key, name).len() >= all)
        })
        .await;
    managed
        .until("the hangups of all calls", |messages| of(messages, "ami.hangup", "Hangup").len() >= all)
        .await;
    proxy.stop().await;

    // Each once: by the ids of the channels, as Asterisk itself told them to another.
    let destroyed = websocket.all().into_iter().filter(|frame| frame.is("ChannelDestroyed"));
    let once: BTreeMap<String, usize> =
        destroyed.filter_map(|frame| Some((frame.channel()?.to_owned(), 1))).collect();
    assert_eq!(once.len(), all);
    let ids = |messages: Vec<Message>, field: fn(&Message) -> String| {
        let mut ids = BTreeMap::<String, usize>::new();
        messages.iter().for_each(|message| *ids.entry(field(message)).or_default() += 1);
        ids
    };
    let messages = calls.messages();
    for (key, name) in wanted {
        let of_kind = of(&messages, key, name);
        for message in &of_kind {
            let application = (key == "stasis.app.hello").then_some("Hello");
            assert_eq!(message.headers.get("name").map(String::as_str), Some(name));
            assert_eq!(message.headers.get("category").map(String::as_str), Some("stasis"));
            assert_eq!(message.headers.get("application_name").map(String::as_str), application);
            assert_eq!(message.json()["application"].as_str(), application);
        }
        let id = |message: &Message| message.data()["channel"]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(ids(of_kind, id), once, "{name}");
    }
    for (key, name) in [("ami.newchannel", "Newchannel"), ("ami.hangup", "Hangup")] {
        let of_kind = of(&managed.messages(), key, name);
        for message in &of_kind {
            assert_eq!(message.headers.get("category").map(String::as_str), Some("ami"));
            assert_eq!(message.json().as_object().map(serde_json::Map::len), Some(2), "{}", message.body);
        }
        let id = |message: &Message| message.data()["Uniqueid"].as_str().unwrap_or_default().to_owned();
        assert_eq!(ids(of_kind, id), once, "{name}");
    }
    assert!(neither.messages().is_empty(), "{:?}", neither.messages());
}
