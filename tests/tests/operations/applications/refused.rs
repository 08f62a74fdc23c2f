//! When nothing can be changed: it is said why, and nothing is.

use std::os::unix::fs::symlink;

use ari_tests::{
    brokers::Setup,
    operator::Operator,
    programs,
    stage::Stage,
    wait::{eventually, ok},
    worlds::until_connected,
};
use asterisk_sim::{Refusal, RestFault};
use reqwest::Method;
use serde_json::{Value, json};

use super::{keeping_state, names, ready};

#[tokio::test(flavor = "multi_thread")]
async fn while_asterisk_is_away_or_does_not_answer() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    stage.simulator.faults().add(RestFault::on("GET", "/applications/*").silence());
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 503);
    stage.simulator.faults().clear_rest();
    stage.simulator.stop().await;
    operator.until_ready("no Asterisk", |status, _| status == 503).await;
    let (status, body) = operator.ask(Method::POST, "/ari/amqp/added").await;
    assert!(
        status == 503 && body["message"].as_str().is_some_and(|said| said.contains("Asterisk")),
        "{body}"
    );
    ok(stage.simulator.start_again().await);
    until_connected(&stage.simulator, &stage.application).await;
    assert_eq!(names(&operator).await, [stage.application.as_str()]);
    assert!(!stage.simulator.is_registered("added"));
    proxy.stop().await;
}

/// The websocket that is there stays, and nothing is left of the attempt.
#[tokio::test(flavor = "multi_thread")]
async fn when_asterisk_refuses_the_new_websocket() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, folder) = keeping_state(&stage);
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    stage.simulator.faults().refuse_websockets(Refusal::Status(500));
    let (status, body) = operator.ask(Method::POST, "/ari/amqp/added").await;
    assert!(
        status == 503 && body["message"].as_str().is_some_and(|said| said.contains("did not register")),
        "{body}"
    );
    assert_eq!(names(&operator).await, [stage.application.as_str()]);
    assert_eq!(operator.get("/readyz").await.0, 200);
    stage.simulator.faults().accept_websockets();
    let written = ok(std::fs::read_to_string(folder.path().join("applications-pbx.json")));
    assert!(!written.contains("added"), "{written}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_down_is_not_done() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, folder) = keeping_state(&stage);
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 204);
    let path = folder.path().to_owned();
    ok(folder.close());
    for (method, name) in [(Method::POST, "another"), (Method::DELETE, "added")] {
        let (status, body) = operator.ask(method, &format!("/ari/amqp/{name}")).await;
        assert!(
            status == 500 && body["message"].as_str().is_some_and(|said| said.contains("cannot be written")),
            "{body}"
        );
    }
    assert_eq!(names(&operator).await, [stage.application.clone(), "added".to_owned()]);
    ok(std::fs::create_dir(&path));
    assert_eq!(operator.ask(Method::DELETE, "/ari/amqp/added").await.0, 204);
    eventually("given up", async || !stage.simulator.is_registered("added")).await;
    proxy.stop().await;
    ok(std::fs::remove_dir_all(path));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_put_aside_and_the_proxy_starts() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, folder) = keeping_state(&stage);
    ok(std::fs::write(folder.path().join("applications-pbx.json"), r#"{"applications":{"../x":{}}}"#));
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    assert_eq!(names(&operator).await, [stage.application.as_str()]);
    let said = proxy.output();
    assert!(said.contains("none of ours") && said.contains("holds '.'"), "{said}");
    assert!(folder.path().join("applications-pbx.json.broken").exists());
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 204);
    proxy.stop().await;
}

