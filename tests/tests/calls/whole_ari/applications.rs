//! Applications, and the events of one's own.

use ari_client::{
    Method, Result,
    ari::{Event, SettableDeviceState, applications, channels, device_states, events},
};
use serde_json::json;

use super::bench::Bench;

pub(crate) async fn all(bench: &Bench) -> Result {
    let spare = &bench.spare;
    let found = bench.run(applications::List::new()).await?;
    assert!(found.iter().any(|one| one.name == bench.call.application()));
    let source = ["deviceState:Stasis:bell"];
    let subscribed = bench.run(applications::Subscribe::new(spare, source)).await?;
    assert_eq!(subscribed.device_names.len(), 1);
    bench.run(device_states::Update::new("Stasis:bell", SettableDeviceState::Ringing)).await?;
    bench
        .find("the bell", |event| match event {
            Event::DeviceStateChanged(change) if change.application == *spare.as_str() => Some(()),
            _ => None,
        })
        .await;
    bench.run(applications::Unsubscribe::new(spare, source)).await?;
    let filter = json!({ "disallowed": [{ "type": "ChannelVarset" }] });
    bench.run(applications::Filter::new(spare).filter(filter)).await?;
    assert_eq!(bench.run(applications::Get::new(spare)).await?.events_disallowed.len(), 1);

    let event = events::UserEvent::new("mine", bench.call.application());
    let source = format!("channel:{}", bench.own());
    bench.run(event.source([source]).variables([("deep", json!([1]))])).await?;
    broadcast(bench).await?;
    let upgrade = bench.call.command(Method::Get, "/events").query("app", spare.as_str()).await;
    bench.records.ledger.note(events::EVENT_WEBSOCKET, upgrade.map(|answer| answer.status()));
    Ok(())
}

/// Claims a call that is offered to all applications.
async fn broadcast(bench: &Bench) -> Result {
    let call = channels::Originate::new("Local/broadcast@default/n").context("default").extension("park");
    bench.run(call.priority(1)).await?;
    let offered = bench.find("the broadcast", |event| match event {
        Event::CallBroadcast(offer) => Some(offer.channel.id.clone()),
        _ => None,
    });
    let offered = offered.await;
    bench.run(events::ClaimChannel::new(&offered, bench.call.application())).await?;
    // All to whom it was offered are told.
    let winner = bench.find("the claim", |event| match event {
        Event::CallClaimed(claim) if claim.channel.id == offered => Some(claim.winner_app.clone()),
        _ => None,
    });
    assert_eq!(winner.await, bench.call.application());
    Ok(())
}
