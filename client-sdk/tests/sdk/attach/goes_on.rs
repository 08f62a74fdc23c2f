//! What goes along with a call: its commands, its saves, what it has made.

use super::*;

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
