//! A proxy process dies, and another takes its place: calls go on, each in the handler that runs already.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use ari_bus::{
    memory::MemoryBus,
    protocol::{Attach, Object, ObjectKind},
};
use ari_client::{Call, CallEnd, CommandErrorKind as Kind, Method, limits};
use common::{
    Running,
    beats::{Answering, Control, confirmed},
    hand_over, of_channel,
    proxy::{Dialog, From},
    soon,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};

/// A worker with one call, whose proxy answers heartbeats.
struct Scene {
    bus: MemoryBus,
    worker: Running,
    beats: Answering,
    proxy: Dialog,
    call: Call,
    calls: mpsc::Receiver<Call>,
}

impl Scene {
    async fn new() -> Self {
        let bus = MemoryBus::new();
        let (worker, mut calls) = hand_over(&bus, |worker| worker);
        let beats = Control::new(&bus).await.answering();
        let proxy = Dialog::accepted(&bus, "17.1").await;
        beats.list(&proxy);
        let call = soon(calls.recv()).await.unwrap();
        soon(beats.another(1)).await;
        Self { bus, worker, beats, proxy, call, calls }
    }

    /// Another process takes the place of the proxy, and gets the call.
    async fn restart(&mut self, incarnation: &str) -> Attach {
        self.beats.restart(incarnation);
        let attach = self.beats.attach().await;
        self.take(incarnation, &attach).await;
        attach
    }

    /// The process has the call: its first event, then the answer.
    async fn take(&mut self, incarnation: &str, attach: &Attach) {
        self.proxy = self.proxy.attached(incarnation, attach).await;
        self.proxy.gap().await;
        self.beats.attached(attach, &self.proxy).await;
        self.beats.list(&self.proxy);
        soon(self.call.reconnected()).await.unwrap();
    }

    /// The end of the call, and of the worker.
    async fn end(mut self) {
        self.proxy.end().await;
        assert_eq!(soon(self.call.ended()).await, CallEnd::Ended);
        self.worker.stopped().await;
    }
}

fn command(call: &Call, url: &str) -> JoinHandle<Option<Kind>> {
    let request = call.command(Method::Post, url).send();
    tokio::spawn(async move { request.await.err().map(|error| error.kind()) })
}

