//! A call that is not taken, or ends meanwhile, ends for its handler.

use super::*;

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
