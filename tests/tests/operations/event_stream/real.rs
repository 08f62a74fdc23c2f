//! Calls of phones in a real Asterisk: the stream has what others heard, each event once, and those of a channel in their order.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    listeners::Listeners,
    on_both_buses,
    phones::Phones,
    proxies::{Ari, RunningProxy, config_json},
    wait::{eventually, ok},
    worlds::{start_asterisk, until_registered},
};
use serde_json::{Value, json};

use super::{
    oracle::{self, Frame, by_channel},
    readers::{Message, Reader},
};

on_both_buses!(the_stream_has_what_others_heard);

const CALLS: u32 = 20;

/// The application under which the proxy hears of all channels.
const CHANNELS: &str = "ari-proxy-stream-pbx%201";

/// Of a call without a phone: one end enters the application, the other, which is dialled, never does.
const LOCAL: &str = "local-1.5";

/// The events of each channel, byte for byte, in their order.
type Told = BTreeMap<String, Vec<String>>;

fn count(told: &Told) -> usize {
    told.values().map(Vec::len).sum()
}

/// What the stream of the channels has.
fn of_channels(messages: &[Message]) -> Told {
    by_channel(messages.iter().filter_map(|message| {
        let id = message.key.strip_prefix("stasis.channel.").filter(|_| message.name() != "ProxyGap")?;
        // On NATS the dots of an id are escaped.
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
        Some((id, message.inside().to_owned()))
    }))
}

/// What the stream of the application has.
fn of_application(messages: &[Message]) -> Told {
    by_channel(messages.iter().filter(|message| message.key == "stasis.app.hello").filter_map(|message| {
        Some((message.data()["channel"]["id"].as_str()?.to_owned(), message.inside().to_owned()))
    }))
}

/// What the stream of the manager interface has of channels.
fn of_manager(messages: &[Message]) -> Vec<Value> {
    let events = messages.iter().filter(|message| message.key.starts_with("stasis.ami."));
    events.map(Message::data).filter(|data| data["Uniqueid"].is_string()).collect()
}

