//! Who owns a dialog, and what the next owner is told.

use std::time::Duration;

use ari_tests::{
    brokers::Kind,
    desk::ari,
    on_both_buses,
    wait::{eventually, ok},
};
use asterisk_sim::RestFault;
use serde_json::{Value, json};

use super::hand::{Hand, digits, say, world};

on_both_buses!(
    a_silent_workers_call_goes_on_with_another,
    a_worker_gives_its_call_to_another,
    a_worker_without_heartbeats_keeps_its_call,
    a_call_that_ended_is_still_told_to_the_next_owner,
);

/// The number of requests that Asterisk had for a variable of this name.
fn set_in_asterisk(world: &ari_tests::worlds::Simulated, name: &str) -> usize {
    let requests = world.simulator.requests();
    let is = |body: &[u8]| serde_json::from_slice::<Value>(body).is_ok_and(|body| body["variable"] == name);
    requests.iter().filter(|request| request.is("POST", "/channels/*/variable") && is(&request.body)).count()
}

async fn a_silent_workers_call_goes_on_with_another(kind: Kind) {
    let world = world(kind).await;
    let first = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let channel = call.channel_id().to_owned();
    let (offer, dialog) = first.take().await;
    let root = offer["root"].clone();
    first.beat(&dialog, json!([{ "root": root, "term": 1 }])).await;
    let variable = format!("/channels/{channel}/variable");
    let set = |id: &str, name: &str| json!({ "unique_id": id, "method": "POST", "url": variable, "body": { "variable": name, "value": "1" } });
    dialog.send(&set("known", "KNOWN")).await;
    assert_eq!(dialog.answer("known").await.0, 204);
    call.dtmf("12");
    eventually("two digits", async || digits(&dialog) == "12").await;
    let acknowledged = dialog.events().iter().find(|event| event["type"] == "ChannelDtmfReceived").cloned();
    let acknowledged = acknowledged.unwrap_or_default()["seq"].clone();
    let save = json!({ "control": "save", "term": 1, "context": "menu=2", "ack": acknowledged });
    assert_eq!(say(&dialog, save).await, 204);
    // Asterisk takes its time for one; another waits behind it.
    let late = RestFault::on("POST", "/channels/*/variable").times(1).late(Duration::from_secs(4));
    world.simulator.faults().add(late);
    let second = Hand::join(&world).await;
    dialog.send(&set("running", "RUNNING")).await;
    dialog.send(&set("waiting", "WAITING")).await;
    eventually("the slow command", async || set_in_asterisk(&world, "RUNNING") == 1).await;

    // From here on the first worker says nothing. In its pool it may still be asked: it takes nothing either.
    let next = loop {
        tokio::select! {
            next = second.offer() => break next,
            _passed_by = first.offer() => {}
        }
    };
    assert_eq!((&next["resume"], &next["root"]), (&json!(true), &root));
    assert!(next["term"].as_u64() > Some(1), "{next}");
    assert_eq!(next["context"], "menu=2");
    assert_eq!(next["start"], offer["start"]);
    assert_eq!(next["objects"], json!([{ "type": "channel", "id": channel }]));
    let unanswered = next["unanswered"].as_array().cloned().unwrap_or_default();
    assert!(unanswered.contains(&json!("running")) && unanswered.contains(&json!("waiting")), "{next}");
    assert!(!unanswered.contains(&json!("known")), "{next}");

    let resumed = second.accept(&next).await;
    call.dtmf("3");
    eventually("the digits that were not acknowledged", async || digits(&resumed) == "23").await;
    assert_eq!(resumed.events()[0]["seq"], 1);
    dialog.event("ProxyGone").await;
    // What the old owner says now goes nowhere, its own command that waited is not run.
    dialog.send(&set("late", "LATE")).await;
    resumed.send(&set("running", "RUNNING")).await;
    resumed.send(&set("known", "KNOWN")).await;
    resumed.send(&set("waiting", "WAITING")).await;
    for id in ["running", "known", "waiting"] {
        assert_eq!(resumed.answer(id).await.0, 204, "{id}");
    }
    let counts = ["KNOWN", "RUNNING", "WAITING", "LATE"].map(|name| set_in_asterisk(&world, name));
    assert_eq!(counts, [1, 1, 1, 0]);
    assert!(dialog.answers().iter().all(|answer| answer["unique_id"] != "waiting"));
    world.proxy.stop().await;
}

