//! Which events come how often.

use ari_tests::{brokers::Kind, desk::ari, on_both_buses, wait::eventually};
use asterisk_sim::LoadPlan;
use serde_json::{Value, json};

use super::hand::{Hand, digits, say, world};

on_both_buses!(
    what_is_not_acknowledged_comes_again,
    what_is_asked_for_comes_again,
    what_passed_the_bound_is_told_to_the_next_owner,
);

async fn what_is_not_acknowledged_comes_again(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, dialog) = hand.take().await;
    dialog.event("StasisStart").await;
    assert_eq!(say(&dialog, json!({ "control": "ack", "term": 1, "seq": 1 })).await, 204);
    call.dtmf("1");
    let copies = |kind: &str| dialog.copies().iter().filter(|event| event["type"] == kind).count();
    eventually("the digit three times", async || copies("ChannelDtmfReceived") >= 3).await;
    let events = dialog.copies();
    let mut same = events.iter().filter(|event| event["type"] == "ChannelDtmfReceived");
    let first = same.next().cloned().unwrap_or_default();
    assert!(same.all(|event| *event == first), "byte for byte the same, its time too: {events:#?}");
    assert_eq!(say(&dialog, json!({ "control": "ack", "term": 1, "seq": first["seq"] })).await, 204);
    assert_eq!(copies("StasisStart"), 1, "what was acknowledged does not come again");
    for wrong in
        [json!({ "control": "ack", "term": 1, "seq": 99 }), json!({ "control": "ack", "term": 2, "seq": 1 })]
    {
        assert_eq!(say(&dialog, wrong).await, 400);
    }
    world.proxy.stop().await;
}

async fn what_is_asked_for_comes_again(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, dialog) = hand.take().await;
    call.dtmf("1234");
    eventually("four digits", async || digits(&dialog) == "1234").await;
    let before = dialog.copies().len() as u64;
    assert_eq!(say(&dialog, json!({ "control": "resend", "term": 1, "from": 2 })).await, 204);
    hand.desk
        .until(&dialog.events_topic, "everything from 2 on again", |events| {
            let again: Vec<u64> =
                events[before as usize..].iter().filter_map(|event| event["seq"].as_u64()).collect();
            (again.len() as u64 >= before - 1
                && again[..before as usize - 1] == (2..=before).collect::<Vec<_>>()[..])
                .then_some(())
        })
        .await;
    assert_eq!(say(&dialog, json!({ "control": "resend", "term": 1, "from": 1000 })).await, 400);
    world.proxy.stop().await;
}

async fn what_passed_the_bound_is_told_to_the_next_owner(kind: Kind) {
    /// More than is kept.
    const EVENTS: u64 = 10_500;
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let plan = LoadPlan {
        application: world.application.clone(),
        calls: 1,
        events_per_call: EVENTS,
        ..LoadPlan::default()
    };
    let load = world.simulator.load(plan);
    let (_, dialog) = hand.take().await;
    let number = |event: &Value| ari(event)["userevent"]["n"].as_u64();
    // It is looked for whenever another comes: not in all of them.
    let last =
        |events: &[Value]| events.iter().rev().take(50).find(|event| number(event) == Some(EVENTS)).cloned();
    hand.desk.until(&dialog.events_topic, "the last event", last).await;
    assert_eq!(say(&dialog, json!({ "control": "release", "term": 1 })).await, 204);
    let offer = hand.offer().await;
    let next = hand.accept(&offer).await;
    let last = hand.desk.until(&next.events_topic, "the last event again", last).await;
    let events = next.events();
    // Nobody has acknowledged the StasisStart: it comes again whatever is kept.
    assert_eq!((&events[0]["type"], &events[1]["type"]), (&json!("StasisStart"), &json!("ProxyGap")));
    let gap = ari(&events[1]);
    let (lost, kept) =
        (gap["events"].as_u64().unwrap_or_default(), last["seq"].as_u64().unwrap_or_default() - 2);
    assert_eq!(lost + kept, EVENTS, "{gap}");
    assert_eq!(number(&events[2]), Some(lost + 1), "what follows the gap is the next");
    println!("{EVENTS} events were never acknowledged: {kept} came again, {lost} were told to be lost");
    drop(load);
    world.proxy.stop().await;
}
