//! Calls whose version-1 worker dies: that protocol has no word by which one could tell, and what is done about it is
//! configured.

use std::time::Duration;

use ari_tests::{
    brokers::Kind,
    desk::{Desk, ari},
    go_worker::GoPool,
    on_both_buses,
    wait::eventually,
    worlds::{Simulated, until_ended},
};
use asterisk_sim::CallEnd;
use serde_json::{Value, json};

on_both_buses!(an_orphan_is_offered_again, an_orphan_goes_on_in_the_dialplan, an_orphan_is_left_as_it_is);

fn orphans(what: &str) -> impl FnOnce(&mut Value) {
    let dialog = json!({ "v1_orphans": what });
    move |config| config["dialog"] = dialog
}

/// A call whose version-1 worker has answered it and is no more.
async fn orphaned(world: &Simulated) -> asterisk_sim::Call {
    let pool = GoPool::join(world.broker, &world.application).await;
    let call = world.simulator.call(&world.application).place();
    let app_start = pool.app_start().await;
    let mut dialog = pool.take(&app_start, Duration::ZERO).await;
    assert_eq!(dialog.event().await["type"], "StasisStart");
    call
}

async fn an_orphan_is_offered_again(kind: Kind) {
    let world = Simulated::new(kind, orphans("offer")).await;
    let call = orphaned(&world).await;
    let desk = Desk::open(world.broker.connect("next").await).await;
    let mut pool = desk.join(&world.application).await;
    // What Asterisk sends shows that nobody reads; RabbitMQ tells it without.
    call.dtmf("1");
    let offer = pool.offer().await;
    assert_eq!((&offer["resume"], &offer["term"]), (&json!(true), &json!(2)));
    let start: Value = serde_json::from_str(offer["start"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(start["channel"]["id"], call.channel_id());
    let dialog = desk.accept(&offer).await;
    assert_eq!(dialog.answer("accept").await.0, 204);
    call.dtmf("2");
    let pressed = |digit: &str| dialog.events().iter().any(|event| ari(event)["digit"] == digit);
    eventually("the next digit", async || pressed("2")).await;
    assert_eq!(dialog.command("DELETE", &format!("/channels/{}", call.channel_id()), json!("")).await.0, 204);
    dialog.event("ProxyEnded").await;
    world.proxy.stop().await;
}

async fn an_orphan_goes_on_in_the_dialplan(kind: Kind) {
    let world = Simulated::new(kind, orphans("continue")).await;
    let call = orphaned(&world).await;
    call.dtmf("1");
    let end = until_ended(&call).await;
    assert!(matches!(end, CallEnd::Continued { .. }), "{end:?}");
    world.proxy.stop().await;
}

async fn an_orphan_is_left_as_it_is(kind: Kind) {
    let world = Simulated::new(kind, |_| {}).await;
    let call = orphaned(&world).await;
    call.dtmf("1");
    // Another call of another worker comes and goes meanwhile.
    let desk = Desk::open(world.broker.connect("other").await).await;
    let mut pool = desk.join(&world.application).await;
    let _other = world.simulator.call(&world.application).place();
    let offer = pool.offer().await;
    assert_eq!(offer["term"], 1);
    assert_eq!(world.simulator.count_requests("POST", "/channels/*/continue"), 0);
    assert!(call.state().end.is_none());
    world.proxy.stop().await;
}
