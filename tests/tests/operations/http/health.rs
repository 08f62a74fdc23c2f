//! `/healthz` and `/readyz`: what is missing, and since when.

use ari_tests::{
    brokers::{Broker, Kind, Setup},
    dialled_in::{Dials, listen_json},
    operator::Operator,
    programs,
    programs::Running,
    stage::Stage,
    wait::{DEADLINE, ok},
    worlds::{fresh_application, start_asterisk},
};
use reqwest::Method;
use serde_json::{Value, json};

fn part<'a>(ready: &'a Value, part: &str) -> &'a Value {
    match part {
        "asterisk" => &ready["servers"][0]["asterisk"][0],
        part => &ready["servers"][0][part],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_is_away_and_since_when() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = stage.proxy_with(&config).await;
    assert_eq!(operator.get("/healthz").await.0, 200);
    let fine = operator.until_ready("ready", |status, _| status == 200).await;
    assert_eq!(fine["ready"], true);
    assert_eq!(part(&fine, "role")["state"], "acting");
    assert_eq!(part(&fine, "asterisk")["application"], *stage.application);

    stage.simulator.stop().await;
    let away = operator.until_ready("no Asterisk", |status, _| status == 503).await;
    assert_eq!(
        (&part(&away, "bus")["ready"], &part(&away, "asterisk")["ready"]),
        (&true.into(), &false.into())
    );
    assert_eq!(part(&away, "asterisk")["state"], "not connected");
    assert!(part(&away, "asterisk")["since"].as_str() >= part(&fine, "asterisk")["since"].as_str(), "{away}");
    ok(stage.simulator.start_again().await);
    operator.until_ready("Asterisk again", |status, _| status == 200).await;

    ok(stage.broker.server().kill().await);
    let away = operator.until_ready("no bus", |status, _| status == 503).await;
    assert_eq!(
        (&part(&away, "bus")["ready"], &part(&away, "asterisk")["ready"]),
        (&false.into(), &true.into())
    );
    assert_eq!(operator.get("/healthz").await.0, 200);
    ok(stage.broker.server().start_again().await);
    let back = operator.until_ready("the bus again", |status, _| status == 200).await;
    assert!(part(&back, "bus")["since"].as_str() >= part(&away, "bus")["since"].as_str(), "{back}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_by_is_ready_and_says_that_it_stands_by() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut first, mut second) = (stage.config(), stage.config());
    let (acting, standby) = (Operator::of(&mut first, None), Operator::of(&mut second, None));
    let one = stage.proxy_with(&first).await;
    acting.until_ready("one acts", |status, _| status == 200).await;
    let two = stage.start_proxy(&second);
    let ready =
        standby.until_ready("the other stands by", |_, now| part(now, "role")["state"] == "standby").await;
    assert_eq!((&ready["ready"], part(&ready, "asterisk")), (&true.into(), &Value::Null));
    ok(one.kill().await);
    standby
        .until_ready("it acts", |status, now| status == 200 && part(now, "role")["state"] == "acting")
        .await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_takes_the_port_over_and_another_process_may_not_have_it() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let old = stage.proxy_with(&config).await;
    operator.until_ready("the old one", |status, _| status == 200).await;
    let other = stage.start_proxy(&config);
    assert!(!ok(other.ended(DEADLINE).await).success());
    let said = other.output();
    assert!(said.contains(&format!("http.listen: cannot listen on {}", operator.address)), "{said}");
    assert_eq!(said.matches("cannot listen").count(), 1, "it is said once: {said}");

    let new = stage.start_successor(&config);
    assert!(ok(old.ended(DEADLINE).await).success());
    operator.until_ready("the new one", |status, _| status == 200).await;
    new.stop().await;
}

/// One listener for all Asterisks that dial in; one that has not come is not ready.
#[tokio::test(flavor = "multi_thread")]
async fn each_asterisk_that_dials_in_is_a_server() {
    let broker = Broker::start(Kind::Nats).await;
    let (application, port) = (fresh_application(), ok(ari_testbed::free_tcp_port()));
    let asterisks = json!([
        { "server_id": "here", "password": "secret-1" },
        { "server_id": "away", "password": "secret-2" },
    ]);
    let mut config = listen_json(Kind::Nats, &broker.url(), port, &asterisks, &application);
    let operator = Operator::of(&mut config, None);
    let proxy = Running::proxy(programs!(), &config);
    operator.until_ready("a listener", |status, _| status == 503).await;
    let uri = format!("ws://127.0.0.1:{port}/ari");
    let dials = Dials { uri: &uri, username: Some("here"), password: "secret-1", more: "" };
    let _asterisk = start_asterisk(dials.options(&application)).await;
    let ready = operator.until_ready("one of two", |_, now| now["servers"][0]["ready"] == true).await;
    assert_eq!((&ready["ready"], &ready["servers"][1]["ready"]), (&false.into(), &false.into()), "{ready}");
    assert_eq!(ready["servers"][1]["asterisk"][0]["state"], "not connected");
    let (status, body) = operator.ask(Method::POST, "/ari/amqp/added").await;
    assert!(
        status == 409
            && body["message"].as_str().is_some_and(|said| said.contains("its own configuration decides")),
        "{status} {body}"
    );
    proxy.stop().await;
}
