//! Applications at run time: one that is added streams at once, and one of the configuration until it is removed.

use ari_tests::{
    brokers::Setup, on_a_bus, operator::Operator, programs, stage::Stage, worlds::until_connected,
};
use reqwest::Method;
use serde_json::json;

use super::readers::{Message, Reader};

on_a_bus!(
    nats,
    ari_tests::brokers::Setup::Nats,
    what_is_added_streams_and_what_is_removed_does_not,
    with_the_others_off_only_what_is_added_streams
);
on_a_bus!(
    rabbitmq,
    ari_tests::brokers::Setup::Shared,
    what_is_added_streams_and_what_is_removed_does_not,
    with_the_others_off_only_what_is_added_streams
);

/// How many calls of an application the stream has seen begin.
fn starts(messages: &[Message], application: &str) -> usize {
    let key = format!("stasis.app.{application}");
    messages.iter().filter(|one| one.key == key && one.name() == "StasisStart").count()
}

async fn reader(setup: Setup, stage: &Stage) -> Reader {
    Reader::of(&stage.broker, if setup == Setup::Nats { &["stasis.>"] } else { &["stasis.#"] }).await
}

async fn what_is_added_streams_and_what_is_removed_does_not(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let mut config = stage.config();
    config["stream"] = json!({});
    let operator = Operator::of(&mut config, None);
    let reader = reader(setup, &stage).await;
    let proxy = stage.proxy_with(&config).await;
    operator.until_ready("ready", |status, _| status == 200).await;
    let (configured, simulator) = (&*stage.application, &stage.simulator);
    simulator.call(configured).place().hangup();
    reader.until("a call of the configured one", |messages| starts(messages, configured) == 1).await;

    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 204);
    until_connected(simulator, "added").await;
    simulator.call("added").place().hangup();
    reader.until("a call of the added one", |messages| starts(messages, "added") == 1).await;

    let path = format!("/ari/amqp/{configured}");
    assert_eq!(operator.ask(Method::DELETE, &path).await.0, 204);
    simulator.call(configured).place().hangup();
    simulator.call("added").place().hangup();
    reader.until("another call of the added one", |messages| starts(messages, "added") == 2).await;
    assert_eq!(starts(&reader.messages(), configured), 1, "it is removed");
    assert_eq!(operator.ask(Method::POST, &path).await.0, 204);
    simulator.call(configured).place().hangup();
    let messages =
        reader.until("a call of the one that is back", |messages| starts(messages, configured) == 2).await;
    let gaps = messages.iter().filter(|message| message.name() == "ProxyGap").count();
    assert_eq!(gaps, 1, "at the start, and nothing was missed since");
    proxy.stop().await;
}

async fn with_the_others_off_only_what_is_added_streams(setup: Setup) {
    let stage = Stage::new(setup, programs!()).await;
    let mut config = stage.config();
    config["stream"] = json!({"applications": false});
    let operator = Operator::of(&mut config, None);
    let reader = reader(setup, &stage).await;
    let proxy = stage.proxy_with(&config).await;
    operator.until_ready("ready", |status, _| status == 200).await;
    let (configured, simulator) = (&*stage.application, &stage.simulator);
    assert_eq!(operator.ask(Method::POST, "/ari/amqp/added").await.0, 204);
    until_connected(simulator, "added").await;
    simulator.call(configured).place().hangup();
    simulator.call("added").place().hangup();
    let messages = reader.until("a call of the added one", |messages| starts(messages, "added") == 1).await;
    let of_configured = |messages: &[Message]| {
        messages.iter().filter(|one| one.key == format!("stasis.app.{configured}")).count()
    };
    assert_eq!(of_configured(&messages), 0, "it is off, and neither does it say that it begins");

    // Who asks for one of the configuration gets it.
    assert_eq!(operator.ask(Method::POST, &format!("/ari/amqp/{configured}")).await.0, 204);
    simulator.call(configured).place().hangup();
    reader.until("a call of the configured one", |messages| starts(messages, configured) == 1).await;
    proxy.stop().await;
}