async fn a_worker_gives_its_call_to_another(kind: Kind) {
    let world = world(kind).await;
    let first = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, dialog) = first.take().await;
    dialog.event("StasisStart").await;
    assert_eq!(say(&dialog, json!({ "control": "save", "term": 1, "context": "x", "ack": 1 })).await, 204);
    let answer = format!("/channels/{}/answer", call.channel_id());
    // What came before it is done before it.
    dialog.send(&json!({ "unique_id": "answer", "method": "POST", "url": answer })).await;
    assert_eq!(say(&dialog, json!({ "control": "release", "term": 7 })).await, 409);
    assert_eq!(say(&dialog, json!({ "control": "release", "term": 1 })).await, 204);
    assert_eq!(dialog.answer("answer").await.0, 204);
    let offer = first.offer().await;
    assert_eq!((&offer["resume"], &offer["context"], &offer["term"]), (&json!(true), &json!("x"), &json!(2)));
    let again = first.accept(&offer).await;
    assert_eq!(again.command("DELETE", &format!("/channels/{}", call.channel_id()), json!("")).await.0, 204);
    again.event("ProxyEnded").await;
    world.proxy.stop().await;
}

async fn a_worker_without_heartbeats_keeps_its_call(kind: Kind) {
    let world =
        ari_tests::worlds::Simulated::new(kind, |config| config["dialog"] = json!({ "lease": "200ms" }))
            .await;
    let silent = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, kept) = silent.take().await;
    kept.event("StasisStart").await;
    // Another worker, which has a lease, loses its call meanwhile.
    let other = Hand::join(&world).await;
    let _other_call = world.simulator.call(&world.application).place();
    let offer = tokio::select! {
        offer = other.offer() => offer,
        offer = silent.offer() => offer,
    };
    let lost = other.accept(&offer).await;
    other.beat(&lost, json!([])).await;
    lost.event("ProxyGone").await;
    assert_eq!(
        kept.command("POST", &format!("/channels/{}/answer", call.channel_id()), json!("")).await.0,
        204
    );
    assert!(kept.events().iter().all(|event| event["type"] != "ProxyGone"));
    world.proxy.stop().await;
}

async fn a_call_that_ended_is_still_told_to_the_next_owner(kind: Kind) {
    let world = world(kind).await;
    let first = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (offer, dialog) = first.take().await;
    let root = offer["root"].clone();
    dialog.event("StasisStart").await;
    assert_eq!(say(&dialog, json!({ "control": "ack", "term": 1, "seq": 1 })).await, 204);
    first.beat(&dialog, json!([{ "root": root, "term": 1, "seq": 1 }])).await;
    call.hangup();
    let offer = first.offer().await;
    assert_eq!((&offer["resume"], &offer["root"]), (&json!(true), &root));
    let next = first.accept(&offer).await;
    let ended = next.event("ProxyEnded").await;
    let kinds: Vec<_> = next
        .events()
        .iter()
        .map(|event| ok(serde_json::from_value::<String>(ari(event)["type"].clone())))
        .collect();
    assert!(
        kinds.contains(&"StasisEnd".to_owned()) && !kinds.contains(&"StasisStart".to_owned()),
        "{kinds:?}"
    );
    // Acknowledged to the end, it is forgotten at once.
    assert_eq!(
        say(&next, json!({ "control": "ack", "term": offer["term"], "seq": ended["seq"] })).await,
        204
    );
    world.proxy.stop().await;
}
