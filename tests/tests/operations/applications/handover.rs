//! What is asked for while another process takes over: it is done as a whole, or refused.

use std::time::Duration;

use ari_tests::{
    brokers::Setup,
    operator::Operator,
    programs,
    stage::Stage,
    wait::{DEADLINE, eventually, ok, soon},
};
use asterisk_sim::{Refusal, RestFault};
use reqwest::Method;
use serde_json::Value;
use tokio::join;

use super::{keeping_state, names, ready};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_under_way_goes_over_as_a_whole() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, _folder) = keeping_state(&stage);
    let operator = Operator::of(&mut config, None);
    let old = ready(&stage, &config, &operator).await;
    // Longer than a takeover takes otherwise.
    stage.simulator.faults().add(RestFault::on("GET", "/applications/*").late(Duration::from_secs(3)));
    let upgrade = async {
        soon("the question", stage.simulator.wait_for_requests("GET", "/applications/added", 1)).await;
        let new = stage.start_successor(&config);
        let status = ok(old.ended(DEADLINE).await);
        assert!(status.success(), "{status}: {}\n{}", old.output(), new.output());
        new
    };
    let (answer, new) = join!(operator.ask(Method::POST, "/ari/amqp/added?dialogs=true"), upgrade);
    assert_eq!(answer.0, 204, "{}", answer.1);
    operator.until_ready("the new one", |status, _| status == 200).await;
    assert_eq!(names(&operator).await, [stage.application.as_str(), "added"]);
    assert!(stage.simulator.is_registered("added"));
    new.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_in_a_handover_and_everything_can_be_after_one_that_failed() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, folder) = keeping_state(&stage);
    let operator = Operator::of(&mut config, None);
    let old = ready(&stage, &config, &operator).await;
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 204);
    // The new one cannot connect, and tries for some seconds.
    stage.simulator.faults().refuse_websockets(Refusal::Status(500));
    let mut second = config.clone();
    let successor = Operator::of(&mut second, None);
    let new = stage.start_successor(&second);
    let acts = |now: &Value| now["servers"][0]["role"]["state"] == "acting";
    successor.until_ready("it takes over", |_, now| acts(now)).await;
    for of in [&operator, &successor] {
        for (method, path) in
            [(Method::DELETE, "added"), (Method::POST, "added?dialogs=true"), (Method::POST, "other")]
        {
            let (status, body) = of.ask(method, &format!("/ari/amqp/{path}")).await;
            assert_eq!(status, 503, "{path} at {}: {body}", of.address);
        }
    }
    assert!(!ok(new.ended(DEADLINE).await).success(), "{}", new.output());
    eventually("it stays", async || old.output().contains("the handover failed")).await;
    stage.simulator.faults().accept_websockets();
    let written = ok(std::fs::read_to_string(folder.path().join("applications-pbx.json")));
    assert!(written.contains("added") && !written.contains("true"), "{written}");
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/other").await.0, 204);
    assert_eq!(names(&operator).await, [stage.application.as_str(), "added", "other"]);
    old.stop().await;
}
