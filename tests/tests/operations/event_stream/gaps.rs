//! Connections that are lost: what no reader can have is told by a ProxyGap, in the stream that misses it and in no other. On each bus
//! over TLS with a login, and with TLS to the manager interface of a real Asterisk.

use std::path::PathBuf;

use ari_testbed::{Asterisk, AsteriskOptions, Nats, RabbitMq, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind, prepare_process},
    certificates::Folder,
    fault_proxy::{Cut, FaultProxy},
    on_both_buses,
    phones::Phones,
    proxies::{Ari, RunningProxy, config_json},
    wait::ok,
    worlds::start_asterisk,
};
use serde_json::{Value, json};

use super::readers::{Message, Reader};

on_both_buses!(what_no_reader_can_have_is_told_in_the_stream_that_misses_it);

const USER: &str = "streamer";
const PASSWORD: &str = "p@ss/w0rd of the bus";

/// A broker that speaks TLS and wants a login, what the proxy is told of it, and who reads everything there.
async fn secure(kind: Kind, folder: &Folder) -> (Broker, Value, Reader) {
    prepare_process();
    let (pem, key, ca) = (folder.inside("server.pem"), folder.inside("server.key"), folder.outside("ca.pem"));
    let bus = |url: String| json!({"url": url, "queue": "", "tls": {"ca": ca}, "login": {"user": USER, "password": PASSWORD}});
    match kind {
        Kind::Nats => {
            let configuration = format!(
                "tls {{ cert_file: \"{pem}\", key_file: \"{key}\", timeout: 30 }}\n\
                 authorization {{ user: {USER}, password: \"{PASSWORD}\" }}"
            );
            let nats = ok(Nats::start_with(&configuration).await);
            let url = format!("tls://localhost:{}", nats.port());
            let options =
                async_nats::ConnectOptions::with_user_and_password(USER.to_owned(), PASSWORD.to_owned());
            let client = ok(options.add_root_certificates(PathBuf::from(&ca)).connect(&url).await);
            (Broker::Nats(nats), bus(url), Reader::of_client(&client, &["stasis.>"]).await)
        }
        Kind::Rabbitmq => {
            let port = ok(free_tcp_port());
            let configuration = format!(
                "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {pem}\nssl_options.keyfile = {key}\n\
                 default_user = {USER}\ndefault_pass = '{PASSWORD}'\n"
            );
            let rabbitmq = ok(RabbitMq::start_with(&configuration).await);
            let password: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let reader_url = format!("amqp://{USER}:{password}@127.0.0.1:{}/%2f", rabbitmq.port());
            let reader = Reader::of_url(&reader_url, &["stasis.#"]).await;
            (Broker::Rabbitmq(rabbitmq), bus(format!("amqps://localhost:{port}")), reader)
        }
    }
}

/// An Asterisk whose manager interface speaks TLS, and where.
async fn asterisk(folder: &Folder) -> (Asterisk, u16) {
    let port = ok(free_tcp_port());
    let manager = format!(
        "tlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\ntlscertfile = {}\ntlsprivatekey = {}",
        folder.inside("server.pem"),
        folder.inside("server.key")
    );
    let options = AsteriskOptions::new().application("hello").configuration("manager.conf", &manager);
    (start_asterisk(options).await, port)
}

const STREAMS: [&str; 3] = ["stasis.app.", "stasis.channel.", "stasis.ami."];

/// What of each stream is looked at: the beginning of a channel of this name, or a gap.
fn told(messages: &[Message], stream: &str) -> Vec<String> {
    let of_stream = messages.iter().filter(|message| message.key.starts_with(stream));
    let said = of_stream.filter_map(|message| {
        let data = message.data();
        let id = &data[if stream == "stasis.ami." { "Uniqueid" } else { "channel" }];
        // The other end of such a call has a ; in its id.
        let id = id.as_str().or_else(|| id["id"].as_str());
        let id = id.filter(|id| id.starts_with("call-") && !id.contains(';'));
        match message.name().as_str() {
            "ProxyGap" => {
                let time = |field: &str| data[field].as_str().map(|time| time[..19].to_owned());
                let is_known = data["since"].is_string();
                assert!(!is_known || time("since") <= time("until"), "{data}");
                assert!(data["until"].is_string() && data["events"].is_null(), "{data}");
                Some(if is_known { "a gap since" } else { "a gap" }.to_owned())
            }
            "StasisStart" | "ChannelCreated" | "Newchannel" => id.map(str::to_owned),
            _ => None,
        }
    });
    said.collect()
}

async fn what_no_reader_can_have_is_told_in_the_stream_that_misses_it(kind: Kind) {
    let folder = Folder::furnished();
    let (broker, bus, reader) = secure(kind, &folder).await;
    let (asterisk, manager) = asterisk(&folder).await;
    let network = FaultProxy::before(manager).await;
    let ari = Ari::from(&asterisk);
    let mut config = config_json(&ari, kind, "", "pbx", &["hello"]);
    config["bus_config"] = bus;
    config["dialog"] = json!({"offer_deadline": "10m"});
    config["stream"] = json!({
        "channels": true,
        "ami": {
            "address": format!("localhost:{}", network.port()), "user": asterisk.user(), "secret": asterisk.password(),
            "tls": true, "ca": folder.outside("ca.pem"),
        },
    });
    let proxy = RunningProxy::start(&config);
    let phones = Phones::to(ari);
    let until = async |what: &str, wanted: [&[&str]; 3]| {
        let is = |messages: &[Message]| {
            STREAMS.iter().zip(wanted).all(|(stream, wanted)| told(messages, stream).len() >= wanted.len())
        };
        let messages = reader.until(what, is).await;
        assert_eq!(STREAMS.map(|stream| told(&messages, stream)), wanted, "{what}");
    };
    until("the beginning", [&["a gap"]; 3]).await;
    phones.call("call-1").await;
    until("a call", [&["a gap", "call-1"]; 3]).await;

    network.cut(Cut::Reset).await;
    let lost = ["a gap", "call-1", "a gap since"];
    until("the manager interface again", [&lost[..2], &lost[..2], &lost]).await;
    phones.call("call-2").await;
    until(
        "another call",
        [
            &["a gap", "call-1", "call-2"],
            &["a gap", "call-1", "call-2"],
            &["a gap", "call-1", "a gap since", "call-2"],
        ],
    )
    .await;

    ok(asterisk.kill().await);
    ok(asterisk.start_again().await);
    let others = ["a gap", "call-1", "call-2", "a gap since", "call-3"];
    let manager = ["a gap", "call-1", "a gap since", "call-2", "a gap since", "call-3"];
    until("Asterisk again", [&others[..4], &others[..4], &manager[..5]]).await;
    phones.call("call-3").await;
    until("a call after that", [&others, &others, &manager]).await;
    proxy.stop().await;
    drop(broker);
}
