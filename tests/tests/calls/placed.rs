//! What a worker's own calling comes to, and moving a call to another application, with the SDK and the real Asterisk.

use std::{sync::Arc, time::Duration};

use ari_client::{Call, CommandError, CommandErrorKind, Outcome, Worker};
use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    phones::Phones,
    proxies::{Ari, RunningProxy, config_json},
    wait::{ok, soon},
    worlds::{Real, fresh_application, start_asterisk, until_registered},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

on_both_buses!(
    what_comes_of_calling_is_told_as_what_it_is,
    a_worker_calls_two_parties_and_connects_them,
    who_cannot_be_called_is_told_at_once,
    a_call_is_moved_to_another_application,
);

/// Numbers that behave as callees do.
const CALLEES: &str = "\
exten => answers,1,Answer()
 same => n,Wait(3600)
exten => busy,1,Hangup(17)
exten => silent,1,Ringing()
 same => n,Wait(3600)
exten => rejects,1,Hangup(21)
exten => full,1,Hangup(34)
";

/// A worker in the background.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start<F: Future<Output = ari_client::Result> + Send + 'static>(
        broker: &Broker,
        application: &str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        let stop = CancellationToken::new();
        let worker = ok(Worker::connect(broker.url()).await).application(application).shutdown(stop.clone());
        let task = tokio::spawn(async move { ok(worker.run(handler).await) });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        ok(soon("the worker's end", self.task).await);
    }
}

async fn what_comes_of_calling_is_told_as_what_it_is(kind: Kind) {
    let options = AsteriskOptions::new().extensions(CALLEES);
    let world = Real::new(kind, options).await;
    let (told, mut outcomes) = mpsc::unbounded_channel();
    let told = Arc::new(told);
    let worker = Running::start(world.broker, &world.application, move |call: Call| {
        let told = Arc::clone(&told);
        async move {
            for number in ["answers", "busy", "silent", "rejects", "full"] {
                let dialing = call
                    .originate(format!("Local/{number}@default"))
                    .ring_for(Duration::from_secs(1))
                    .dial()
                    .await?;
                let outcome = dialing.outcome().await?;
                if let Outcome::Answered(channel) = &outcome {
                    channel.set_variable("REACHED", "yes").await?;
                    channel.hangup().await?;
                }
                let _ = told.send((number, format!("{outcome:?}")));
            }
            let refused = call.originate("PJSIP/nobody").answered().await;
            let text =
                refused.map_or_else(|error| format!("{:?}", error.kind()), |outcome| format!("{outcome:?}"));
            let _ = told.send(("nobody", text));
            call.channel().hangup().await
        }
    })
    .await;
    Phones::to(Ari::from(&world.asterisk)).call("caller").await;
    for (number, wanted) in [
        ("answers", "Answered"),
        ("busy", "Busy"),
        ("silent", "NoAnswer"),
        ("rejects", "Rejected"),
        ("full", "Congestion"),
        ("nobody", "Internal"),
    ] {
        let Some(told) = soon("an outcome", outcomes.recv()).await else { panic!("the worker ended") };
        println!("{kind:?}: calling {}: {}", told.0, told.1);
        assert!(told.0 == number && told.1.starts_with(wanted), "{told:?}");
    }
    worker.stop().await;
    world.proxy.stop().await;
}

/// Click to call: nobody has called, and two parties talk.
async fn a_worker_calls_two_parties_and_connects_them(kind: Kind) {
    let world = Real::new(kind, AsteriskOptions::new().extensions(CALLEES)).await;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await).application(&world.application);
    let (dialer, worker) = (worker.dialer(), worker.shutdown(stop.clone()));
    // No call comes from outside.
    let task = tokio::spawn(async move {
        ok(worker.run(|call: Call| async move { call.channel().hangup().await }).await)
    });
    let (told, mut connected) = mpsc::unbounded_channel();
    let call = dialer
        .call(&world.application, "Local/answers@default")
        .on(&world.application)
        .run(move |call, dialing| async move {
            let Outcome::Answered(alice) = dialing.outcome().await? else { panic!("alice does not answer") };
            assert_eq!(alice.id(), call.channel().id());
            let Outcome::Answered(bob) = call.originate("Local/answers@default").answered().await? else {
                panic!("bob does not answer")
            };
            let bridge = call.create_bridge("mixing").await?;
            bridge.add_channel(&alice).await?;
            bridge.add_channel(&bob).await?;
            let _ = told.send(bridge.id().to_owned());
            let _ = call.ended().await;
            Ok::<_, CommandError>(())
        })
        .await;
    let call = ok(call);
    let Some(bridge) = soon("the two in a bridge", connected.recv()).await else { panic!("it failed") };
    let both = ok(call.command(ari_client::Method::Get, ari_client::path(&["bridges", &bridge])).await);
    let both: serde_json::Value = ok(both.json());
    assert_eq!(both["channels"].as_array().map(Vec::len), Some(2), "{both}");
    assert_eq!(
        (call.application(), call.server_id()),
        (world.application.as_str(), world.application.as_str())
    );
    for channel in both["channels"].as_array().into_iter().flatten() {
        ok(call.channel_by_id(channel.as_str().unwrap_or_default()).hangup().await);
    }
    soon("the end of the call", call.ended()).await;
    stop.cancel();
    ok(soon("the worker's end", task).await);
    world.proxy.stop().await;
}

