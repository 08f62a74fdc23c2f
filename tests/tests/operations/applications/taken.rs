//! Applications that are here, and that another websocket has taken since.

use std::time::Duration;

use ari_tests::{brokers::Setup, operator::Operator, programs, stage::Stage, wait::eventually};
use asterisk_sim::Refusal;
use reqwest::Method;
use serde_json::Value;
use tokio::time::sleep;

use super::{
    listed, ready,
    rival::{Rival, TAKEN},
};

async fn state_of(operator: &Operator, name: &str) -> Value {
    listed(operator, name).await.unwrap_or_default()["state"].take()
}

async fn until_state(operator: &Operator, name: &str, state: &str) {
    eventually(state, async || state_of(operator, name).await == state).await;
}

async fn post(operator: &Operator, name: &str, query: &str) -> (u16, String) {
    let (status, body) = operator.ask(Method::POST, &format!("/ari/amqp/{name}?{query}")).await;
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_had_back_by_force_alone() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    let (simulator, configured) = (&stage.simulator, stage.application.as_str());
    assert_eq!(post(&operator, "added", "").await.0, 204);
    // One of two, and then all that there are.
    for (rivals, name) in [("added", "added"), (configured, configured), ("added", configured)] {
        let mut rival = Rival::of(&simulator.into(), rivals).await;
        until_state(&operator, rivals, TAKEN).await;
        if rivals != name {
            rival = Rival::of(&simulator.into(), &format!("{rivals},{name}")).await;
            until_state(&operator, name, TAKEN).await;
        }
        let (status, said) = post(&operator, name, "").await;
        assert!(status == 409 && said.contains("another program") && said.contains("force=true"), "{said}");
        assert_eq!(state_of(&operator, name).await, TAKEN);
        assert_eq!(post(&operator, name, "force=true").await, (204, String::new()), "{name}");
        rival.until_replaced().await;
        until_state(&operator, name, "connected").await;
    }
    assert_eq!(state_of(&operator, "added").await, TAKEN, "nobody wanted that one back");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_asterisk_refuses_it_stays_with_the_other() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    let simulator = &stage.simulator;
    assert_eq!(post(&operator, "added", "").await.0, 204);
    let rival = Rival::of(&simulator.into(), "added").await;
    until_state(&operator, "added", TAKEN).await;
    simulator.faults().refuse_websockets(Refusal::Status(500));
    let tried = simulator.handshakes().len();
    let (status, said) = post(&operator, "added", "force=true&dialogs=true").await;
    assert!(status == 503 && said.contains("did not register"), "{status} {said}");
    let tries = simulator.handshakes().len() - tried;
    assert!((2..=16).contains(&tries), "once a second for 15 s: {tries}");
    simulator.faults().accept_websockets();
    let tried = simulator.handshakes().len();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(simulator.handshakes().len(), tried, "nobody wants it any more");
    let listed_now = listed(&operator, "added").await.unwrap_or_default();
    assert_eq!((&listed_now["state"], &listed_now["dialogs"]), (&TAKEN.into(), &false.into()));

    drop(rival);
    eventually("free", async || !simulator.is_registered("added")).await;
    assert_eq!(post(&operator, "added", "dialogs=true").await.0, 204);
    assert!(simulator.is_registered("added"), "it is answered when Asterisk has registered it");
    assert_eq!(listed(&operator, "added").await.unwrap_or_default()["dialogs"], true);
    proxy.stop().await;
}
