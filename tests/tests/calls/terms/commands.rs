//! Which commands run, in which order, how often.

use std::time::Duration;

use ari_tests::{brokers::Kind, desk::Owned, on_both_buses, worlds::Simulated};
use asterisk_sim::RestFault;
use serde_json::{Value, json};

use super::hand::{Hand, world};

on_both_buses!(
    commands_run_in_the_order_of_their_numbers,
    a_gap_is_given_up_and_its_numbers_are_used_up,
    a_repeated_command_runs_once,
);

/// The variables that were set, in the order in which Asterisk had them.
fn set(world: &Simulated) -> Vec<String> {
    let requests =
        world.simulator.requests().into_iter().filter(|request| request.is("POST", "/channels/*/variable"));
    let name = |body: &[u8]| {
        serde_json::from_slice::<Value>(body).map(|body| body["variable"].as_str().map(str::to_owned))
    };
    requests.filter_map(|request| name(&request.body).ok().flatten()).collect()
}

/// Sends a command with a number that sets a variable of its own.
async fn send(dialog: &Owned<'_>, channel: &str, number: u64, name: &str) {
    let url = format!("/channels/{channel}/variable");
    let body = json!({ "variable": name, "value": "1" });
    dialog
        .send(&json!({ "unique_id": name, "cmd_seq": number, "method": "POST", "url": url, "body": body }))
        .await;
}

async fn commands_run_in_the_order_of_their_numbers(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, dialog) = hand.take().await;
    for number in [3, 1, 4, 2, 5] {
        send(&dialog, call.channel_id(), number, &format!("V{number}")).await;
    }
    assert_eq!(dialog.answer("V5").await.0, 204);
    assert_eq!(set(&world), ["V1", "V2", "V3", "V4", "V5"]);
    // One that is refused uses up its number like any other.
    dialog.send(&json!({ "unique_id": "bad", "cmd_seq": 6, "method": "PATCH", "url": "/channels" })).await;
    dialog.send(&json!({ "unique_id": "worse", "cmd_seq": 7, "method": "GET" })).await;
    send(&dialog, call.channel_id(), 8, "V8").await;
    assert_eq!(dialog.answer("V8").await.0, 204);
    assert_eq!((dialog.answer("bad").await.0, dialog.answer("worse").await.0), (405, 400));
    world.proxy.stop().await;
}

async fn a_gap_is_given_up_and_its_numbers_are_used_up(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, dialog) = hand.take().await;
    for number in [1, 3, 4] {
        send(&dialog, call.channel_id(), number, &format!("V{number}")).await;
    }
    assert_eq!(dialog.answer("V1").await.0, 204);
    for late in ["V3", "V4"] {
        let (status, text) = dialog.answer(late).await;
        assert!(status == 409 && text.contains("cmd_seq"), "{status} {text}");
    }
    send(&dialog, call.channel_id(), 2, "V2").await;
    assert_eq!(dialog.answer("V2").await.0, 409);
    send(&dialog, call.channel_id(), 5, "V5").await;
    assert_eq!(dialog.answer("V5").await.0, 204);
    assert_eq!(set(&world), ["V1", "V5"]);
    world.proxy.stop().await;
}

async fn a_repeated_command_runs_once(kind: Kind) {
    let world = world(kind).await;
    let hand = Hand::join(&world).await;
    let call = world.simulator.call(&world.application).place();
    let (_, dialog) = hand.take().await;
    let late = RestFault::on("POST", "/channels/*/variable").times(1).late(Duration::from_millis(300));
    world.simulator.faults().add(late);
    // While it runs, afterwards, with its number and without.
    for _ in 0..3 {
        send(&dialog, call.channel_id(), 1, "ONCE").await;
    }
    assert_eq!(dialog.answer("ONCE").await.0, 204);
    let answers = dialog.answers().len();
    send(&dialog, call.channel_id(), 1, "ONCE").await;
    let more = |letters: &[Value]| (letters.len() > answers).then(|| letters.last().cloned()).flatten();
    let again = hand.desk.until(&dialog.responses_topic, "the same answer again", more).await;
    assert_eq!((&again["unique_id"], &again["status_code"]), (&json!("ONCE"), &json!(204)));
    let url = format!("/channels/{}/variable", call.channel_id());
    let other = json!({ "unique_id": "ONCE", "method": "POST", "url": url, "body": { "variable": "OTHER", "value": "1" } });
    dialog.send(&other).await;
    let refused = |letters: &[Value]| letters.iter().find(|letter| letter["status_code"] == 409).cloned();
    hand.desk.until(&dialog.responses_topic, "another command with this id is refused", refused).await;
    // Without an id nothing is known of a command.
    for _ in 0..2 {
        let body = json!({ "variable": "TWICE", "value": "1" });
        dialog.send(&json!({ "method": "POST", "url": url, "body": body })).await;
    }
    assert_eq!(dialog.command("GET", &format!("/channels/{}", call.channel_id()), json!("")).await.0, 200);
    assert_eq!(set(&world), ["ONCE", "TWICE", "TWICE"]);
    world.proxy.stop().await;
}
