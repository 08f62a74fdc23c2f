//! The example `phones` with two SIPp phones, on an Asterisk without any dialplan.

#[expect(dead_code, reason = "its `main` is for who starts it, and calls what is called here")]
#[path = "../../../../client-sdk/examples/phones.rs"]
mod example;

use ari_client::Worker;
use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions, SippReport};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    wait::{eventually, ok, soon},
    worlds::Real,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

on_both_buses!(two_phones_that_were_declared_call_one_another);

const SORCERY: &str = "\
[res_pjsip]
endpoint = memory
aor = memory
auth = memory
transport = config,pjsip.conf,criteria=type=transport
";

/// What a phone does, for one of the users.
fn scenario(xml: &str, (user, password): (&str, &str), callee: &str) -> Scenario {
    let text = xml.replace("{user}", user).replace("{password}", password);
    Scenario::Xml(text.replace("{callee}", callee))
}

fn went_well(report: &SippReport) {
    assert!(report.all_went_well(1), "{}\n{}\n{}", report.errors, report.messages, report.console);
}

async fn two_phones_that_were_declared_call_one_another(kind: Kind) {
    let options = AsteriskOptions::new().bare().configuration("sorcery.conf", SORCERY);
    // As README says.
    let open = |config: &mut Value| {
        config["policy"] = json!({"default": {"allow": ["* /asterisk/config/dynamic/**"]}});
    };
    let world = Real::with(Broker::shared(kind).await, options, open).await;
    let asterisk = &world.asterisk;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await).shutdown(stop.clone());
    let application = world.application.clone();
    let serving =
        async move { example::serve(worker, &application).await.map_err(|error| error.to_string()) };
    let serving = tokio::spawn(serving);
    let phones = async || ok(asterisk.ari("GET", "/endpoints/PJSIP/bob").await).0 == 200;
    eventually("the phones that are declared", phones).await;

    let (alice, bob, once) = (("alice", "wonderland"), ("bob", "builder"), SippOptions::new());
    let called = ok(Sipp::begin(asterisk, &scenario(include_str!("callee.xml"), bob, ""), &once));
    let address = called.address().to_string();
    let registration = include_str!("registration.xml").replace("{address}", &address);
    went_well(&ok(Sipp::call(asterisk, &scenario(&registration, bob, ""), &once).await));
    let calls = ok(Sipp::begin(asterisk, &scenario(include_str!("caller.xml"), alice, "bob"), &once));

    let mut talking = Vec::new();
    eventually("the two in a bridge", async || {
        let (_, bridges) = ok(asterisk.ari("GET", "/bridges").await);
        let channels = bridges[0]["channels"].as_array().cloned().unwrap_or_default();
        talking = channels.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        talking.len() == 2
    })
    .await;
    // One of them is gone: the other is hung up, and so is the bridge.
    ok(asterisk.ari("DELETE", &format!("/channels/{}", talking[0])).await);
    went_well(&ok(calls.finish().await));
    went_well(&ok(called.finish().await));
    let nothing = async || {
        ok(asterisk.channels().await) == 0
            && ok(asterisk.ari("GET", "/bridges").await).1.as_array().is_some_and(Vec::is_empty)
    };
    eventually("the end of the call", nothing).await;

    stop.cancel();
    ok(ok(soon("the worker's end", serving).await));
    world.proxy.stop().await;
}