/// It would be gone with the next change, and may only have another owner.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_not_overwritten() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, folder) = keeping_state(&stage);
    let (file, elsewhere) = (folder.path().join("applications-pbx.json"), folder.path().join("elsewhere"));
    ok(std::fs::write(&elsewhere, r#"{"applications":{"kept":{}}}"#));
    // No user can read a link to itself, and any can rename a file over it.
    ok(symlink(&file, &file));
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    for method in [Method::POST, Method::DELETE] {
        let (status, body) = operator.ask(method.clone(), "/ari/amqp/added").await;
        let said = body["message"].as_str().unwrap_or_default();
        assert!(
            status == 500 && said.contains("applications-pbx.json cannot be read"),
            "{method} {status} {said}"
        );
        // Those of the configuration stand in no file.
        assert_eq!(operator.ask(method, &format!("/ari/amqp/{}", stage.application)).await.0, 204);
    }
    assert!(ok(file.symlink_metadata()).is_symlink());
    assert_eq!(
        proxy.output().matches("are not known, and none can be added").count(),
        1,
        "{}",
        proxy.output()
    );

    ok(std::fs::rename(elsewhere, &file));
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 204);
    assert_eq!(names(&operator).await, [stage.application.as_str(), "added", "kept"]);
    eventually("registered", async || stage.simulator.is_registered("kept")).await;
    proxy.stop().await;
}

/// One of the configuration stays: only its stream stops, until the next start.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_the_configuration_stays() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    config["stream"] = json!({});
    // The configuration may have names that cannot be added.
    config["applications"] = json!([stage.application, "of.the.conf"]);
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    for (place, name) in [&stage.application, "of.the.conf"].into_iter().enumerate() {
        let path = format!("/ari/amqp/{name}");
        let shown = async || operator.get("/ari/amqp").await.1[place].clone();
        for (method, streams) in [(Method::DELETE, false), (Method::DELETE, false), (Method::POST, true)] {
            let (status, body): (u16, Value) = operator.ask(method, &path).await;
            assert_eq!(status, 204, "{body}");
            assert_eq!(shown().await["stream"], streams);
            assert!(stage.simulator.is_registered(name));
        }
        let (status, body) = operator.ask(Method::POST, &format!("{path}?dialogs=false")).await;
        let said = body["message"].as_str().unwrap_or_default();
        assert!(status == 409 && said.contains("is one of the configuration"), "{status} {said}");
        assert_eq!(operator.ask(Method::POST, &format!("{path}?dialogs=true")).await.0, 204);
        assert_eq!(shown().await["dialogs"], true);
    }
    proxy.stop().await;
}

/// Who took it would silence the stream of the channels, and a file would do so after each start.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_stream_hears_of_channels_by_is_nobodys() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let (mut config, folder) = keeping_state(&stage);
    config["stream"] = json!({"channels": true, "channels_application": "ears"});
    let kept = r#"{"applications":{"added":{},"ears":{}}}"#;
    ok(std::fs::write(folder.path().join("applications-pbx.json"), kept));
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    until_connected(&stage.simulator, "ears").await;
    let (status, body) = operator.ask(Method::POST, "/ari/amqp/ears?force=true").await;
    let said = body["message"].as_str().unwrap_or_default();
    assert!(status == 400 && said.contains("stream.channels_application"), "{body}");
    assert_eq!(operator.ask(Method::DELETE, "/ari/amqp/ears").await.0, 400);
    assert_eq!(names(&operator).await, [stage.application.as_str(), "added"]);
    assert!(!proxy.output().contains("another program took over"), "{}", proxy.output());
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stream_it_is_said_that_nobody_hears() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    for (name, dialogs) in [("silent", false), ("heard", true)] {
        let path = format!("/ari/amqp/{name}?dialogs={dialogs}");
        assert_eq!(operator.ask(Method::POST, &path).await.0, 204);
        let warned = proxy.output().contains(&format!("nobody hears of this application: it has no dialogs, and there is no section `stream` application=\"{name}\""));
        assert_eq!(warned, !dialogs, "{}", proxy.output());
    }
    let (_, list) = operator.get("/ari/amqp").await;
    assert!(list.as_array().is_some_and(|list| list.iter().all(|one| one["stream"] == false)), "{list}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_an_end_to_how_many_there_are() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = ready(&stage, &config, &operator).await;
    let mut added = 0;
    let said = loop {
        let (status, body) = operator.ask(Method::POST, &format!("/ari/amqp/app-{added:03}")).await;
        match status {
            204 => added += 1,
            _ => break (status, body),
        }
        assert!(added <= 100, "no end");
    };
    println!("{added} could be added, then {said:?}");
    assert_eq!(said.0, 409);
    eventually("all of them", async || {
        (0..added).all(|number| stage.simulator.is_registered(&format!("app-{number:03}")))
    })
    .await;
    proxy.stop().await;
}
