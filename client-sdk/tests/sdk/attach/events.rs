//! No event is lost, and none of the process before counts: the order in which answers and events come does not matter.

use super::*;

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
