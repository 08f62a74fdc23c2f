//! The preset for Wazo's services: a consumer that binds as theirs do gets its events.

use ari_tests::{
    brokers::{Broker, Kind},
    worlds::{Simulated, until_connected},
};
use lapin::{
    ExchangeKind,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use serde_json::json;

use crate::readers::{Message, Reader};

fn headers(pairs: &[(&str, &str)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in pairs {
        table.insert(ShortString::from(*name), AMQPValue::LongString(LongString::from(*value)));
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_bound_as_wazos_are_gets_its_events() {
    let broker = Broker::shared(Kind::Rabbitmq).await;
    // As theirs: one binding for each type of event.
    let bound = |extra: &[(&str, &str)]| {
        let always = [("category", "stasis"), ("x-match", "all")];
        ["StasisStart", "StasisEnd"]
            .map(|name| ("", headers(&[&always[..], &[("name", name)], extra].concat())))
    };
    let theirs = Reader::bound(broker, "wazo-headers", ExchangeKind::Headers, &bound(&[])).await;
    let channels = Reader::bound(
        broker,
        "wazo-headers",
        ExchangeKind::Headers,
        &[("", headers(&[("category", "stasis"), ("name", "ChannelDestroyed"), ("x-match", "all")]))],
    )
    .await;
    let other = Reader::bound(
        broker,
        "wazo-headers",
        ExchangeKind::Headers,
        &bound(&[("application_name", "other")]),
    )
    .await;
    let world = Simulated::new(Kind::Rabbitmq, |config| {
        config["stream"] = json!({"preset": "wazo", "channels": true});
    })
    .await;
    let channels_application = format!("ari-proxy-stream-pbx%20{}", world.application);
    until_connected(&world.simulator, &channels_application).await;
    let call = world.simulator.call(&world.application).place();
    let named = |messages: &[Message], name: &str| messages.iter().any(|message| message.name() == name);
    theirs.until("the start", |messages| named(messages, "StasisStart")).await;
    call.hangup();
    let messages = theirs.until("the end", |messages| named(messages, "StasisEnd")).await;
    for (message, name) in messages.iter().zip(["StasisStart", "StasisEnd"]) {
        assert_eq!(message.key, format!("stasis.app.{}", world.application.to_lowercase()));
        assert_eq!(message.headers["name"], name);
        assert_eq!(message.headers["category"], "stasis");
        assert_eq!(message.headers["application_name"], world.application);
        let body = message.json();
        assert_eq!(body.as_object().map(|body| body.len()), Some(3), "{body}");
        assert_eq!((&body["name"], &body["application"]), (&json!(name), &json!(world.application)));
        assert_eq!(body["data"]["channel"]["id"], call.channel_id());
    }
    let of_channel = |message: &Message| message.key == "stasis.channel.channeldestroyed";
    let destroyed = channels.until("the channel's end", |messages| messages.iter().any(of_channel)).await;
    let destroyed: Vec<_> = destroyed.iter().filter(|message| of_channel(message)).collect();
    assert_eq!(destroyed.len(), 1);
    let body = destroyed[0].json();
    assert_eq!(body.as_object().map(|body| body.len()), Some(2), "{body}");
    assert_eq!(
        (&body["name"], &body["data"]["channel"]["id"]),
        (&json!("ChannelDestroyed"), &json!(call.channel_id()))
    );
    world.proxy.stop().await;
    assert!(other.messages().is_empty(), "{:?}", other.messages());
}
