//! The worker itself: cut off, stopped, with many calls.

use super::*;

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
