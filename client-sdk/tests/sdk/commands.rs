//! Commands of a call: order, answers, errors.

use std::time::Duration;

use crate::common::{
    Running, hand_over,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CommandErrorKind as Kind, Method};
use futures_util::future::join_all;
use serde_json::json;

async fn one_call() -> (MemoryBus, Running, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (bus, worker, proxy, call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_and_publishing_have_one_order_whoever_calls() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let commands = (0..200).map(|n| tokio::spawn(call.command(Method::Get, format!("/n/{n}")).send()));
    let all = join_all(commands.collect::<Vec<_>>());
    let answering = async {
        let mut held = Vec::new();
        for seq in 1..=200 {
            let command = proxy.next_command().await;
            assert_eq!(command.cmd_seq, Some(seq));
            held.push(command);
        }
        // Answers in another order than commands.
        for command in held.iter().rev() {
            proxy.answer(&command.unique_id, 200, command.url.as_bytes()).await;
        }
    };
    let (results, ()) = soon(async { tokio::join!(all, answering) }).await;
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(result.unwrap().unwrap().text(), format!("/n/{n}"));
    }
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn answers_arrive_whole_whatever_their_size_and_bytes() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let bodies = [b"\xff\xfe\x00".to_vec(), (0..200_000u32).map(|n| n as u8).collect(), Vec::new()];
    for (body, largest) in bodies.iter().zip([1 << 20, 1000, 1 << 20]) {
        let asked = tokio::spawn(call.command(Method::Get, "/recordings/stored/x/file").send());
        let command = proxy.next_command().await;
        // A part without end, and one of nothing, before the real ones.
        proxy
            .publish_answer(format!(
                r#"{{"unique_id":"{}","status_code":200,"part":9,"parts":2}}"#,
                command.unique_id
            ))
            .await;
        proxy.answer_in(&command.unique_id, 200, body, largest).await;
        assert_eq!(soon(asked).await.unwrap().unwrap().body(), body);
    }
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn an_answer_beyond_the_limits_is_an_error_and_no_memory() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let asked = tokio::spawn(call.command(Method::Get, "/channels").send());
    let unique_id = proxy.next_command().await.unique_id;
    proxy
        .publish_answer(format!(
            r#"{{"unique_id":"{unique_id}","status_code":200,"part":1,"parts":4294967295}}"#
        ))
        .await;
    assert_eq!(soon(asked).await.unwrap().unwrap_err().kind(), Kind::Decode);
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn every_status_has_its_kind() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let kinds = [
        (400, Kind::BadRequest),
        (403, Kind::Forbidden),
        (404, Kind::NotFound),
        (405, Kind::Unsupported),
        (409, Kind::Conflict),
        (412, Kind::InvalidState),
        (413, Kind::TooLarge),
        (414, Kind::TooLarge),
        (422, Kind::BadRequest),
        (429, Kind::Unavailable),
        (500, Kind::Internal),
        (501, Kind::Unsupported),
        (502, Kind::Decode),
        (503, Kind::Unavailable),
        (504, Kind::Timeout),
        (302, Kind::Unexpected(302)),
    ];
    for (status, kind) in kinds {
        let channel = call.channel();
        let asked = tokio::spawn(async move { channel.answer().await });
        let command = proxy.next_command().await;
        proxy.answer(&command.unique_id, status, br#"{"message":"because"}"#).await;
        let error = soon(asked).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.status(), error.message()), (kind, Some(status), "because"));
        assert_eq!(error.command(), "POST /channels/17.1/answer");
        assert_eq!(error.is_retryable(), [429, 503].contains(&status));
    }
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_without_answer_times_out_and_the_next_goes_on() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let silent = tokio::spawn(call.command(Method::Get, "/channels").timeout(Duration::from_secs(1)).send());
    let command = proxy.next_command().await;
    assert_eq!(soon(silent).await.unwrap().unwrap_err().kind(), Kind::Timeout);
    let next = tokio::spawn(call.command(Method::Get, "/bridges").send());
    let second = proxy.next_command().await;
    assert_eq!((command.cmd_seq, second.cmd_seq), (Some(1), Some(2)));
    proxy.answer(&command.unique_id, 200, b"late").await;
    proxy.answer(&second.unique_id, 200, b"[]").await;
    assert_eq!(soon(next).await.unwrap().unwrap().text(), "[]");
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_waits_for_a_bus_that_is_away_and_one_that_gave_up_is_not_sent_later() {
    let (bus, worker, mut proxy, call) = one_call().await;
    bus.set_available(false);
    let given_up = call.command(Method::Get, "/one").timeout(Duration::from_secs(1)).await;
    let error = given_up.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (Kind::Unavailable, true));
    let waiting = tokio::spawn(call.command(Method::Get, "/two").send());
    tokio::time::sleep(Duration::from_secs(5)).await;
    bus.set_available(true);
    let command = loop {
        match proxy.next().await {
            From::Command(command) => break command,
            From::Accept(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((command.url.as_ref(), command.cmd_seq), ("/two", Some(1)));
    proxy.answer(&command.unique_id, 200, b"").await;
    soon(waiting).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn an_old_proxy_gets_a_command_whose_fate_the_bus_does_not_tell_once() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let _full = proxy.make_unsure().await;
    for (number, answered) in [(1, true), (2, false), (3, true)] {
        let asked = tokio::spawn(call.command(Method::Post, "/channels").send());
        let command = proxy.next_command().await;
        assert_eq!(command.cmd_seq, Some(number));
        if answered {
            proxy.answer(&command.unique_id, 200, b"").await;
        }
        let kind = soon(asked).await.unwrap().err().map(|error| error.kind());
        assert_eq!(kind, (!answered).then_some(Kind::Timeout));
    }
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_command_too_large_for_the_bus_uses_up_no_number() {
    let (_bus, worker, mut proxy, call) = one_call().await;
    let large = call.command(Method::Post, "/x").json(json!({ "x": "x".repeat(2 << 20) })).await;
    assert_eq!(large.unwrap_err().kind(), Kind::TooLarge);
    let small =
        tokio::spawn(call.command(Method::Post, "/x").query("a", "b c+d").query("l", vec!["1", "2"]).send());
    let command = proxy.next_command().await;
    assert_eq!(
        (command.cmd_seq, command.url.as_ref(), command.body.as_deref()),
        (Some(1), "/x?a=b%20c%2Bd&l=1%2C2", None)
    );
    proxy.answer(&command.unique_id, 204, b"").await;
    soon(small).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_hangup_may_come_after_the_end_that_it_causes() {
    let bus = MemoryBus::new();
    let (sender, mut results) = tokio::sync::mpsc::channel(1);
    let worker = Running::start(
        &bus,
        |worker| worker,
        move |call: Call| {
            let sender = sender.clone();
            async move {
                let result = call.channel().hangup_with("busy").await;
                sender.send((call.is_ended(), result)).await.unwrap();
                Ok(())
            }
        },
    );
    for (status, kind) in [(204, None), (404, None), (400, Some(Kind::BadRequest)), (0, None)] {
        let mut proxy = Dialog::accepted(&bus, "17.1").await;
        let command = proxy.next_command().await;
        assert_eq!(command.url, "/channels/17.1?reason=busy");
        proxy.end().await;
        // No answer at all is no error either: the call has ended, as was wanted.
        if status > 0 {
            proxy.answer(&command.unique_id, status, b"").await;
        }
        let (ended, result) = soon(results.recv()).await.unwrap();
        assert_eq!((ended, result.err().map(|error| error.kind())), (true, kind));
    }
    worker.stopped().await;
}
