//! A new proxy process takes over under load: readers get every event once, whichever process heard it; those of the manager interface,
//! which both hear for a moment, at least once.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::Setup,
    crew::{ALONE, Crew},
    on_a_bus,
    phones::Phones,
    programs,
    proxies::Ari,
    wait::{DEADLINE, eventually, ok},
    worlds::{start_asterisk, until_registered},
};
use serde_json::json;
use tokio::time::sleep;

use super::readers::{Message, Reader};

on_a_bus!(nats, ari_tests::brokers::Setup::Nats, every_event_is_published_once_over_an_upgrade);
on_a_bus!(rabbitmq, ari_tests::brokers::Setup::Shared, every_event_is_published_once_over_an_upgrade);

/// What changes a variable of the channel, numbered from 1.
const VARIABLE: &str = "NUMBER";

/// Between two of them.
const PAUSE: Duration = Duration::from_millis(2);

/// The numbers under keys that begin so.
fn numbers(messages: &[Message], key: &str) -> Vec<u64> {
    let of_key = messages.iter().filter(|message| message.key.starts_with(key));
    let data = of_key.map(Message::data).filter(|data| data["variable"] == VARIABLE);
    data.filter_map(|data| data["value"].as_str()?.parse().ok()).collect()
}

/// Those that the manager interface told.
fn managed(messages: &[Message]) -> BTreeSet<u64> {
    let of_key = messages.iter().filter(|message| message.key == "stasis.ami.VarSet");
    let data = of_key.map(Message::data).filter(|data| data["Variable"] == VARIABLE);
    data.filter_map(|data| data["Value"].as_str()?.parse().ok()).collect()
}

async fn every_event_is_published_once_over_an_upgrade(setup: Setup) {
    let _alone = ALONE.lock().await;
    let crew = Crew::new(setup, programs!()).await;
    let asterisk = start_asterisk(AsteriskOptions::new().application(&crew.application)).await;
    let ari = Ari::from(&asterisk);
    let mut config = crew.config_for(&ari, &crew.broker.url());
    let manager = json!({
        "address": asterisk.ami_address().to_string(), "user": asterisk.user(), "secret": asterisk.password(),
    });
    config["stream"] = json!({"channels": true, "channelvarset": true, "ami": manager});
    config["dialog"] = json!({"offer_deadline": "10m"});
    let keys = if setup == Setup::Nats { ["stasis.>"] } else { ["stasis.#"] };
    let reader = Reader::of(&crew.broker, &keys).await;
    let mut proxy = crew.start_proxy(&config);
    until_registered(&asterisk, &crew.application).await;
    reader.until("that all have begun", |messages| messages.len() >= 3).await;
    let phones = Phones::to(ari);
    phones.call("numbered").await;
    reader.until("the call", |messages| messages.iter().any(|one| one.name() == "StasisStart")).await;

    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let setting = tokio::spawn(async move {
        let mut n = 0;
        while !stopped.load(Ordering::SeqCst) {
            n += 1;
            phones.set("numbered", VARIABLE, &n.to_string()).await;
            sleep(PAUSE).await;
        }
        n
    });
    for _ in 0..3 {
        let before = reader.messages().len();
        reader.until("events", |messages| messages.len() > before + 50).await;
        let new = crew.start_successor(&config);
        let status = ok(proxy.ended(DEADLINE).await);
        assert!(status.success(), "{status}:\n{}\n{}", proxy.output(), new.output());
        proxy = new;
    }
    let before = reader.messages().len();
    reader.until("events of the last one", |messages| messages.len() > before + 50).await;
    stop.store(true, Ordering::SeqCst);
    let last = ok(setting.await);
    let wanted: Vec<u64> = (1..=last).collect();
    let of_application = format!("stasis.app.{}", crew.application);
    for key in [&*of_application, "stasis.channel."] {
        eventually("the last number", async || numbers(&reader.messages(), key).last() == Some(&last)).await;
        let came = numbers(&reader.messages(), key);
        let missing = wanted.iter().filter(|n| !came.contains(n)).count();
        assert!(came == wanted, "{key}: {} of {last} came, {missing} are missing", came.len());
    }
    eventually("the last number from the manager interface", async || {
        managed(&reader.messages()).last() == Some(&last)
    })
    .await;
    let came = managed(&reader.messages());
    assert!(came.iter().eq(&wanted), "{} of {last} came from the manager interface", came.len());
    let gaps = reader.messages().iter().filter(|message| message.name() == "ProxyGap").count();
    assert_eq!(gaps, 3, "of the first process alone");
    println!("{setup:?}: {last} events over 3 upgrades, each once in both streams");
    proxy.stop().await;
}
