//! The methods of the SDK's handles, and the kinds of their errors, with a real proxy and a real Asterisk.

use std::time::Duration;

use ari_client::{
    Call, CommandErrorKind, Result, Worker,
    ari::{ChannelState, DeviceStateName, Direction, SettableDeviceState, SnoopDirection},
};
use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    proxies::everything_allowed,
    wait::{ok, soon},
    worlds::Real,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

on_both_buses!(every_handle_does_what_it_says);

async fn every_handle_does_what_it_says(kind: Kind) {
    let open = |config: &mut Value| config["policy"] = everything_allowed();
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

async fn handle(call: &Call) -> Result {
    call.channel().answer().await?;
    media(call).await?;
    bridges(call).await?;
    asterisk(call).await?;
    wrong(call).await;
    call.channel().hangup().with(|hangup| hangup.reason_code("16")).await
}

async fn media(call: &Call) -> Result {
    let own = call.channel();
    assert_eq!(own.snapshot().await?.state, ChannelState::Up);
    own.set_variable("A", "a,b").with(|set| set.report_events(true)).await?;
    // More than a request's first line may hold.
    let long = "x".repeat(8000);
    own.set_variables([("B", "+"), ("C", &long)]).await?;
    assert_eq!((own.get_variable("A").await?, own.get_variable("C").await?), ("a,b".to_owned(), long));
    assert_eq!(own.get_variables(["A", "B"]).await?["B"], json!("+"));
    own.mute().with(|mute| mute.direction(Direction::In)).await?;
    own.unmute().await?;
    own.start_moh().with(|start| start.moh_class("default")).await?;
    own.stop_moh().await?;
    own.start_silence().await?;
    own.stop_silence().await?;
    own.send_dtmf("1").with(|dtmf| dtmf.duration(Duration::from_millis(50))).await?;
    assert_eq!(own.rtp_statistics().await?.channel_uniqueid, own.id());

    let spy = own.snoop().with(|snoop| snoop.spy(SnoopDirection::In).app_args("spy")).await?;
    spy.hangup().await?;

    let playback = own.play_all(["digits:1234", "sound:hello-world"]).with(|play| play.lang("en")).await?;
    assert_eq!(playback.snapshot().await?.id, playback.id());
    playback.stop().await?;
    playback.finished().await?;

    let name = own.id().replace('.', "-");
    let recording = own.record(format!("handles-{name}")).await?;
    recording.pause().await?;
    recording.unpause().await?;
    recording.mute().await?;
    recording.unmute().await?;
    assert_eq!(recording.snapshot().await?.name, recording.name());
    recording.stop().await?;
    recording.finished().await?;
    let stored = recording.stored();
    let copy = stored.copy_to(format!("{}-copy", stored.name())).await?;
    assert!(copy.file().await?.starts_with(b"RIFF"));
    assert_eq!(copy.snapshot().await?.format, "wav");
    copy.delete().await?;
    stored.delete().await
}

async fn bridges(call: &Call) -> Result {
    let bridge = call.create_bridge("mixing").with(|create| create.name("handles")).await?;
    bridge.add_channel(&call.channel()).with(|add| add.mute(true).absorb_dtmf(true)).await?;
    let now = bridge.snapshot().await?;
    assert_eq!((now.name.as_str(), now.channels.len()), ("handles", 1));
    bridge.set_variable("A", "1").await?;
    bridge.set_variables([("B", "2")]).await?;
    assert_eq!(bridge.get_variables(["A", "B"]).await?["B"], json!("2"));
    assert_eq!(bridge.get_variable("A").await?, "1");
    bridge.start_moh().await?;
    bridge.stop_moh().await?;
    let playback = bridge.play("sound:hello-world").await?;
    playback.stop().await?;
    playback.finished().await?;
    bridge.remove_channel(&call.channel()).await?;
    bridge.destroy().await
}

async fn asterisk(call: &Call) -> Result {
    let asterisk = call.asterisk();
    assert!(asterisk.info().await?.system.is_some());
    asterisk.ping().await?;
    asterisk.set_variable("HANDLES", "1").await?;
    assert_eq!(asterisk.get_variable("HANDLES").await?, "1");
    assert!(asterisk.channels().await?.iter().any(|channel| channel.id == call.channel().id()));
    assert!(asterisk.bridges().await?.iter().all(|bridge| bridge.name != "handles"));
    assert!(asterisk.applications().await?.iter().any(|application| application.name == call.application()));
    assert!(asterisk.modules().await?.iter().any(|module| module.name == "res_ari.so"));
    assert_eq!(asterisk.module("res_ari.so").snapshot().await?.name, "res_ari.so");
    let sound = asterisk.sound("hello-world").await?;
    assert!(
        asterisk.sounds().with(|sounds| sounds.lang("en")).await?.iter().any(|other| other.id == sound.id)
    );
    let log = asterisk.log_channel("handles");
    log.add("notice,warning").await?;
    assert!(asterisk.log_channels().await?.iter().any(|known| known.channel.as_str().ends_with("handles")));
    log.delete().await?;
    log.add("notice").await?;
    log.rotate().await?;
    let left = asterisk.log_channels().await?;
    assert!(left.iter().all(|known| !known.channel.as_str().ends_with("handles")), "{left:?}");

    let endpoint = &asterisk.endpoints_of("PJSIP").await?[0];
    let state = call.endpoint("PJSIP", &endpoint.resource).state().await?;
    assert_eq!(Some(state), endpoint.state);

    let lamp = call.device_state("Stasis:handles");
    lamp.set(SettableDeviceState::Ringing).await?;
    assert_eq!(lamp.state().await?, DeviceStateName::Ringing);
    assert!(asterisk.device_states().await?.iter().any(|device| device.name == lamp.name()));
    let application = call.application_by_name(call.application());
    let devices = application.subscribe(["deviceState:Stasis:handles"]).await?.device_names;
    assert_eq!(devices.len(), 1);
    application.unsubscribe(["deviceState:Stasis:handles"]).await?;
    lamp.delete().await?;

    let mut events = call.events_from_now();
    let source = format!("channel:{}", call.channel().id());
    application.user_event("mine").with(|event| event.source([source]).variables([("n", json!(1))])).await?;
    let mine = events.find(|event| event.kind() == "ChannelUserevent");
    assert_eq!(
        soon("the event", mine).await.map(|event| event.json()["userevent"]["n"].clone()),
        Some(json!(1))
    );
    Ok(())
}

/// What Asterisk refuses, and as what that is told.
async fn wrong(call: &Call) {
    use CommandErrorKind::{BadRequest, Conflict, Internal, NotFound, NotInStasis};

    fn kind<T>(result: Result<T>) -> Option<CommandErrorKind> {
        result.err().map(|error| error.kind())
    }
    let own = call.channel();
    let bridge = ok(call.create_bridge("mixing").await);
    let taken = bridge.id().to_owned();
    let recording = ok(own.record(format!("wrong-{}", own.id())).await);
    // The half of a Local channel that is in the dialplan.
    let outside = format!("outside-{}", own.id());
    let inside = ok(call.originate("Local/park@default").other_channel_id(&outside).answered().await);
    let outside = call.channel_by_id(outside);
    for (what, got, wanted) in [
        ("an endpoint that there is not", kind(call.originate("PJSIP/nobody").await), Internal),
        ("a technology that there is not", kind(call.originate("Smoke/signals").await), Internal),
        ("a channel that there is not", kind(call.channel_by_id("nobody").answer().await), NotFound),
        ("a channel in the dialplan", kind(outside.answer().await), NotInStasis),
        ("one, for a bridge", kind(bridge.add_channel(&outside).await), NotInStasis),
        ("no channel, for a bridge", kind(bridge.add_channel("nobody").await), BadRequest),
        ("a channel that records, for a bridge", kind(bridge.add_channel(&own).await), Conflict),
        ("a name that is taken", kind(own.record(recording.name()).await), Conflict),
        (
            "an id that is taken",
            kind(call.create_channel("Local/park@default").with(|new| new.channel_id(own.id())).await),
            Conflict,
        ),
        ("a reason that there is not", kind(own.hangup_with("boredom").await), BadRequest),
        ("a variable that there is not", kind(own.get_variable("NONE").await), NotFound),
        (
            "a device that is not ours",
            kind(call.device_state("PJSIP/x").set(SettableDeviceState::Busy).await),
            Conflict,
        ),
        (
            "a source that there is not",
            kind(call.application_by_name(call.application()).subscribe(["channel:x"]).await),
            BadRequest,
        ),
        ("no such object", kind(call.asterisk().config("res_pjsip", "auth", "x").snapshot().await), NotFound),
        ("no such module", kind(call.asterisk().module("x.so").reload().await), NotFound),
    ] {
        assert_eq!(got, Some(wanted), "{what}");
    }
    drop(inside);
    ok(recording.discard().await);
    assert!(call.bridge_by_id(taken).destroy().await.is_ok());
}
