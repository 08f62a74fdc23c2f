//! What a heartbeat says and is told.

use ari_tests::{brokers::Kind, on_both_buses, wait::eventually};
use serde_json::{Value, json};

use super::hand::{Hand, digits, say, world};

on_both_buses!(
    a_reply_lists_what_is_the_workers_own,
    events_and_answers_go_where_a_heartbeat_says,
    what_is_no_heartbeat_is_refused_or_dropped,
);

async fn a_reply_lists_what_is_the_workers_own(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let _call = world.simulator.call(&world.application).place();
    let (offer, dialog) = hand.take().await;
    dialog.event("StasisStart").await;
    let root = &offer["root"];
    let named = json!([{ "root": root, "term": 1 }, { "root": "nobody's", "term": 1 }]);
    let reply = hand.beat(&dialog, named).await;
    let own = json!([{ "root": root, "term": 1, "seq": 1, "commands": offer["commands"] }]);
    assert_eq!(reply["dialogs"], own);
    assert!(
        reply["incarnation"]
            .as_str()
            .is_some_and(|id| offer["commands"].as_str().is_some_and(|topic| topic.contains(id)))
    );
    // Unasked, as long as it has not said that it has the last event.
    assert_eq!(hand.beat(&dialog, json!([])).await["dialogs"], own);
    assert_eq!(hand.beat(&dialog, json!([{ "root": root, "term": 1, "seq": 1 }])).await["dialogs"], own);
    assert_eq!(hand.beat(&dialog, json!([])).await["dialogs"], json!([]));
    assert_eq!(
        hand.beat(&dialog, json!([{ "root": root, "term": 2 }])).await["dialogs"],
        json!([]),
        "another term"
    );
    let other = Hand::join(&world).await;
    assert_eq!(
        other.beat(&dialog, json!([{ "root": root, "term": 1 }])).await["dialogs"],
        json!([]),
        "another worker"
    );
    world.proxy.stop().await;
}

async fn events_and_answers_go_where_a_heartbeat_says(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (offer, dialog) = hand.take().await;
    dialog.event("StasisStart").await;
    let moved = hand.desk.owned(&offer);
    let topics = json!([{ "root": offer["root"], "term": 1, "events": moved.events_topic, "responses": moved.responses_topic }]);
    hand.beat(&dialog, topics).await;
    call.dtmf("1");
    eventually("the digit at the new topic", async || digits(&moved).contains('1')).await;
    assert_eq!(say(&moved, json!({ "control": "ack", "term": 1, "seq": 1 })).await, 204);
    // Not where proxies and brokers read.
    let bad =
        json!([{ "root": offer["root"], "term": 1, "events": "$SYS.x", "responses": world.application }]);
    hand.beat(&moved, bad).await;
    call.dtmf("2");
    eventually("the next digit in the same place", async || digits(&moved).contains('2')).await;
    world.proxy.stop().await;
}

async fn what_is_no_heartbeat_is_refused_or_dropped(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let _call = world.simulator.call(&world.application).place();
    let (_, dialog) = hand.take().await;
    for noise in
        ["", "{", "[]", "null", r#"{"control":"heartbeat"}"#, "\u{0}", r#"{"unique_id":7,"responses":[]}"#]
    {
        hand.control(noise).await;
    }
    let responses = &dialog.responses_topic;
    let bad: [(&str, Value, u64); 4] = [
        ("1", json!({ "control": "heartbeat", "load": 1 }), 400),
        ("2", json!({ "control": "heartbeat", "load": 1, "worker_id": "x".repeat(300) }), 400),
        ("3", json!({ "control": "sing" }), 400),
        ("4", json!({ "control": "heartbeat", "load": -1, "worker_id": "w" }), 400),
    ];
    for (id, mut message, status) in bad {
        (message["unique_id"], message["responses"]) = (json!(id), json!(responses));
        hand.control(&message.to_string()).await;
        assert_eq!(dialog.answer(id).await.0, status, "{message}");
    }
    // An id that is too long is not repeated.
    let long = json!({ "control": "heartbeat", "load": 1, "worker_id": "w", "unique_id": "x".repeat(300), "responses": responses });
    hand.control(&long.to_string()).await;
    assert_eq!(dialog.answer("").await.0, 400);
    hand.beat(&dialog, json!([])).await;
    world.proxy.stop().await;
}