/// The JSON of an event of the manager interface, from its lines.
fn from_lines(lines: &[String]) -> Value {
    let mut event = serde_json::Map::new();
    for line in lines {
        let (key, value) = line.split_once(':').unwrap_or_default();
        let value = Value::from(value.strip_prefix(' ').unwrap_or(value));
        match event.get_mut(key) {
            None => drop(event.insert(key.to_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    event.into()
}

/// The type of an event.
fn kind(text: &str) -> String {
    ok(serde_json::from_str::<Value>(text))["type"].as_str().unwrap_or_default().to_owned()
}

/// Checks that events are the same, byte for byte and in the same order; says where they are not.
fn is_the_same(events: &[String], all: &[String]) {
    if let Some((event, wanted)) = events.iter().zip(all).find(|(event, wanted)| event != wanted) {
        let kinds = |events: &[String]| events.iter().map(|event| kind(event)).collect::<Vec<_>>();
        panic!("{:?}\nshould be\n{:?}\n\n{event}\nshould be\n{wanted}", kinds(events), kinds(all));
    }
    assert_eq!(events.len(), all.len(), "{events:#?}\nshould be\n{all:#?}");
}

/// Checks what an application was told of a channel: its StasisStart, all that a second websocket heard from the channel's entry on,
/// byte for byte, and its StasisEnd once Asterisk was asked to hang up. What comes behind that is not the application's business, and
/// Asterisk tells it or not.
pub(crate) fn was_all_of_its_stay(told: &[String], frames: &[Frame], application: &str) {
    let kinds: Vec<_> = told.iter().map(|text| kind(text)).collect();
    for name in ["StasisStart", "StasisEnd"] {
        assert_eq!(kinds.iter().filter(|kind| *kind == name).count(), 1, "{kinds:?}");
    }
    assert_eq!(kinds[0], "StasisStart");
    // The last step of the dialplan before it.
    let enters = |frame: &Frame| frame.is("ChannelDialplan") && frame.event["dialplan_app"] == "Stasis";
    let entry = frames.iter().position(enters).unwrap_or_else(|| panic!("it never entered: {frames:?}"));
    let stay = &frames[entry + 1..];
    let asked = stay.iter().position(|frame| frame.is("ChannelHangupRequest")).unwrap_or(stay.len());
    let others: Vec<_> = told
        .iter()
        .zip(&kinds)
        .filter(|(_, kind)| !kind.starts_with("Stasis"))
        .map(|(text, _)| text.clone())
        .collect();
    assert!(others.len() > asked, "{kinds:?}, and it was: {stay:?}");
    let heard: Vec<_> = stay.iter().map(|frame| frame.to(application)).collect();
    is_the_same(&others, &heard[..others.len().min(heard.len())]);
    let place = |name: &str| kinds.iter().position(|kind| kind == name);
    assert!(place("ChannelHangupRequest") < place("StasisEnd"), "{kinds:?}");
}

/// Answers each call that comes and hangs up, until so many have ended.
pub(crate) async fn end_all(listeners: &Listeners, calls: usize) {
    let mut ended = Vec::new();
    eventually("the end of all calls", async || {
        for (channel, heard) in listeners.heard() {
            if let Some(call) = heard.call.filter(|_| !ended.contains(&channel)) {
                let _ = call.channel().answer().await;
                let _ = call.channel().hangup().await;
                ended.push(channel);
            }
        }
        ended.len() == calls
    })
    .await;
}

async fn the_stream_has_what_others_heard(kind_of_bus: Kind) {
    let broker = Broker::start(kind_of_bus).await;
    let asterisk = start_asterisk(AsteriskOptions::new().application("hello")).await;
    let ari = Ari::from(&asterisk);
    let manager = asterisk.ami_address().to_string();
    let reader = match kind_of_bus {
        Kind::Nats => Reader::of(&broker, &["stasis.>"]).await,
        Kind::Rabbitmq => {
            Reader::of(&broker, &["stasis.app.hello", "stasis.channel.#", "stasis.ami.Newchannel"]).await
        }
    };
    let mut config = config_json(&ari, kind_of_bus, &broker.url(), "pbx 1", &["hello"]);
    config["stream"] = json!({
        "channels": true,
        "ami": {"address": manager, "user": asterisk.user(), "secret": asterisk.password()},
    });
    let proxy = RunningProxy::start(&config);
    until_registered(&asterisk, "hello").await;
    until_registered(&asterisk, &CHANNELS.replace('%', "%25")).await;
    // Each of the three says that it hears from now on.
    let begun = |messages: &[Message]| messages.iter().filter(|message| message.name() == "ProxyGap").count();
    if kind_of_bus == Kind::Nats {
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
    Phones::to(ari).call(LOCAL).await;
    let calls = CALLS as usize + 1;
    end_all(&listeners, calls).await;
    ok(phones.finish().await);
    eventually("no channel in Asterisk", async || ok(asterisk.channels().await) == 0).await;

    // All channels, as the second websocket heard of them: one more than there are calls.
    let heard = || websocket.all().into_iter().filter(|frame| !frame.is("ChannelVarset"));
    eventually("the end of all channels", async || {
        heard().filter(|frame| frame.is("ChannelDestroyed")).count() == calls + 1
    })
    .await;
    let mut frames = BTreeMap::<String, Vec<Frame>>::new();
    for frame in heard() {
        if let Some(channel) = frame.channel() {
            frames.entry(channel.to_owned()).or_default().push(frame);
        }
    }
    let told: Told = frames
        .iter()
        .map(|(channel, frames)| (channel.clone(), frames.iter().map(|frame| frame.to(CHANNELS)).collect()))
        .collect();
    assert!(frames.values().flatten().any(|frame| frame.is("Dial")), "one was dialled");
    reader
        .until("the events of all channels", |messages| count(&of_channels(messages)) >= count(&told))
        .await;

    reader
        .until("the ends of the application", |messages| {
            let events = of_application(messages).into_values().flatten();
            events.filter(|event| kind(event) == "StasisEnd").count() >= calls
        })
        .await;

    // The manager interface: on NATS the reader has all of its events, on RabbitMQ one type.
    let managed = || -> Vec<Value> {
        let events = session.all().into_iter().map(|lines| from_lines(&lines));
        let is_read = |event: &Value| {
            event["Uniqueid"].is_string()
                && event["Event"] != "VarSet"
                && (kind_of_bus == Kind::Nats || event["Event"] == "Newchannel")
        };
        events.filter(is_read).collect()
    };
    eventually("the end of all channels in the manager interface", async || {
        session.all().iter().filter(|lines| lines[0] == "Event: Hangup").count() == calls + 1
    })
    .await;
    let managed = managed();
    assert_eq!(managed.iter().filter(|event| event["Event"] == "Newchannel").count(), calls + 1);
    reader.until("the manager's events", |messages| of_manager(messages).len() >= managed.len()).await;

    proxy.stop().await;
    let messages = reader.messages();
    let streamed = of_channels(&messages);
    assert_eq!(streamed.keys().collect::<Vec<_>>(), told.keys().collect::<Vec<_>>());
    for (channel, events) in &streamed {
        is_the_same(events, &told[channel]);
    }
    let streamed = of_application(&messages);
    assert_eq!(streamed.len(), calls);
    for (channel, events) in &streamed {
        was_all_of_its_stay(events, &frames[channel], "hello");
    }
    let manager = of_manager(&messages);
    for (published, wanted) in manager.iter().zip(&managed) {
        assert_eq!(published, wanted);
    }
    assert_eq!(manager.len(), managed.len());
    for message in &messages {
        let header = |name: &str| message.headers.get(name).map(String::as_str);
        let category = if message.key.starts_with("stasis.ami.") { "ami" } else { "stasis" };
        let application = message.key.strip_prefix("stasis.app.");
        assert_eq!(
            (header("name"), header("category"), header("application_name")),
            (Some(&*message.name()), Some(category), application)
        );
        assert_eq!(message.json()["application"].as_str(), application, "{}", message.body);
    }
    let ids: BTreeSet<&String> = messages.iter().map(|message| &message.id).collect();
    assert_eq!(ids.len(), messages.len(), "each has an id of its own");
    let names: Vec<_> = messages.iter().map(Message::name).collect();
    assert!(!names.iter().any(|name| name == "ChannelVarset" || name == "VarSet"), "{names:?}");
    println!(
        "{kind_of_bus:?}: {calls} calls, {} messages: {} of channels, {} of the application, {} of the manager interface",
        messages.len(),
        count(&told),
        count(&streamed),
        manager.len()
    );
}
