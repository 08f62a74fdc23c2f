//! `check` of the event stream: the place on the bus that it goes to, and the manager interface.

use ari_bus::stream::{Exchange, ExchangeKind, SinkOptions, open};
use ari_testbed::{AsteriskOptions, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    wait::{eventually, ok},
    worlds::start_asterisk,
};
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::{FieldTable, ShortString},
};
use serde_json::{Value, json};

use super::check::{Checked, asterisk, config};

/// A stream of the manager interface's events into an exchange of its own.
async fn with_stream(kind: Kind) -> (Value, String) {
    let (mut config, application) = config(kind).await;
    let asterisk = asterisk().await;
    config["stream"] = json!({
        "ami": {
            "address": asterisk.ami_address().to_string(), "user": asterisk.user(), "secret": asterisk.password(),
        },
    });
    if kind == Kind::Rabbitmq {
        config["stream"]["exchange"] = application.clone().into();
    }
    (config, application)
}

/// What is not good, but for workers, which these tests have none of.
fn complaints(checked: &Checked) -> Vec<&str> {
    checked.complaints().into_iter().filter(|subject| !subject.starts_with("workers of ")).collect()
}

on_both_buses!(a_stream_that_works);

async fn a_stream_that_works(kind: Kind) {
    let (config, application) = with_stream(kind).await;
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(0), vec![]), "{:?}", checked.line("stream.ami"));
    let place = match kind {
        Kind::Nats => "NATS takes events".to_owned(),
        Kind::Rabbitmq => format!("the exchange {application} takes events"),
    };
    assert_eq!(checked.line("stream").1, place);
    let (mark, text, _) = checked.line("stream.ami");
    assert!(mark == "good" && text.starts_with("\"ari\" hears the events of 127.0.0.1:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_interface_does_not_let_us_in() {
    let (mut wrong, _) = with_stream(Kind::Nats).await;
    wrong["stream"]["ami"]["secret"] = "hunter2-wrong".into();
    let checked = Checked::of(&wrong).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(1), vec!["stream.ami"]));
    let (mark, text, hint) = checked.line("stream.ami");
    assert!(mark == "bad" && text.contains("refuses `stream.ami.user` and `stream.ami.secret`"), "{text}");
    assert!(hint.contains("[ari] in manager.conf") && !format!("{text}{hint}").contains("hunter2"), "{hint}");

    let (mut closed, _) = with_stream(Kind::Nats).await;
    closed["stream"]["ami"]["address"] = format!("127.0.0.1:{}", ok(free_tcp_port())).into();
    let checked = Checked::of(&closed).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(1), vec!["stream.ami"]));
    let (mark, text, _) = checked.line("stream.ami");
    assert!(mark == "bad" && text.to_lowercase().contains("refused"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_interface_tells_nothing() {
    let deaf = "[deaf]\nsecret = 0123456789-deaf\nread = \nwrite = user";
    let asterisk = start_asterisk(AsteriskOptions::new().configuration("manager.conf", deaf)).await;
    let (mut config, _) = with_stream(Kind::Nats).await;
    let ami = &mut config["stream"]["ami"];
    ami["address"] = asterisk.ami_address().to_string().into();
    (ami["user"], ami["secret"]) = ("deaf".into(), "0123456789-deaf".into());
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(0), vec!["stream.ami"]));
    let (mark, text, hint) = checked.line("stream.ami");
    assert!(mark == "warning" && text.contains("is told no event"), "{text}");
    assert!(hint.contains("`read` in [deaf] of manager.conf"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_is_of_another_type() {
    let (config, application) = with_stream(Kind::Rabbitmq).await;
    let url = config["bus_config"]["url"].as_str().unwrap();
    let exchange = Exchange { name: application.clone(), kind: ExchangeKind::Headers, declare: true };
    let other = ok(open(url, SinkOptions { exchange, ..SinkOptions::default() }));
    eventually("the other exchange", async || other.link().is_up()).await;
    other.close().await;
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(1), vec!["stream"]));
    let (mark, text, _) = checked.line("stream");
    assert!(mark == "bad" && text.contains("not a durable one of type topic"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_must_be_there_and_is_not() {
    let (mut config, _) = with_stream(Kind::Rabbitmq).await;
    config["stream"]["declare_exchange"] = false.into();
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(1), vec!["stream"]));
    let (mark, text, _) = checked.line("stream");
    assert!(mark == "bad" && text.contains("make it, or have it declared"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_has_no_jetstream() {
    let (mut config, _) = with_stream(Kind::Nats).await;
    config["stream"]["jetstream"] = json!({});
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(1), vec!["stream"]));
    let (mark, text, _) = checked.line("stream");
    assert!(mark == "bad" && text.contains("this NATS server has no JetStream"), "{text}");

    let broker = Broker::start_jetstream().await;
    config["bus_config"]["url"] = broker.url().into();
    let checked = Checked::of(&config).await;
    assert_eq!((checked.status, complaints(&checked)), (Some(0), vec![]), "{:?}", checked.line("stream"));
    assert!(checked.line("stream").1.starts_with("the JetStream stream "), "{:?}", checked.line("stream"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_what_asks_whether_one_may_publish() {
    let (config, exchange) = with_stream(Kind::Rabbitmq).await;
    assert_eq!(Checked::of(&config).await.status, Some(0));
    let url = config["bus_config"]["url"].as_str().unwrap();
    let connection = ok(Connection::connect(url, ConnectionProperties::default()).await);
    let channel = ok(connection.create_channel().await);
    let (options, none) =
        (QueueDeclareOptions { exclusive: true, ..Default::default() }, FieldTable::default);
    ok(channel.queue_declare(exchange.as_str().into(), options, none()).await);
    let name: ShortString = exchange.as_str().into();
    ok(channel
        .queue_bind(exchange.as_str().into(), name.clone(), "#".into(), QueueBindOptions::default(), none())
        .await);
    assert_eq!(Checked::of(&config).await.line("stream").0, "good");
    // The first that comes is what is really sent.
    ok(channel.confirm_select(ConfirmSelectOptions::default()).await);
    let options = BasicPublishOptions::default();
    let sent =
        channel.basic_publish(name, "a.key".into(), options, b"first", BasicProperties::default()).await;
    ok(ok(sent).await);
    let got =
        ok(channel.basic_get(exchange.as_str().into(), BasicGetOptions::default()).await).expect("a message");
    assert_eq!(got.delivery.data, b"first");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_may_not_publish_there() {
    let (mut config, exchange) = with_stream(Kind::Rabbitmq).await;
    let Broker::Rabbitmq(broker) = Broker::shared(Kind::Rabbitmq).await else { panic!("no RabbitMQ") };
    // It may do everything but that.
    let make = format!(
        "rabbit_auth_backend_internal:add_user(<<\"{exchange}\">>, <<\"s3cr3t-of-it\">>, <<\"test\">>), \
         rabbit_auth_backend_internal:set_permissions(<<\"{exchange}\">>, <<\"/\">>, <<\".*\">>, <<\"^amq[.]default$\">>, \
         <<\".*\">>, <<\"test\">>), true"
    );
    ok(broker.json(&make).await);
    config["bus_config"]["url"] =
        format!("amqp://{exchange}:s3cr3t-of-it@127.0.0.1:{}/%2f", broker.port()).into();
    let checked = Checked::of(&config).await;
    assert_eq!(
        (checked.status, complaints(&checked)),
        (Some(1), vec!["stream"]),
        "{:?}",
        checked.line("bus")
    );
    let (mark, text, hint) = checked.line("stream");
    assert!(mark == "bad" && text.contains("refused") && !text.contains("s3cr3t"), "{text}");
    assert!(hint.ends_with(&format!("must be allowed to write to the exchange {exchange}")), "{hint}");
}
