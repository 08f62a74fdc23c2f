//! Calls of phones in a real Asterisk: the stream has what others heard, each event once, and those of a channel in their order.

use std::{collections::BTreeMap, time::Duration};

use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    listeners::Listeners,
    on_both_buses,
    proxies::{Ari, RunningProxy, config_json},
    wait::{eventually, ok},
    worlds::{start_asterisk, until_registered},
};
use serde_json::{Value, json};

use crate::{
    oracle::{self, by_channel, to_anybody},
    readers::{Message, Reader},
};

on_both_buses!(the_stream_has_what_others_heard);

const CALLS: u32 = 20;

/// The channel that an event of the stream is about, from its key; on NATS the dots of an id are escaped.
fn channel_of(message: &Message) -> String {
    let id = message.key.strip_prefix("stasis.channel.").unwrap_or_default();
    id.replace("%2E", ".")
}

async fn the_stream_has_what_others_heard(kind: Kind) {
    let broker = Broker::start(kind).await;
    let asterisk = start_asterisk(AsteriskOptions::new().application("hello")).await;
    let ari = Ari::from(&asterisk);
    let manager = asterisk.ami_address().to_string();
    let reader = match kind {
        Kind::Nats => Reader::of(&broker, &["stasis.>"]).await,
        Kind::Rabbitmq => {
            Reader::of(&broker, &["stasis.app.hello", "stasis.channel.#", "stasis.ami.Newchannel"]).await
        }
    };
    let mut config = config_json(&ari, kind, &broker.url(), "pbx 1", &["hello"]);
    config["stream"] = json!({
        "channels": true,
        "ami": {"address": manager, "user": asterisk.user(), "secret": asterisk.password()},
    });
    let proxy = RunningProxy::start(&config);
    until_registered(&asterisk, "hello").await;
    until_registered(&asterisk, "ari-proxy-stream-pbx%25201").await;
    // Each of the three says that it hears from now on.
    let begun = |messages: &[Message]| messages.iter().filter(|message| message.name() == "ProxyGap").count();
    if kind == Kind::Nats {
        reader.until("that all three have begun", |messages| begun(messages) == 3).await;
    } else {
        reader.until("that two have begun", |messages| begun(messages) == 2).await;
        eventually("the manager session of the proxy", async || {
            ok(asterisk.cli("manager show connected").await).contains(asterisk.user())
        })
        .await;
    }
    let websocket = oracle::websocket(&ari).await;
    let session = oracle::manager(&manager, asterisk.user(), asterisk.password()).await;
    let listeners = Listeners::start(&broker, "hello").await;

    let options = SippOptions::new().calls(CALLS).rate(10).timeout(Duration::from_secs(60));
    let phones = ok(Sipp::begin(&asterisk, &Scenario::Answered, &options));
    let mut ended = Vec::new();
    eventually("the end of all calls", async || {
        for (channel, heard) in listeners.heard() {
            if let Some(call) = heard.call.filter(|_| !ended.contains(&channel)) {
                let _ = call.channel().answer().await;
                let _ = call.channel().hangup().await;
                ended.push(channel);
            }
        }
        ended.len() == CALLS as usize
    })
    .await;
    ok(phones.finish().await);
    eventually("no channel in Asterisk", async || ok(asterisk.channels().await) == 0).await;

    // All channels, as the second websocket heard of them.
    let about_channels = || {
        let events = websocket.all().into_iter();
        events.filter(|event| event["channel"]["id"].is_string() && event["type"] != "ChannelVarset")
    };
    let destroyed = || about_channels().filter(|event| event["type"] == "ChannelDestroyed").count();
    eventually("the end of all channels", async || destroyed() == CALLS as usize).await;
    let told =
        by_channel(about_channels().map(|event| {
            (event["channel"]["id"].as_str().unwrap_or_default().to_owned(), to_anybody(event))
        }));
    let of_channels = |messages: &[Message]| {
        let messages = messages
            .iter()
            .filter(|message| message.key.starts_with("stasis.channel.") && message.name() != "ProxyGap");
        by_channel(messages.map(|message| (channel_of(message), to_anybody(message.data()))))
    };
    let all = told.values().map(Vec::len).sum::<usize>();
    let count = |events: &BTreeMap<String, Vec<String>>| events.values().map(Vec::len).sum::<usize>();
    reader.until("the events of all channels", |messages| count(&of_channels(messages)) >= all).await;

    // The application, as its own websocket heard of it by way of the dialogs.
    eventually("the end of all dialogs", async || {
        listeners.heard().values().all(|heard| heard.end.is_some())
    })
    .await;
    let heard = listeners.heard();
    let of_dialogs = by_channel(heard.iter().flat_map(|(channel, heard)| {
        let events = heard.events.iter().filter(|event| !event.kind().starts_with("Proxy"));
        events
            .filter(|event| event.kind() != "ChannelVarset")
            .map(|event| (channel.clone(), event.json().to_string()))
    }));
    let of_application = |messages: &[Message]| {
        let messages = messages
            .iter()
            .filter(|message| message.key == "stasis.app.hello" && message.name() != "ProxyGap");
        by_channel(messages.filter_map(|message| {
            let data = message.data();
            Some((data["channel"]["id"].as_str()?.to_owned(), data.to_string()))
        }))
    };
    reader
        .until("the events of the application", |messages| {
            count(&of_application(messages)) >= count(&of_dialogs)
        })
        .await;

    // The manager interface.
    let value = |lines: &[String], key: &str| {
        lines.iter().find_map(|line| line.strip_prefix(&format!("{key}: ")).map(str::to_owned))
    };
    let managed: Vec<Vec<String>> =
        session.all().into_iter().filter(|lines| lines[0] == "Event: Newchannel").collect();
    assert_eq!(managed.len(), CALLS as usize);
    let of_manager = |messages: &[Message]| -> Vec<Value> {
        let messages = messages.iter().filter(|message| message.key == "stasis.ami.Newchannel");
        messages.map(Message::data).collect()
    };
    reader.until("the manager's events", |messages| of_manager(messages).len() >= CALLS as usize).await;

    proxy.stop().await;
    let messages = reader.messages();
    assert_eq!(of_channels(&messages), told);
    assert_eq!(of_application(&messages), of_dialogs);
    let manager = of_manager(&messages);
    assert_eq!(manager.len(), managed.len());
    for (published, lines) in manager.iter().zip(&managed) {
        for line in lines {
            let (key, _) = line.split_once(':').unwrap_or_default();
            assert_eq!(
                published[key].as_str().map(str::to_owned),
                value(lines, key).or(Some(String::new())),
                "{key}"
            );
        }
    }
    let names: Vec<_> = messages.iter().map(Message::name).collect();
    assert!(!names.iter().any(|name| name == "ChannelVarset" || name == "VarSet"), "{names:?}");
    println!(
        "{kind:?}: {CALLS} calls, {} messages: {all} of channels, {} of the application, {} of Newchannel",
        messages.len(),
        count(&of_dialogs),
        manager.len()
    );
}
