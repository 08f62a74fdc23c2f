//! A channel moved between applications: call detail (CEL) gets no APP_END and APP_START then, and the stream has what stands for
//! them.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    phones::Phones,
    proxies::Ari,
    worlds::{Real, until_registered},
};
use serde_json::json;

use super::readers::{Message, Reader};

on_both_buses!(a_move_is_the_end_in_one_application_and_the_start_in_the_other);

async fn a_move_is_the_end_in_one_application_and_the_start_in_the_other(kind: Kind) {
    let broker = Broker::shared(kind).await;
    let second = ari_tests::worlds::fresh_application();
    let world = Real::with(broker, AsteriskOptions::new(), |config| {
        config["applications"] = json!([config["applications"][0], second]);
        config["stream"] = json!({});
    })
    .await;
    until_registered(&world.asterisk, &second).await;
    let keys = [&world.application, &second].map(|application| format!("stasis.app.{application}"));
    let reader = Reader::of(broker, &[&keys[0], &keys[1]]).await;
    let phones = Phones::to(Ari::from(&world.asterisk));
    let is = |message: &Message, place: usize, name: &str| {
        message.key == keys[place] && message.name() == name && message.data()["channel"]["id"] == "moved"
    };
    let has =
        |messages: &[Message], place: usize, name: &str| messages.iter().any(|one| is(one, place, name));
    phones.call("moved").await;
    reader.until("the start", |messages| has(messages, 0, "StasisStart")).await;
    phones.move_to("moved", &second).await;
    reader
        .until("the end and the start", |messages| {
            has(messages, 0, "StasisEnd") && has(messages, 1, "StasisStart")
        })
        .await;
    phones.hang_up("moved").await;
    let messages = reader.until("the last end", |messages| has(messages, 1, "StasisEnd")).await;
    for (place, name) in [(0, "StasisStart"), (0, "StasisEnd"), (1, "StasisStart"), (1, "StasisEnd")] {
        assert_eq!(messages.iter().filter(|one| is(one, place, name)).count(), 1, "{name} in {place}");
    }
    world.proxy.stop().await;
}
