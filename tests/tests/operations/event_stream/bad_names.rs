//! Names that no key can hold as they are: each makes one word of a subject, and what no broker takes holds nobody up.

use ari_proxy::Metric;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    proxies::{RunningProxy, config_json},
    wait::eventually,
    worlds::{start_simulator, until_connected},
};
use serde_json::json;

use super::readers::{Message, Reader};

on_both_buses!(odd_ids_and_names_are_published_each_in_its_place);

/// Longer than a routing key may be, and than a subject of NATS needs to be.
const LONG: usize = 300;

async fn odd_ids_and_names_are_published_each_in_its_place(kind: Kind) {
    let broker = Broker::start(kind).await;
    let simulator = start_simulator().await;
    let application = "odd.name-\u{fc}";
    let mut config = config_json(&(&simulator).into(), kind, &broker.url(), "pbx", &[application]);
    config["stream"] = json!({"channels": true, "include": ["StasisStart", "ChannelDestroyed"]});
    let reader = match kind {
        Kind::Nats => Reader::of(&broker, &["stasis.app.*", "stasis.channel.*"]).await,
        Kind::Rabbitmq => Reader::of(&broker, &["stasis.#"]).await,
    };
    let proxy = RunningProxy::start(&config);
    until_connected(&simulator, application).await;
    until_connected(&simulator, "ari-proxy-stream-pbx").await;
    let ids = ["a b.c*d>\u{e9}/\"x\\".to_owned(), "x".repeat(LONG), "1732.17".to_owned()];
    for id in &ids {
        simulator.call(application).channel_id(id).place().hangup();
    }
    let destroyed = |messages: &[Message], id: &str| {
        let is = |message: &&Message| {
            message.name() == "ChannelDestroyed" && message.data()["channel"]["id"] == id
        };
        let of = messages.iter().filter(is);
        of.map(|message| message.key.clone()).filter(|key| key.contains("channel")).collect::<Vec<_>>()
    };
    let starts = |messages: &[Message]| {
        messages
            .iter()
            .filter(|message| message.key.contains(".app.") && message.name() == "StasisStart")
            .count()
    };
    // The two streams are not ordered among each other.
    let messages = reader
        .until("the last call's end", |messages| {
            !destroyed(messages, &ids[2]).is_empty() && starts(messages) == 3
        })
        .await;
    let keys = ids.each_ref().map(|id| destroyed(&messages, id));
    match kind {
        Kind::Nats => {
            assert_eq!(keys[0], ["stasis.channel.a%20b%2Ec%2Ad%3E%C3%A9%2F%22x%5C"]);
            assert_eq!(keys[2], ["stasis.channel.1732%2E17"]);
        }
        Kind::Rabbitmq => {
            assert_eq!(keys[0], [format!("stasis.channel.{}", ids[0])]);
            assert!(keys[1].is_empty(), "no routing key is so long");
            assert_eq!(keys[2], ["stasis.channel.1732.17"]);
            eventually("that it was counted", async || proxy.metrics.get(Metric::StreamRejected) > 0).await;
        }
    }
    let of_application: Vec<_> = messages.iter().filter(|message| message.key.contains(".app.")).collect();
    let escaped = "stasis.app.odd%2Ename-%C3%BC";
    let plain = format!("stasis.app.{application}");
    let key = if kind == Kind::Nats { escaped } else { &*plain };
    assert!(of_application.iter().all(|message| message.key == key), "{of_application:?}");
    proxy.stop().await;
}
