//! A worker that speaks typed ARI alone, with a real proxy and a real Asterisk.

use std::time::Duration;

use ari_client::{
    Call, EventStream, Worker,
    ari::{
        Event, HangupReason, IfExists, InfoSection, PlaybackState, asterisk, bridges, channels,
        device_states, events, recordings,
    },
};
use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    wait::{ok, soon},
    worlds::Real,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

on_both_buses!(a_whole_call_is_typed);

async fn a_whole_call_is_typed(kind: Kind) {
    let open = |config: &mut Value| {
        config["policy"] = json!({"default": {"allow": ["GET /asterisk/info"]}});
    };
    let world = Real::with(Broker::shared(kind).await, AsteriskOptions::new(), open).await;
    let (sender, mut results) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await);
    let run = worker.application(&world.application).shutdown(stop.clone()).run(move |call: Call| {
        let sender = sender.clone();
        async move {
            let result = handle(&call).await;
            let _ = sender.send(result.clone()).await;
            result
        }
    });
    let worker = tokio::spawn(run);
    let report = ok(Sipp::call(&world.asterisk, &Scenario::Answered, &SippOptions::new()).await);
    let result = soon("the handler's end", results.recv()).await;
    assert!(matches!(result, Some(Ok(()))), "{result:?}");
    assert!(report.all_went_well(1), "{}\n{}", report.errors, world.asterisk.log());
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
    world.proxy.stop().await;
}

/// The next event that this finds something in.
async fn find<T>(events: &mut EventStream, look: impl Fn(Event) -> Option<T>) -> T {
    soon("an event", async {
        loop {
            let Some(event) = events.next().await else { panic!("the call is over") };
            if let Some(found) = look(event.typed()) {
                return found;
            }
        }
    })
    .await
}

async fn handle(call: &Call) -> ari_client::Result {
    let own = call.channel();
    let mut stream = call.events();
    call.run(channels::Answer::new(&own)).await?;

    let info = call.run(asterisk::GetInfo::new().only([InfoSection::System, InfoSection::Status])).await?;
    assert!(info.system.is_some() && info.status.is_some() && info.build.is_none());
    call.run(device_states::Update::new("Stasis:lamp", ari_client::ari::SettableDeviceState::InUse)).await?;

    call.run(channels::SetChannelVars::new(&own, [("A", "a,b"), ("B", "+")])).await?;
    let read = call.run(channels::GetChannelVars::new(&own, ["A", "B"])).await?;
    assert_eq!((&read.variables["A"], &read.variables["B"]), (&json!("a,b"), &json!("+")));

    let playback = call.run(channels::Play::new(&own, ["digits:1", "sound:hello-world"]).lang("en")).await?;
    let ended = find(&mut stream, |event| match event {
        Event::PlaybackFinished(ended) => Some(ended.playback),
        _ => None,
    });
    let ended = ended.await;
    assert_eq!((ended.id, ended.state), (playback.id, PlaybackState::Done));

    let name = format!("typed-{}", own.id());
    let record = channels::Record::new(&own, &name, "wav").if_exists(IfExists::Overwrite).beep(false);
    call.run(record.max_duration(Duration::from_secs(1))).await?;
    let recorded = find(&mut stream, |event| match event {
        Event::RecordingFinished(ended) => Some(ended.recording),
        _ => None,
    });
    assert_eq!(recorded.await.name, name.as_str());
    let file = call.run(recordings::GetStoredFile::new(&name)).await?;
    assert!(file.starts_with(b"RIFF"), "{} bytes", file.len());
    call.run(recordings::DeleteStored::new(&name)).await?;

    let callee =
        channels::Originate::new("Local/park@default").app(call.application()).variables([("V", "1")]);
    let callee = call.run(callee.timeout(Duration::from_secs(20))).await?;
    find(&mut stream, |event| match event {
        Event::StasisStart(start) if start.channel.id == callee.id => Some(()),
        _ => None,
    })
    .await;
    let bridge = call.run(bridges::Create::new().kind("mixing").name("n")).await?;
    let both = [own.id(), callee.id.as_str()];
    call.run(bridges::AddChannel::new(&bridge.id, both).inhibit_connected_line_updates(true)).await?;
    assert_eq!(call.run(bridges::Get::new(&bridge.id)).await?.channels.len(), 2);
    call.run(bridges::Destroy::new(&bridge.id)).await?;

    let source = format!("channel:{}", own.id());
    let event = events::UserEvent::new("mine", call.application()).source([source]);
    call.run(event.variables([("n", json!({ "deep": [1] }))])).await?;
    let mine = find(&mut stream, |event| match event {
        Event::ChannelUserevent(event) if event.eventname == "mine" => Some(event),
        _ => None,
    });
    assert_eq!(mine.await.userevent["n"], json!({ "deep": [1] }));
    call.run(channels::Hangup::new(&callee.id).reason(HangupReason::Normal)).await?;
    call.run(channels::Hangup::new(&own)).await
}
