//! A process that has just begun does not know yet which calls there are.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use ari_tests::{brokers::Setup, desk::Desk, operator::Operator, programs, stage::Stage, wait::ok};
use reqwest::Method;
use tokio::time::sleep;

use super::{keeping_state, ready};

/// Else a worker would lose its call, and the caller would stay in Stasis with nobody.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_an_earlier_process_are_not_given_up() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, _folder) = keeping_state(&stage);
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added?dialogs=true").await.0, 204);
    let desk = Desk::open(stage.broker.connect("the desk").await).await;
    let mut pool = desk.join("added").await;
    let caller = stage.simulator.call("added").place();
    desk.accept(&pool.offer().await).await.event("StasisStart").await;

    ok(proxy.kill().await);
    let proxy = stage.start_proxy(&config);
    operator.until_ready("an answer", |status, _| status > 0).await;
    let mut said = BTreeSet::new();
    // It comes when workers have had time to bring their calls.
    let mut offer = pin!(pool.offer());
    let offer = loop {
        tokio::select! {
            offer = &mut offer => break offer,
            () = sleep(Duration::from_millis(20)) => {
                for (method, query) in [(Method::DELETE, ""), (Method::POST, "?dialogs=false")] {
                    let (status, body) = operator.ask(method.clone(), &format!("/ari/amqp/added{query}")).await;
                    assert!(status == 409 || status == 503, "{method} {status} {body}");
                    said.insert(body["message"].as_str().unwrap_or_default().to_owned());
                }
            }
        }
    };
    assert!(said.iter().any(|said| said.contains("sorted out")), "{said:?}");
    assert_eq!(offer["resume"], true);
    let call = desk.accept(&offer).await;
    caller.hangup();
    call.event("ProxyEnded").await;
    proxy.stop().await;
}
