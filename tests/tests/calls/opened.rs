//! Dialogs that workers open, by hand on real brokers and the real Asterisk: the protocol as its document tells it.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, Owned, ari},
    on_both_buses,
    wait::eventually,
    worlds::Real,
};
use serde_json::{Value, json};

on_both_buses!(
    a_call_that_a_worker_makes_is_its_own,
    an_open_that_is_said_again_opens_no_other,
    one_that_cannot_be_opened_is_refused_with_a_reason,
    without_a_channel_it_ends_with_its_worker,
    a_call_whose_worker_dies_goes_to_another,
    a_leg_that_rings_when_nobody_goes_on_is_hung_up,
);

async fn world(kind: Kind) -> Real<'static> {
    world_with(kind, "30s").await
}

/// In which a dialog is offered for so long.
async fn world_with(kind: Kind, offer_deadline: &str) -> Real<'static> {
    let options = AsteriskOptions::new().extensions("exten => rings,1,Ringing()\n same => n,Wait(3600)\n");
    Real::with(Broker::shared(kind).await, options, |config| {
        config["dialog"] = json!({ "linger": "300ms", "offer_deadline": offer_deadline });
    })
    .await
}

/// Originates a channel that is answered at once, into the application.
async fn call(dialog: &Owned<'_>, application: &str, channel: &str) {
    let leg = json!({ "endpoint": "Local/park@default", "app": application, "channelId": channel });
    let (status, body) = dialog.command("POST", "/channels", leg).await;
    assert_eq!(status, 200, "{body}");
}

async fn a_call_that_a_worker_makes_is_its_own(kind: Kind) {
    let world = world(kind).await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let mut pool = desk.join(&world.application).await;
    let dialog = desk.open_dialog(&world.application).await;
    assert_eq!(dialog.reply["term"], 1);
    assert_eq!(dialog.reply["root"], dialog.reply["dialog_id"]);
    call(&dialog.owned, &world.application, "leg-1").await;
    let start = dialog.owned.event("StasisStart").await;
    assert_eq!(ari(&start)["channel"]["id"], "leg-1");
    assert_eq!((&start["dialog_id"], &start["term"]), (&dialog.reply["dialog_id"], &json!(1)));
    assert_eq!(dialog.owned.command("DELETE", "/channels/leg-1", json!(null)).await.0, 204);
    dialog.owned.event("ProxyEnded").await;
    let numbers: Vec<u64> =
        dialog.owned.events().iter().map(|event| event["seq"].as_u64().unwrap_or_default()).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");

    // The pool was asked for nothing of it: the next call is the next offer.
    ari_tests::phones::Phones::to(ari_tests::proxies::Ari::from(&world.asterisk)).call("incoming").await;
    let offer = pool.offer().await;
    let start: Value = serde_json::from_str(offer["start"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(start["channel"]["id"], "incoming", "{offer}");
    world.proxy.stop().await;
}

async fn an_open_that_is_said_again_opens_no_other(kind: Kind) {
    let world = world(kind).await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let first = desk.open_dialog(&world.application).await;
    let again = desk.open_as(&world.application, first.owned).await;
    assert_eq!(again.reply, first.reply);
    let other = desk.open_dialog(&world.application).await;
    assert_ne!(other.reply["root"], first.reply["root"]);
    world.proxy.stop().await;
}

async fn one_that_cannot_be_opened_is_refused_with_a_reason(kind: Kind) {
    let world = world(kind).await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let refused = async |change: Value| desk.refused(&world.application, &world.application, change).await;
    for (change, status, part) in [
        (json!({ "application": "nobodys" }), 404, "application"),
        (json!({ "events": "ari.pbx.1.x" }), 400, "events"),
        (json!({ "worker_id": "" }), 400, "worker_id"),
        (json!({ "worker_id": "w".repeat(10_000) }), 400, "worker_id"),
        (json!({ "unique_id": "u".repeat(10_000) }), 400, "unique_id"),
        (json!({ "events": null }), 400, "expected a string"),
    ] {
        let (got, text) = refused(change.clone()).await;
        assert!(got == status && text.contains(part), "{change}: {got} {text}");
    }
    world.proxy.stop().await;
}

async fn without_a_channel_it_ends_with_its_worker(kind: Kind) {
    let world = world(kind).await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let mut pool = desk.join(&world.application).await;
    let dialog = desk.open_dialog(&world.application).await;
    dialog.owned.send(&json!({ "control": "release", "term": 1, "unique_id": "bye" })).await;
    assert_eq!(dialog.owned.answer("bye").await.0, 204);
    // Nobody is offered what has nothing: the next call is the next offer.
    ari_tests::phones::Phones::to(ari_tests::proxies::Ari::from(&world.asterisk)).call("incoming").await;
    assert_eq!(pool.offer().await["resume"], Value::Null);
    let late = json!({ "unique_id": "late", "method": "GET", "url": "/channels", "body": null });
    dialog.owned.send(&late).await;
    desk.fence().await;
    assert!(dialog.owned.answers().iter().all(|answer| answer["unique_id"] != "late"));
    world.proxy.stop().await;
}

async fn a_call_whose_worker_dies_goes_to_another(kind: Kind) {
    let world = world(kind).await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let mut pool = desk.join(&world.application).await;
    let dialog = desk.open_dialog(&world.application).await;
    // One heartbeat: from now on its silence means something.
    desk.beat(&world.application, "by hand").await;
    call(&dialog.owned, &world.application, "leg-1").await;
    dialog.owned.event("StasisStart").await;
    let offer = pool.offer().await;
    assert_eq!((&offer["resume"], &offer["root"]), (&json!(true), &dialog.reply["root"]));
    assert_eq!((&offer["term"], &offer["objects"][0]["id"]), (&json!(2), &json!("leg-1")), "{offer}");
    let start: Value = serde_json::from_str(offer["start"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(start["channel"]["id"], "leg-1", "{offer}");
    let next = desk.accept(&offer).await;
    assert_eq!(next.command("DELETE", "/channels/leg-1", json!(null)).await.0, 204);
    next.event("ProxyEnded").await;
    eventually("no channel", async || world.asterisk.channels().await.is_ok_and(|channels| channels == 0))
        .await;
    world.proxy.stop().await;
}

async fn a_leg_that_rings_when_nobody_goes_on_is_hung_up(kind: Kind) {
    let world = world_with(kind, "1s").await;
    let desk = Desk::open(world.broker.connect("desk").await).await;
    let dialog = desk.open_dialog(&world.application).await.owned;
    let leg = json!({ "endpoint": "Local/rings@default", "app": world.application, "channelId": "leg-1" });
    assert_eq!(dialog.command("POST", "/channels", leg).await.0, 200);
    dialog.send(&json!({ "control": "release", "term": 1 })).await;
    eventually("no channel", async || world.asterisk.channels().await.is_ok_and(|channels| channels == 0))
        .await;
    world.proxy.stop().await;
}
