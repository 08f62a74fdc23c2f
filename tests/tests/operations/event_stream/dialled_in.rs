//! Where Asterisk dials in: the stream of the application is what a second websocket heard.

use ari_testbed::free_tcp_port;
use ari_tests::{
    brokers::{Broker, Kind},
    dialled_in::{Dials, listen_json},
    on_both_buses,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    wait::{eventually, ok},
    worlds::{fresh_application, start_asterisk, until_registered},
};
use serde_json::json;

use super::{
    oracle,
    readers::{Message, Reader},
    real::was_all_of_its_stay,
};

on_both_buses!(the_application_streams_where_asterisk_dials_in);

async fn the_application_streams_where_asterisk_dials_in(kind: Kind) {
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let asterisks = json!([{"server_id": "pbx", "password": "secret of pbx"}]);
    let mut config = listen_json(kind, &broker.url(), port, &asterisks, &application);
    config["stream"] = json!({});
    config["dialog"] = json!({"offer_deadline": "10m"});
    let key = format!("stasis.app.{application}");
    let reader = Reader::of(broker, &[&key]).await;
    let proxy = Running::proxy(programs!(), &config);
    let uri = format!("ws://127.0.0.1:{port}/ari");
    let dials = Dials { uri: &uri, username: Some("pbx"), password: "secret of pbx", more: "" };
    let asterisk = start_asterisk(dials.options(&application)).await;
    until_registered(&asterisk, &application).await;
    reader.until("that it has begun", |messages| messages.iter().any(|one| one.name() == "ProxyGap")).await;
    let ari = Ari::from(&asterisk);
    let websocket = oracle::websocket(&ari).await;
    let phones = Phones::to(ari);
    phones.call("call").await;
    reader.until("the start", |messages| messages.iter().any(|one| one.name() == "StasisStart")).await;
    phones.hang_up("call").await;
    let frames = || {
        let frames = websocket.all().into_iter().filter(|frame| !frame.is("ChannelVarset"));
        frames.filter(|frame| frame.channel() == Some("call")).collect::<Vec<_>>()
    };
    eventually("the channel's end", async || frames().iter().any(|frame| frame.is("ChannelDestroyed"))).await;
    let of_call = |messages: &[Message]| -> Vec<Message> {
        messages.iter().filter(|one| one.data()["channel"]["id"] == "call").cloned().collect()
    };
    let ended = |messages: &[Message]| of_call(messages).iter().any(|one| one.name() == "StasisEnd");
    reader.until("the end", ended).await;
    proxy.stop().await;
    let messages = of_call(&reader.messages());
    let told: Vec<String> = messages.iter().map(|one| one.inside().to_owned()).collect();
    was_all_of_its_stay(&told, &frames(), &application);
}
