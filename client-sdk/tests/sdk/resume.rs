//! Saving, and going on with a call that another worker had.

use std::time::Duration;

use crate::common::{
    Running, hand_over, of_channel,
    proxy::{Dialog, From},
    proxy1, soon, stasis_start,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CallEnd, CommandErrorKind as Kind, Method, ObjectKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;

async fn one_call() -> (MemoryBus, Running, mpsc::Receiver<Call>, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (bus, worker, calls, proxy, call)
}

/// Saves beside the test, which answers.
fn save(call: &Call, state: Value) -> tokio::task::JoinHandle<ari_client::Result> {
    let call = call.clone();
    tokio::spawn(async move { call.save(&state).await })
}

/// Makes the dialog's next term this worker's, with a 204 and no event.
async fn resumed(proxy: &mut Dialog, calls: &mut mpsc::Receiver<Call>, context: Option<Value>) -> Call {
    proxy.resume(context).await;
    let unique_id = proxy.accept.unique_id.clone().unwrap();
    proxy.answer(&unique_id, 204, b"").await;
    soon(calls.recv()).await.unwrap()
}

fn finished(playback: &Value) -> Value {
    let playback = json!({ "id": playback, "target_uri": "channel:17.1", "state": "done" });
    json!({ "type": "PlaybackFinished", "playback": playback })
}

#[tokio::test]
async fn a_save_carries_the_state_and_acknowledges_what_the_handler_has_had() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    assert!(call.resumed().is_none());
    // Nobody has read anything.
    let saving = save(&call, json!("one"));
    assert_eq!(proxy.saved(1).await, (json!("one"), None));
    soon(saving).await.unwrap().unwrap();

    let (mut events, slow) = (call.events(), call.events_from_now());
    for n in 0..4 {
        proxy.event(json!({ "type": "ChannelUserevent", "n": n })).await;
    }
    soon(events.find(|event| event.seq() == Some(4))).await.unwrap();
    // One stream still has to yield event 2.
    let saving = save(&call, json!({ "two": [2] }));
    assert_eq!(proxy.saved(2).await, (json!({ "two": [2] }), Some(1)));
    soon(saving).await.unwrap().unwrap();
    drop(slow);
    let saving = save(&call, json!(3));
    assert_eq!(proxy.saved(3).await, (json!(3), Some(4)));
    soon(saving).await.unwrap().unwrap();
    // Nothing new.
    let saving = save(&call, json!(4));
    assert_eq!(proxy.saved(4).await, (json!(4), None));
    soon(saving).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn what_finished_has_yielded_is_acknowledged() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    let channel = call.channel();
    let playing = tokio::spawn(async move { channel.play("sound:x").await });
    let body = proxy.expect("POST", "/channels/17.1/play", 201).await;
    let playback = soon(playing).await.unwrap().unwrap();
    let mut probe = call.events();
    proxy.event(finished(&body["playbackId"])).await;
    soon(probe.find(|event| event.kind() == "PlaybackFinished")).await.unwrap();
    drop(probe);
    // The probe of this test had it; a watch counts when it is awaited.
    soon(playback.finished()).await.unwrap();
    let saving = save(&call, json!(null));
    assert_eq!(proxy.saved(1).await.1, Some(2));
    soon(saving).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_save_that_fails_says_why_and_counts_as_an_attempt() {
    let (_bus, worker, _calls, mut proxy, call) = one_call().await;
    let error = call.save(&"x".repeat(20_000)).await.unwrap_err();
    assert_eq!((error.kind(), error.command()), (Kind::TooLarge, "save"));
    for (status, kind) in [(501, Kind::Unsupported), (400, Kind::BadRequest)] {
        let saving = save(&call, json!(1));
        let unique_id = proxy.next_save().await.unique_id.unwrap();
        proxy.answer(&unique_id, status, b"").await;
        assert_eq!(soon(saving).await.unwrap().unwrap_err().kind(), kind);
    }
    // Whoever repeats the step makes the same attempts.
    let saving = save(&call, json!(1));
    assert_eq!(proxy.saved(3).await.0, 1);
    soon(saving).await.unwrap().unwrap();
    let saving = save(&call, json!(1));
    let unique_id = proxy.next_save().await.unique_id.unwrap();
    proxy.answer(&unique_id, 409, b"").await;
    assert_eq!(soon(saving).await.unwrap().unwrap_err().kind(), Kind::Gone);
    assert_eq!(soon(call.ended()).await, CallEnd::Gone);
    assert_eq!(call.save(&1).await.unwrap_err().kind(), Kind::Gone);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_save_is_sent_again_with_the_same_id_until_it_is_answered() {
    let (bus, worker, _calls, mut proxy, call) = one_call().await;
    bus.set_available(false);
    let saving = save(&call, json!("x"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    bus.set_available(true);
    let mut saves = Vec::new();
    while saves.len() < 3 {
        match proxy.next().await {
            From::Save(save) => saves.push(save),
            From::Accept(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(saves.iter().all(|save| *save == saves[0]), "{saves:?}");
    proxy.answer(saves[0].unique_id.as_deref().unwrap(), 204, b"").await;
    soon(saving).await.unwrap().unwrap();
    // Without a bus for the whole deadline nothing is sent, and it is said so.
    bus.set_available(false);
    let error = soon(call.save(&1)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (Kind::Unavailable, true));
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn version_1_keeps_nothing() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = proxy1::Dialog::taken(&bus).await;
    proxy.event(stasis_start("17.1")).await;
    let call = soon(calls.recv()).await.unwrap();
    assert!(call.resumed().is_none());
    assert_eq!(call.save(&1).await.unwrap_err().kind(), Kind::BadRequest);
    proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
    worker.stopped().await;
}

/// What a handler of this test does between two saves.
async fn step(call: &Call) -> ari_client::Result {
    let channel = call.channel();
    let (answered, rung) = tokio::join!(channel.answer(), channel.ring());
    answered.and(rung)?;
    channel.get_variable("X").await?;
    channel.play("sound:one").await?.finished().await?;
    channel.play("sound:one").await?.finished().await?;
    call.create_bridge("mixing").await?;
    call.originate("PJSIP/bob").args("x").await.map(drop)
}

#[tokio::test]
async fn a_handler_that_repeats_its_step_repeats_its_ids_and_finds_what_had_come() {
    let (_bus, worker, mut calls, mut proxy, mut call) = one_call().await;
    let mut terms = Vec::new();
    for term in 1..=3 {
        let handler = tokio::spawn({
            let call = call.clone();
            async move { step(&call).await }
        });
        let (mut ids, mut bodies) = (Vec::new(), Vec::new());
        while ids.len() < 7 {
            let command = proxy.next_command().await;
            let body = command.body.map_or(Value::Null, |body| serde_json::from_str(&body).unwrap());
            if command.method == "GET" {
                proxy.answer(&command.unique_id, 200, br#"{"value":"x"}"#).await;
            } else {
                proxy.answer(&command.unique_id, 201, b"").await;
            }
            // In the first term the event follows; in the second they had come before; in the third the step is another.
            if body["playbackId"].is_string() && term != 2 {
                proxy.event(finished(&body["playbackId"])).await;
            }
            ids.push(command.unique_id.to_string());
            bodies.push(body);
        }
        soon(handler).await.unwrap().unwrap();
        terms.push((ids, bodies.clone()));
        proxy.gone().await;
        assert_eq!(soon(call.ended()).await, CallEnd::Gone);
        let context = (term == 2).then(|| json!({ "step": 1, "state": null }));
        proxy.resume(context).await;
        // Not acknowledged: they come again, before anything is done.
        for body in bodies.iter().filter(|body| body["playbackId"].is_string()) {
            proxy.event(finished(&body["playbackId"])).await;
        }
        call = soon(calls.recv()).await.unwrap();
        assert_eq!(call.term(), term + 1);
    }
    let [one, two, three] = &terms[..] else { panic!() };
    let random = |ids: &[String]| ids.iter().position(|id| id.len() == 32).unwrap();
    assert_eq!(random(&one.0), random(&two.0));
    let repeated = |term: &(Vec<String>, Vec<Value>)| {
        let mut ids = term.0.clone();
        let get = ids.remove(random(&term.0));
        (ids, get)
    };
    assert_eq!((repeated(one).0, &one.1), (repeated(two).0, &two.1));
    assert_ne!(repeated(one).1, repeated(two).1, "what is asked is asked anew");
    assert!(repeated(one).0.iter().all(|id| id.starts_with("0.0.")));
    assert!(repeated(three).0.iter().all(|id| id.starts_with("1.0.") && !one.0.contains(id)));
    proxy.gone().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn what_never_left_a_worker_is_the_same_command_when_it_is_tried_again() {
    let (bus, worker, mut calls, mut proxy, call) = one_call().await;
    bus.set_available(false);
    let error = call.create_bridge("mixing").await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (Kind::Unavailable, true));
    bus.set_available(true);
    proxy.renewed().await;
    let mut made = Vec::new();
    let mut call = call;
    // The next worker's proxy did not see the first attempt, only the second.
    for _ in 0..2 {
        let asked = tokio::spawn(async move { call.create_bridge("mixing").await });
        let command = proxy.next_command().await;
        proxy.answer(&command.unique_id, 200, b"").await;
        let id = soon(asked).await.unwrap().unwrap().id().to_owned();
        made.push((command.unique_id, command.body, id));
        proxy.gone().await;
        call = resumed(&mut proxy, &mut calls, None).await;
    }
    assert_eq!(made[0], made[1]);
    proxy.gone().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_recording_of_a_name_that_was_used_before_waits_for_its_own_end() {
    let (_bus, worker, mut calls, mut proxy, _call) = one_call().await;
    proxy.gone().await;
    proxy.resume(None).await;
    let event = |duration: u64| {
        let recording =
            json!({ "name": "r", "format": "wav", "duration": duration, "target_uri": "channel:17.1" });
        json!({ "type": "RecordingFinished", "recording": recording })
    };
    proxy.event(event(1)).await;
    let call = soon(calls.recv()).await.unwrap();
    let handler = tokio::spawn(async move {
        let mut durations = Vec::new();
        for _ in 0..2 {
            let recording = call.channel().record("r").if_exists("overwrite").await?;
            durations.push(recording.finished().await?.duration);
        }
        Ok::<_, ari_client::CommandError>(durations)
    });
    proxy.expect("POST", "/channels/17.1/record", 201).await;
    proxy.expect("POST", "/channels/17.1/record", 201).await;
    proxy.event(event(2)).await;
    assert_eq!(soon(handler).await.unwrap().unwrap(), [Some(1), Some(2)]);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_resumed_call_has_its_start_its_state_and_its_objects_and_may_have_no_event() {
    let (_bus, worker, mut calls, mut proxy, _call) = one_call().await;
    proxy.gone().await;
    let context = json!({ "step": 7, "state": { "menu": 2 } });
    proxy.offer.unanswered = vec!["6.0.x".to_owned()];
    let call = resumed(&mut proxy, &mut calls, Some(context)).await;
    assert_eq!((call.dialed(), call.caller().name.as_str(), call.term()), ("1000", "Alice", 2));
    assert_eq!((call.start().kind(), call.start().seq()), ("StasisStart", None));
    let found = call.resumed().unwrap();
    assert_eq!(found.state::<Value>().unwrap(), Some(json!({ "menu": 2 })));
    assert_eq!(found.unanswered(), ["6.0.x"]);
    assert_eq!((found.objects()[0].kind, found.objects()[0].id.as_str()), (ObjectKind::Channel, "17.1"));
    // Its first event is any.
    let mut events = call.events();
    proxy.event(json!({ "type": "ChannelUserevent" })).await;
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(1));
    let saving = save(&call, json!(null));
    assert_eq!(proxy.saved(8).await.1, Some(1));
    soon(saving).await.unwrap().unwrap();
    proxy.gone().await;
    soon(call.ended()).await;

    // An offer that was too large for its StasisStart, of a call that nobody saved; then one that others saved.
    proxy.offer.start = None;
    let call = resumed(&mut proxy, &mut calls, None).await;
    assert_eq!((call.channel().id(), call.dialed()), ("17.1", ""));
    assert_eq!(call.resumed().unwrap().state::<Value>().unwrap(), None);
    proxy.gone().await;
    let call = resumed(&mut proxy, &mut calls, Some(json!("menu=2"))).await;
    let found = call.resumed().unwrap();
    assert_eq!(found.context(), Some("\"menu=2\""));
    assert_eq!(found.state::<Value>().unwrap_err().kind(), Kind::Decode);
    proxy.gone().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_resumed_handler_that_fails_hangs_up_the_channels_of_its_call() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            assert!(call.resumed().is_some());
            call.command(Method::Post, "/fails").await.map(drop)
        },
    );
    let mut proxy = Dialog::new(&bus, "17.1").await;
    proxy.resume(None).await;
    let unique_id = proxy.accept.unique_id.clone().unwrap();
    proxy.answer(&unique_id, 204, b"").await;
    proxy.expect("POST", "/fails", 500).await;
    proxy.expect("DELETE", "/channels/17.1", 204).await;
    proxy.end().await;
    worker.stopped().await;
}
