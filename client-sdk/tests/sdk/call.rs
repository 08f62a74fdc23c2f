//! One call of a version-2 proxy, from its offer to its end.

use crate::common::{Running, hand_over, proxy::Dialog, soon};
use ari_bus::{
    Bus, Topics,
    memory::MemoryBus,
    protocol::{Control, Incoming, parse_incoming},
};
use ari_client::{Call, CallEnd};
use serde_json::json;

#[tokio::test]
async fn a_call_is_answered_played_to_and_hung_up() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            let channel = call.channel();
            channel.answer().await?;
            channel.play("sound:hello-world").await?.finished().await?;
            channel.hangup().await
        },
    );
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    assert_eq!((proxy.accept.term, proxy.accept.worker_id.is_some()), (1, true));

    proxy.expect("POST", "/channels/17.1/answer", 204).await;
    let play = proxy.next_command().await;
    let body: serde_json::Value = serde_json::from_str(play.body.as_deref().unwrap()).unwrap();
    assert_eq!((play.url.as_ref(), &body["media"]), ("/channels/17.1/play", &json!("sound:hello-world")));
    assert_eq!(play.cmd_seq, Some(2));
    // The end of the playback before the answer to its beginning: that happens.
    let playback = json!({ "id": body["playbackId"], "target_uri": "channel:17.1", "state": "done" });
    proxy.event(json!({ "type": "PlaybackFinished", "playback": playback })).await;
    proxy.answer(&play.unique_id, 201, b"{}").await;
    proxy.expect("DELETE", "/channels/17.1", 204).await;
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_call_knows_who_calls_whom_and_reads_its_events_in_order() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    assert_eq!((call.application(), call.channel().id(), call.dialed()), ("hello", "17.1", "1000"));
    assert_eq!((call.caller().name.as_str(), call.caller().number.as_str()), ("Alice", "+15550100"));
    assert_eq!(call.args(), ["a", "b c"]);
    assert_eq!((call.term(), call.server_id(), call.root()), (1, "sim", call.dialog_id()));
    assert_eq!((call.start().kind(), call.start().seq()), ("StasisStart", Some(1)));
    for n in 0..50 {
        proxy.event(json!({ "type": "ChannelUserevent", "n": n })).await;
    }
    proxy.end().await;
    let mut events = call.events();
    let mut numbers = Vec::new();
    while let Some(event) = soon(events.next()).await {
        numbers.push(event.seq().unwrap());
    }
    assert_eq!(numbers, (1..=53).collect::<Vec<_>>());
    assert_eq!((events.end(), call.ended().await), (Some(CallEnd::Ended), CallEnd::Ended));
    worker.stopped().await;
}

#[tokio::test]
async fn one_worker_serves_several_applications() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker.application("other"));
    for application in ["hello", "other"] {
        let mut proxy = Dialog::new(&bus, "17.1").await;
        proxy.offer.application = application.to_owned();
        proxy.offer_again().await;
        proxy.start().await;
        assert_eq!(soon(calls.recv()).await.unwrap().application(), application);
        proxy.end().await;
    }
    worker.stopped().await;
}

#[tokio::test]
async fn the_prefix_stands_before_every_topic() {
    let bus = MemoryBus::new();
    let (worker, _calls) = hand_over(&bus, |worker| worker.prefix("acme."));
    let mut commands = bus.subscribe(Topics::One("acme.ari.sim.1.9".to_owned())).await.unwrap();
    let mut proxy = Dialog::new(&bus, "17.1").await;
    proxy.offer.commands = Some("acme.ari.sim.1.9".to_owned());
    proxy.offer_to("acme.hello").await;
    let message = soon(commands.next()).await.unwrap();
    let Incoming::Control(Control::Accept(accept)) = parse_incoming(&message.payload) else {
        panic!("{message:?}")
    };
    for topic in [&accept.events, &accept.responses] {
        assert!(topic.starts_with("acme.ari.worker."), "{topic}");
    }
    proxy.accept = accept;
    proxy.event(crate::common::stasis_start("17.1")).await;
    proxy.end().await;
    worker.stopped().await;
}
