//! Commands that may not have come are sent again, to a proxy that runs each once.

use std::time::Duration;

use crate::common::{
    Running,
    beats::{Answering, Control},
    hand_over,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CommandErrorKind as Kind, Method, limits};
use tokio::time::sleep;

async fn one_call() -> (MemoryBus, Running, Answering, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let beats = Control::new(&bus).await.answering();
    let proxy = Dialog::accepted(&bus, "17.1").await;
    beats.list(&proxy);
    let call = soon(calls.recv()).await.unwrap();
    soon(beats.another(1)).await;
    (bus, worker, beats, proxy, call)
}

/// The next command; accepts on the way are confirmed.
async fn command(proxy: &mut Dialog) -> (u64, String, String) {
    loop {
        match proxy.next().await {
            From::Command(command) => {
                let url = command.url.into_owned();
                return (command.cmd_seq.unwrap(), command.unique_id.into_owned(), url);
            }
            From::Accept(accept) => proxy.answer(&accept.unique_id.unwrap(), 204, b"").await,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_what_has_no_answer_is_sent_again_in_order() {
    let (bus, worker, _beats, mut proxy, call) = one_call().await;
    let send = |url: &str| {
        let request = call.command(Method::Post, url).timeout(Duration::from_secs(600));
        tokio::spawn(request.send())
    };
    let mut sent = Vec::new();
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for url in ["/1", "/2", "/3", "/4"] {
        asked.push(send(url));
        sent.push(command(&mut proxy).await);
    }
    // One is answered, one is given up by its program: its number must come all the same.
    proxy.answer(&sent[1].1, 204, b"").await;
    soon(asked.remove(1)).await.unwrap().unwrap();
    asked.remove(1).abort();
    bus.set_available(false);
    asked.push(send("/5"));
    let dropped = send("/never");
    sleep(Duration::from_secs(60)).await;
    dropped.abort();
    bus.set_available(true);
    while answered.len() < 4 {
        let again = command(&mut proxy).await;
        proxy.answer(&again.1, 204, b"").await;
        answered.push(again);
    }
    assert_eq!(answered[..3], [sent[0].clone(), sent[2].clone(), sent[3].clone()]);
    assert_eq!((answered[3].0, answered[3].2.as_str()), (5, "/5"));
    for asked in asked {
        soon(asked).await.unwrap().unwrap();
    }
    // No hole is left.
    let last = send("/6");
    let (number, id, _) = command(&mut proxy).await;
    assert_eq!(number, 6);
    proxy.answer(&id, 204, b"").await;
    soon(last).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn after_being_cut_off_what_has_no_answer_is_sent_again() {
    let (_bus, worker, beats, mut proxy, call) = one_call().await;
    let asked = tokio::spawn(call.command(Method::Post, "/1").send());
    let first = command(&mut proxy).await;
    beats.answer(false);
    soon(call.cut_off()).await.unwrap();
    beats.answer(true);
    assert_eq!(command(&mut proxy).await, first);
    proxy.answer(&first.1, 204, b"").await;
    soon(asked).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_fate_the_bus_does_not_tell_is_sent_again() {
    let (_bus, worker, _beats, mut proxy, call) = one_call().await;
    let _full = proxy.make_unsure().await;
    let asked = tokio::spawn(call.command(Method::Post, "/1").send());
    let first = command(&mut proxy).await;
    assert_eq!(command(&mut proxy).await, first);
    proxy.answer(&first.1, 204, b"").await;
    soon(asked).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_sent_and_given_up_has_a_fate_that_is_not_known() {
    let (_bus, worker, _beats, mut proxy, call) = one_call().await;
    let asked = tokio::spawn(call.channel().call().command(Method::Post, "/1").send());
    command(&mut proxy).await;
    let error = soon(asked).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (Kind::Timeout, false));
    assert!(error.message().contains("fate is not known"), "{error}");
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn only_so_many_commands_wait_at_once() {
    let (_bus, worker, _beats, mut proxy, call) = one_call().await;
    let send = |n: usize| tokio::spawn(call.command(Method::Post, format!("/{n}")).send());
    let all: Vec<_> = (0..limits::COMMANDS_UNANSWERED).map(send).collect();
    for _ in 0..limits::COMMANDS_UNANSWERED {
        command(&mut proxy).await;
    }
    let error = call.channel().answer().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (Kind::Unavailable, true));
    all.into_iter().for_each(|asked| asked.abort());
    proxy.end().await;
    worker.stopped().await;
}

/// The proxy was away for a moment that nobody noticed.
#[tokio::test(start_paused = true)]
async fn a_command_without_an_answer_is_sent_again_before_those_behind_it_are_given_up() {
    let (_bus, worker, _beats, mut proxy, call) = one_call().await;
    let ask = |url: &str| tokio::spawn(call.command(Method::Post, url).send());
    let first = ask("/lost");
    let lost = command(&mut proxy).await;
    let second = ask("/behind");
    let behind = command(&mut proxy).await;
    let since = tokio::time::Instant::now();
    assert_eq!([command(&mut proxy).await, command(&mut proxy).await], [lost.clone(), behind.clone()]);
    assert!(since.elapsed() < Duration::from_secs(2), "a proxy holds up those behind it for so long");
    for (id, asked) in [(lost.1, first), (behind.1, second)] {
        proxy.answer(&id, 204, b"").await;
        soon(asked).await.unwrap().unwrap();
    }
    proxy.end().await;
    worker.stopped().await;
}