async fn who_cannot_be_called_is_told_at_once(kind: Kind) {
    let world = Real::new(kind, AsteriskOptions::new().extensions(CALLEES)).await;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await).application(&world.application).limit(1);
    let (dialer, worker) = (worker.dialer(), worker.shutdown(stop.clone()));
    let task = tokio::spawn(async move {
        ok(worker.run(|call: Call| async move { call.channel().hangup().await }).await)
    });
    let nothing = |_: Call, _| async { Ok::<_, CommandError>(()) };
    let call = dialer.call(&world.application, "Local/busy@default");
    let error = call.on("no-such-server").run(nothing).await.map(drop);
    assert_eq!(error.map_err(|error| error.kind()), Err(CommandErrorKind::Unavailable));
    let error =
        dialer.call("nobodys", "Local/busy@default").on(&world.application).run(nothing).await.map(drop);
    assert_eq!(error.map_err(|error| error.kind()), Err(CommandErrorKind::NotFound));
    let (told, mut outcome) = mpsc::unbounded_channel();
    let busy = dialer.call(&world.application, "Local/busy@default").run(move |_, dialing| async move {
        let _ = told.send(format!("{:?}", dialing.outcome().await?));
        // The worker is full while this runs.
        std::future::pending::<ari_client::Result>().await
    });
    ok(busy.await);
    assert_eq!(soon("the outcome", outcome.recv()).await.as_deref(), Some("Busy"));
    let full = dialer.call(&world.application, "Local/busy@default").run(nothing).await.map(drop);
    let full = full.map_err(|error| (error.kind(), error.to_string()));
    assert!(
        matches!(&full, Err((CommandErrorKind::Unavailable, text)) if text.contains("as many calls")),
        "{full:?}"
    );
    stop.cancel();
    ok(soon("the worker's end", task).await);
    let late = dialer.call(&world.application, "Local/busy@default").run(nothing).await.map(drop);
    assert_eq!(late.map_err(|error| error.kind()), Err(CommandErrorKind::Unavailable));
    world.proxy.stop().await;
}

async fn a_call_is_moved_to_another_application(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let [from, to] = [(), ()].map(|()| fresh_application());
    let asterisk = start_asterisk(AsteriskOptions::new().application(&from)).await;
    let ari = Ari::from(&asterisk);
    let proxy = RunningProxy::start(&config_json(&ari, kind, &broker.url(), &from, &[&from, &to]));
    until_registered(&asterisk, &to).await;
    let (told, mut events) = mpsc::unbounded_channel();
    let telling = told.clone();
    let destination = to.clone();
    let first = Running::start(broker, &from, move |call: Call| {
        let (told, to) = (telling.clone(), destination.clone());
        async move {
            let channel = call.channel();
            let nowhere = channel.move_to("nobody-is-there", ["x"]).await.map_err(|error| error.kind());
            let _ = told.send(format!("nowhere {nowhere:?}"));
            let bad = channel.move_to(&to, ["a,b"]).await.map_err(|error| error.kind());
            let _ = told.send(format!("comma {bad:?}"));
            // It is still here.
            channel.set_variable("STAYED", "yes").await?;
            let moved = channel.move_to(&to, ["one", "two words"]).await;
            let _ = told.send(format!("moved {moved:?}"));
            moved
        }
    })
    .await;
    let second = Running::start(broker, &to, move |call: Call| {
        let told = told.clone();
        async move {
            let _ = told.send(format!("there {:?}", call.args()));
            call.channel().hangup().await
        }
    })
    .await;
    Phones::to(ari).call("caller").await;
    let mut all = Vec::new();
    while all.len() < 4 {
        let Some(event) = soon("the move", events.recv()).await else { panic!("the workers ended") };
        all.push(event);
    }
    let failed = format!("{:?}", Err::<(), _>(CommandErrorKind::Failed));
    let bad = format!("{:?}", Err::<(), _>(CommandErrorKind::BadRequest));
    for wanted in [
        format!("nowhere {failed}"),
        format!("comma {bad}"),
        "moved Ok(())".into(),
        r#"there ["one", "two words"]"#.into(),
    ] {
        assert!(all.contains(&wanted), "{wanted} is not in {all:?}");
    }
    first.stop().await;
    second.stop().await;
    proxy.stop().await;
}