fn save(call: &Call, state: Value) -> JoinHandle<ari_client::Result> {
    let call = call.clone();
    tokio::spawn(async move { call.save(&state).await })
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_in_its_handler_with_the_next_process() {
    let mut scene = Scene::new().await;
    let mut events = scene.call.events();
    let saving = save(&scene.call, json!("kept"));
    assert_eq!(scene.proxy.saved(1).await, (json!("kept"), None));
    soon(saving).await.unwrap().unwrap();
    scene.proxy.event(of_channel("ChannelRinging", "17.1")).await;
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(1));
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(2));

    let attach = scene.restart("2").await;
    assert_eq!((&attach.root, attach.term, attach.seq), (&scene.call.root().to_owned(), Some(1), 2));
    assert_eq!(
        (&*attach.application, attach.context.as_deref()),
        ("hello", Some(r#"{"step":1,"state":"kept"}"#))
    );
    assert_eq!(attach.objects.iter().map(|object| &*object.id).collect::<Vec<_>>(), ["17.1"]);
    assert_eq!(Some(attach.worker_id), scene.proxy.accept.worker_id);
    assert_eq!(scene.call.term(), 2);

    // Events and commands are numbered anew; what the old process still says is nothing.
    let gap = soon(events.next()).await.unwrap();
    assert_eq!((gap.kind(), gap.seq()), ("ProxyGap", Some(1)));
    scene.proxy.event_as(of_channel("ChannelDestroyed", "17.1"), Some(3), 1).await;
    scene.proxy.event_as(json!({ "type": "ProxyGone" }), None, 1).await;
    scene.proxy.event(of_channel("ChannelUserevent", "17.1")).await;
    let event = soon(events.next()).await.unwrap();
    assert_eq!((event.kind(), event.seq()), ("ChannelUserevent", Some(2)));
    let asking = command(&scene.call, "/x");
    let asked = scene.proxy.next_command().await;
    assert_eq!((asked.url.as_ref(), asked.cmd_seq), ("/x", Some(1)));
    scene.proxy.answer(&asked.unique_id, 204, b"").await;
    assert_eq!(soon(asking).await.unwrap(), None);
    let saving = save(&scene.call, json!("more"));
    assert_eq!(scene.proxy.saved(2).await, (json!("more"), Some(2)));
    soon(saving).await.unwrap().unwrap();
    // Heartbeats name it in its new term.
    let beat = soon(scene.beats.another(1)).await;
    assert_eq!((beat.dialogs[0].term, beat.dialogs[0].seq), (2, Some(2)));
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_new_term_is_needed_for_a_save_and_nothing_of_the_old_is_acknowledged() {
    let mut scene = Scene::new().await;
    let mut events = scene.call.events();
    scene.proxy.event(of_channel("ChannelRinging", "17.1")).await;
    soon(events.find(|event| event.seq() == Some(2))).await.unwrap();
    scene.restart("2").await;
    let saving = save(&scene.call, json!(1));
    assert_eq!(scene.proxy.saved(1).await, (json!(1), None));
    soon(saving).await.unwrap().unwrap();
    soon(events.next()).await.unwrap();
    let saving = save(&scene.call, json!(2));
    assert_eq!(scene.proxy.saved(2).await, (json!(2), Some(1)));
    soon(saving).await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn commands_that_were_published_have_an_unknown_fate_and_the_others_go_out() {
    let mut scene = Scene::new().await;
    let published = command(&scene.call, "/published");
    let first = scene.proxy.next_command().await;
    scene.beats.restart("2");
    let attach = scene.beats.attach().await;
    assert!(scene.call.is_cut_off(), "nothing more is said to nobody");
    let waiting = ["/one", "/two"].map(|url| command(&scene.call, url));
    sleep(Duration::from_millis(100)).await;
    scene.take("2", &attach).await;
    assert_eq!(soon(published).await.unwrap(), Some(Kind::Timeout));
    for (n, url) in [(1, "/one"), (2, "/two")] {
        let command = scene.proxy.next_command().await;
        assert_eq!((command.url.as_ref(), command.cmd_seq), (url, Some(n)));
        scene.proxy.answer(&command.unique_id, 204, b"").await;
    }
    for waiting in waiting {
        assert_eq!(soon(waiting).await.unwrap(), None);
    }
    // The handler may ask for the same again, with another id.
    let again = command(&scene.call, "/published");
    let second = scene.proxy.next_command().await;
    assert_ne!(second.unique_id, first.unique_id);
    scene.proxy.answer(&second.unique_id, 204, b"").await;
    assert_eq!(soon(again).await.unwrap(), None);
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_save_under_way_is_asked_again_and_a_late_confirmation_counts_for_nothing() {
    let mut scene = Scene::new().await;
    let saving = save(&scene.call, json!("s"));
    let old = scene.proxy.next_save().await;
    scene.beats.restart("2");
    let attach = scene.beats.attach().await;
    assert_eq!(attach.context, None);
    // The dead process had confirmed it.
    scene.proxy.answer(old.unique_id.as_deref().unwrap(), 204, b"").await;
    sleep(Duration::from_millis(100)).await;
    assert!(!saving.is_finished());
    scene.take("2", &attach).await;
    assert_eq!(scene.proxy.saved(1).await, (json!("s"), None));
    soon(saving).await.unwrap().unwrap();
    let attach = scene.restart("3").await;
    assert_eq!((attach.context.as_deref(), attach.term), (Some(r#"{"step":1,"state":"s"}"#), Some(2)));
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_handler_made_is_told_and_what_has_ended_is_not() {
    let mut scene = Scene::new().await;
    let call = scene.call.clone();
    let making = tokio::spawn(async move {
        let bridge = call.create_bridge("mixing").await?;
        let one = call.channel().play("sound:one").await?;
        let two = bridge.play("sound:two").await?;
        let _ = bridge.play("sound:none").await;
        let recording = call.channel().record("tape").await?;
        Ok::<_, ari_client::CommandError>((bridge, one, two, recording))
    });
    scene.proxy.expect("POST", "/bridges", 200).await;
    let one = scene.proxy.expect("POST", "/channels/17.1/play", 201).await;
    let bridge_play = scene.proxy.next_command().await;
    scene.proxy.answer(&bridge_play.unique_id, 201, b"").await;
    let refused = scene.proxy.next_command().await;
    scene.proxy.answer(&refused.unique_id, 404, b"").await;
    scene.proxy.expect("POST", "/channels/17.1/record", 201).await;
    let (bridge, _one, two, recording) = soon(making).await.unwrap().unwrap();
    let playback = json!({ "id": one["playbackId"], "target_uri": "channel:17.1", "state": "done" });
    scene.proxy.event(json!({ "type": "PlaybackFinished", "playback": playback })).await;
    let attach = scene.restart("2").await;
    let objects: Vec<_> = attach.objects.iter().map(|object| &*object.id).collect();
    assert_eq!(objects, ["17.1", bridge.id(), two.id(), recording.name()]);
    // What stands in for the end of a playback is found, whatever it is missing.
    let finished = tokio::spawn(async move { two.finished().await });
    let playback = json!({ "id": objects[2], "state": "done" });
    scene.proxy.event(json!({ "type": "PlaybackFinished", "playback": playback })).await;
    soon(finished).await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_attach_whose_answer_is_lost_is_said_again_in_the_same_words() {
    let mut scene = Scene::new().await;
    scene.beats.restart("2");
    let first = scene.beats.attach().await;
    // 503 is none, and neither is silence.
    scene.beats.answer_attach(&first, 503, b"").await;
    let second = scene.beats.attach().await;
    scene.proxy = scene.proxy.attached("2", &first).await;
    scene.beats.list(&scene.proxy);
    // It is not given back, though it is listed in a term that nobody here knows, and soon asked for again.
    let before = Instant::now();
    let third = scene.beats.attach().await;
    assert!(before.elapsed() <= limits::ATTACH_INTERVAL + limits::HEARTBEAT_INTERVAL);
    assert_eq!((&first, &first), (&second, &third));
    sleep(limits::STRAY_AFTER * 2).await;
    assert!(scene.proxy.next().now_or_never().is_none());
    scene.proxy.gap().await;
    scene.beats.attached(&third, &scene.proxy).await;
    soon(scene.call.reconnected()).await.unwrap();
    assert_eq!(scene.call.term(), 2);
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn events_that_come_before_the_answer_are_not_lost() {
    let mut scene = Scene::new().await;
    let mut events = scene.call.events();
    soon(events.next()).await.unwrap();
    scene.beats.restart("2");
    let attach = scene.beats.attach().await;
    scene.proxy = scene.proxy.attached("2", &attach).await;
    scene.proxy.gap().await;
    scene.proxy.event(of_channel("ChannelUserevent", "17.1")).await;
    sleep(Duration::from_millis(10)).await;
    assert!(events.next().now_or_never().is_none(), "nobody has said yet that it is this call's");
    scene.beats.attached(&attach, &scene.proxy).await;
    for (kind, seq) in [("ProxyGap", 1), ("ChannelUserevent", 2)] {
        let event = soon(events.next()).await.unwrap();
        assert_eq!((event.kind(), event.seq()), (kind, Some(seq)));
    }
    assert!(scene.proxy.next().now_or_never().is_none(), "nothing is asked for");
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_first_event_that_was_lost_is_asked_for_at_once() {
    let mut scene = Scene::new().await;
    let mut events = scene.call.events();
    soon(events.next()).await.unwrap();
    scene.beats.restart("2");
    let attach = scene.beats.attach().await;
    scene.proxy = scene.proxy.attached("2", &attach).await;
    scene.beats.attached(&attach, &scene.proxy).await;
    let before = Instant::now();
    scene.proxy.asked_for(1, 204).await;
    assert!(before.elapsed() < Duration::from_millis(100));
    scene.proxy.gap().await;
    assert_eq!(soon(events.next()).await.unwrap().kind(), "ProxyGap");
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hole_of_the_old_term_is_told_and_what_was_behind_it_goes_on() {
    let mut scene = Scene::new().await;
    let mut events = scene.call.events();
    soon(events.next()).await.unwrap();
    scene.proxy.event_as(of_channel("ChannelUserevent", "17.1"), Some(4), 1).await;
    let attach = scene.restart("2").await;
    assert_eq!(attach.seq, 1, "4 came before its turn");
    let lost = soon(events.next()).await.unwrap();
    assert_eq!((lost.kind(), lost.seq()), ("ProxyGap", None));
    assert_eq!((&lost.json()["from"], &lost.json()["to"]), (&json!(2), &json!(3)));
    for (kind, seq) in [("ChannelUserevent", 4), ("ProxyGap", 1)] {
        let event = soon(events.next()).await.unwrap();
        assert_eq!((event.kind(), event.seq()), (kind, Some(seq)));
    }
    // A hole of the new term is asked for by the numbers of that term.
    while scene.proxy.next().now_or_never().is_some() {}
    scene.proxy.event_as(of_channel("ChannelUserevent", "17.1"), Some(3), 2).await;
    scene.proxy.asked_for(2, 204).await;
    scene.proxy.event(of_channel("ChannelUserevent", "17.1")).await;
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(2));
    assert_eq!(soon(events.next()).await.unwrap().seq(), Some(3));
    scene.proxy.seq = 3;
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_replaced_while_it_takes_a_call_is_forgotten() {
    let mut scene = Scene::new().await;
    let mut events = scene.call.events();
    soon(events.next()).await.unwrap();
    scene.beats.restart("2");
    let second = scene.beats.attach().await;
    let mut dead = scene.proxy.attached("2", &second).await;
    dead.event(of_channel("ChannelDestroyed", "17.1")).await;
    scene.beats.restart("3");
    let third = loop {
        let attach = scene.beats.attach().await;
        if attach.unique_id != second.unique_id {
            break attach;
        }
    };
    assert_eq!((third.term, third.seq), (Some(1), 1));
    // Too late.
    scene.beats.attached(&second, &dead).await;
    sleep(Duration::from_millis(100)).await;
    assert!(scene.call.is_cut_off());
    assert_eq!(scene.call.term(), 1);
    scene.take("3", &third).await;
    assert_eq!(scene.call.term(), 2);
    assert_eq!(soon(events.next()).await.unwrap().kind(), "ProxyGap", "nothing of the process between");
    // And once more, after the call was taken.
    let fourth = scene.restart("4").await;
    assert_eq!((fourth.term, fourth.seq), (Some(2), 1));
    assert_eq!(soon(events.next()).await.unwrap().kind(), "ProxyGap");
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_next_process_does_not_take_is_gone() {
    for status in [400, 404, 409, 501] {
        let scene = Scene::new().await;
        scene.beats.restart("2");
        let attach = scene.beats.attach().await;
        scene.beats.answer_attach(&attach, status, b"{}").await;
        assert_eq!(soon(scene.call.ended()).await, CallEnd::Gone, "{status}");
        scene.worker.stopped().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_is_no_panic_and_the_call_is_gone() {
    let replies = [
        r#"{"term":0,"commands":"ari.sim.2.x"}"#,
        r#"{"term":1,"commands":"ari.sim.2.x"}"#,
        r#"{"term":2,"commands":"ari.sim.>"}"#,
        r#"{"term":-1,"commands":"x"}"#,
        "null",
        "\u{0}",
    ];
    for reply in replies {
        let scene = Scene::new().await;
        scene.beats.restart("2");
        let attach = scene.beats.attach().await;
        scene.beats.answer_attach(&attach, 200, reply.as_bytes()).await;
        assert_eq!(soon(scene.call.ended()).await, CallEnd::Gone, "{reply}");
        scene.worker.stopped().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_never_takes_a_call_loses_it_in_the_end() {
    let scene = Scene::new().await;
    scene.beats.restart("2");
    let attach = scene.beats.attach().await;
    sleep(limits::CUT_OFF_DEADLINE / 2).await;
    assert!(!scene.call.is_ended());
    assert_eq!(scene.beats.attach().await, attach);
    sleep(limits::CUT_OFF_DEADLINE).await;
    assert_eq!(soon(scene.call.ended()).await, CallEnd::Gone);
    scene.worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_right_after_it_was_taken_ends() {
    let mut scene = Scene::new().await;
    scene.beats.restart("2");
    let attach = scene.beats.attach().await;
    scene.proxy = scene.proxy.attached("2", &attach).await;
    scene.proxy.gap().await;
    scene.proxy.end().await;
    scene.beats.attached(&attach, &scene.proxy).await;
    assert_eq!(soon(scene.call.ended()).await, CallEnd::Ended);
    scene.proxy.acknowledged(4).await;
    scene.worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_cut_off_first_finds_the_next_process() {
    let mut scene = Scene::new().await;
    scene.beats.answer(false);
    soon(scene.call.cut_off()).await.unwrap();
    let waiting = command(&scene.call, "/waiting");
    sleep(Duration::from_secs(20)).await;
    scene.restart("2").await;
    let command = scene.proxy.next_command().await;
    assert_eq!((command.url.as_ref(), command.cmd_seq), ("/waiting", Some(1)));
    scene.proxy.answer(&command.unique_id, 204, b"").await;
    assert_eq!(soon(waiting).await.unwrap(), None);
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_bus_does_not_accept_the_old_offer_once_more() {
    let mut scene = Scene::new().await;
    // The process dies with the bus; the old one would have been asked whether the call is still there.
    scene.bus.set_available(false);
    sleep(Duration::from_secs(5)).await;
    scene.beats.restart("2");
    scene.bus.set_available(true);
    let attach = scene.beats.attach().await;
    scene.take("2", &attach).await;
    while scene.proxy.next().now_or_never().is_some() {}
    scene.bus.set_available(false);
    sleep(Duration::from_secs(1)).await;
    scene.bus.set_available(true);
    sleep(limits::RENEW_DEADLINE).await;
    assert!(scene.proxy.next().now_or_never().is_none(), "heartbeats tell, not the accept of another term");
    scene.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_brings_its_calls_and_then_gives_them_to_others() {
    let bus = MemoryBus::new();
    let worker = Running::start(
        &bus,
        |worker| worker,
        |call: Call| async move {
            call.events().find(|event| event.kind() == "ChannelDtmfReceived").await;
            call.save(&1).await
        },
    );
    let beats = Control::new(&bus).await.answering();
    let proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    soon(beats.another(1)).await;
    worker.stop.cancel();
    beats.restart("2");
    let attach = beats.attach().await;
    let mut proxy = proxy.attached("2", &attach).await;
    proxy.gap().await;
    beats.attached(&attach, &proxy).await;
    beats.list(&proxy);
    proxy.event(of_channel("ChannelDtmfReceived", "17.1")).await;
    assert_eq!(proxy.saved(1).await, (json!(1), Some(2)));
    match proxy.next().await {
        // The answer is lost with this process too: the question goes to the next one.
        From::Release(release) => assert_eq!(release.term, 2),
        other => panic!("{other:?}"),
    }
    beats.restart("3");
    let attach = beats.attach().await;
    let mut proxy = proxy.attached("3", &attach).await;
    proxy.gap().await;
    beats.attached(&attach, &proxy).await;
    match proxy.next().await {
        From::Release(release) => {
            assert_eq!(release.term, 3);
            proxy.answer(&release.unique_id.unwrap(), 204, b"").await;
        }
        other => panic!("{other:?}"),
    }
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_handler_is_through_is_brought_only_while_a_channel_is_left() {
    for left in [true, false] {
        let bus = MemoryBus::new();
        let worker = Running::start(&bus, |worker| worker, |_call| async { Ok(()) });
        let beats = Control::new(&bus).await.answering();
        let mut proxy = Dialog::accepted(&bus, "17.1").await;
        beats.list(&proxy);
        proxy.acknowledged(1).await;
        if !left {
            proxy.event(of_channel("ChannelDestroyed", "17.1")).await;
        }
        soon(beats.another(1)).await;
        beats.restart("2");
        if left {
            let attach = beats.attach().await;
            let mut proxy = proxy.attached("2", &attach).await;
            proxy.gap().await;
            beats.attached(&attach, &proxy).await;
            beats.list(&proxy);
            proxy.end().await;
            proxy.acknowledged(4).await;
        }
        sleep(limits::HEARTBEAT_INTERVAL * 3).await;
        assert!(beats.has_no_attach());
        worker.stopped().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_word_of_the_process_before_changes_nothing() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut control = Control::new(&bus).await;
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    control.next().await;
    let late = control.next().await;
    control.reply(&late, vec![confirmed(&proxy)]).await;
    let late = control.next().await;
    let beat = control.next().await;
    control.incarnation = "2".to_owned();
    control.reply(&beat, Vec::new()).await;
    let attach = control.next_attach().await;
    assert_eq!(attach.term, Some(1));
    control.incarnation = "1".to_owned();
    control.reply(&late, vec![confirmed(&proxy)]).await;
    sleep(Duration::from_millis(10)).await;
    assert!(call.is_cut_off(), "the process that said so has gone");
    let mut next = proxy.attached("2", &attach).await;
    next.gap().await;
    let answer = json!({ "term": 2, "commands": next.offer.commands }).to_string();
    next.answer(&attach.unique_id, 200, answer.as_bytes()).await;
    soon(call.reconnected()).await.unwrap();
    next.end().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    proxy.seq = 0;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn many_calls_are_brought_a_few_at_a_time_and_none_is_left_out() {
    const CALLS: usize = limits::ATTACHES_AWAITED * 2 + 5;
    let mut scene = Scene::new().await;
    let mut proxies = vec![scene.proxy];
    for n in 1..CALLS {
        let proxy = Dialog::accepted(&scene.bus, &format!("17.{}", n + 1)).await;
        scene.beats.list(&proxy);
        proxies.push(proxy);
        soon(scene.calls.recv()).await.unwrap();
    }
    // Nothing is new: heartbeats name nothing, and all of them are found missing.
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    scene.beats.restart("2");
    let mut attaches = vec![scene.beats.attach().await];
    sleep(limits::ATTACH_INTERVAL / 2).await;
    while !scene.beats.has_no_attach() {
        attaches.push(scene.beats.attach().await);
    }
    assert_eq!(attaches.len(), limits::ATTACHES_AWAITED);
    let mut taken = Vec::new();
    while taken.len() < CALLS {
        let attach = match attaches.pop() {
            Some(attach) => attach,
            None => scene.beats.attach().await,
        };
        let proxy = proxies.iter().find(|proxy| proxy.offer.root.as_ref() == Some(&attach.root)).unwrap();
        let mut proxy = proxy.attached("2", &attach).await;
        proxy.gap().await;
        scene.beats.attached(&attach, &proxy).await;
        scene.beats.list(&proxy);
        taken.push(proxy);
    }
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    assert!(scene.beats.has_no_attach() && !scene.call.is_cut_off());
    for proxy in &mut taken {
        proxy.end().await;
    }
    scene.worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_with_a_resume_is_taken_along() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let beats = Control::new(&bus).await.answering();
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    soon(calls.recv()).await.unwrap();
    proxy.gone().await;
    proxy.offer.objects = vec![Object { kind: ObjectKind::Bridge, id: "b".to_owned() }];
    proxy.resume(Some(json!({ "step": 3, "state": 1 }))).await;
    proxy.answer(proxy.accept.unique_id.as_deref().unwrap(), 204, b"").await;
    beats.list(&proxy);
    let call = soon(calls.recv()).await.unwrap();
    soon(beats.another(1)).await;
    beats.restart("2");
    let attach = beats.attach().await;
    assert_eq!((attach.term, attach.seq), (Some(2), 0));
    assert_eq!(attach.context.as_deref(), Some(r#"{"state":1,"step":3}"#));
    let objects: Vec<_> = attach.objects.iter().map(|object| (object.kind, &*object.id)).collect();
    assert_eq!(objects, [(ObjectKind::Channel, "17.1"), (ObjectKind::Bridge, "b")]);
    let mut proxy = proxy.attached("2", &attach).await;
    proxy.gap().await;
    beats.attached(&attach, &proxy).await;
    proxy.end().await;
    assert_eq!(soon(call.ended()).await, CallEnd::Ended);
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_lost_after_its_handler_is_forgotten() {
    let bus = MemoryBus::new();
    let worker = Running::start(&bus, |worker| worker, |call: Call| async move { call.cut_off().await });
    let beats = Control::new(&bus).await.answering();
    let proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    soon(beats.another(1)).await;
    beats.answer(false);
    sleep(limits::LEASE * 5).await;
    beats.restart("2");
    let attach = beats.attach().await;
    beats.answer_attach(&attach, 409, b"").await;
    sleep(limits::HEARTBEAT_INTERVAL * 3).await;
    let count = beats.count();
    sleep(limits::HEARTBEAT_INTERVAL * 5).await;
    assert_eq!(beats.count(), count, "there is no call left to beat for");
    worker.stopped().await;
}
