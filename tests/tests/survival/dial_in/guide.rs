//! `docs/dial-in.md` says how both ends are configured: so they are here, with addresses and files of the test's own.

use std::fs;

use ari_testbed::{AsteriskOptions, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    desk::Desk,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    wait::ok,
    worlds::start_asterisk,
};
use serde_json::{Value, json};

use super::{TURN, access::files, until_dialled_in};

/// The fenced blocks of a language in the guide, in their order.
fn blocks(language: &str) -> Vec<String> {
    let guide = ok(fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/dial-in.md")));
    let opening = format!("```{language}\n");
    let blocks = guide.split(&opening).skip(1);
    blocks.filter_map(|block| block.split("```").next().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_says_works() {
    let _turn = TURN.lock().await;
    // Of its own, because the names are those of the guide.
    let (broker, port, files) = (Broker::start(Kind::Nats).await, ok(free_tcp_port()), files());
    let [client, ari, certificate] = &blocks("ini")[..] else { panic!("other blocks than were expected") };
    let [config] = &blocks("json")[..] else { panic!("other blocks than were expected") };
    let with_certificate = |client: &str| {
        let own: Vec<&str> = client
            .lines()
            .filter(|line| !line.starts_with("username") && !line.starts_with("password"))
            .collect();
        format!("{}\n{certificate}", own.join("\n"))
    };
    for (client, server_id) in [(client.clone(), "pbx-1"), (with_certificate(client), "pbx")] {
        let mut config: Value = ok(serde_json::from_str(config));
        config["websocket_listen"]["address"] = format!("127.0.0.1:{port}").into();
        let tls = &mut config["websocket_listen"]["tls"];
        (tls["certificate"], tls["key"]) =
            (files.outside("server.pem").into(), files.outside("server.key").into());
        if server_id == "pbx" {
            tls["client_ca"] = files.outside("authority.pem").into();
            config["websocket_listen"]["asterisks"] = json!([{ "server_id": server_id }]);
        }
        config["bus_config"]["url"] = broker.url().into();
        let client = client
            .replace("proxy.example.net:8089", &format!("localhost:{port}"))
            .replace("/etc/asterisk/keys/pbx-1", "/etc/asterisk/keys/pbx")
            .replace("/etc/asterisk/keys/", &files.inside(""));
        let proxy = Running::proxy(programs!(), &config);
        let options = AsteriskOptions::new()
            .configuration("websocket_client.conf", &client)
            .configuration("ari.conf", ari);
        let asterisk = start_asterisk(options).await;
        until_dialled_in(&asterisk, "hello").await;
        let desk = Desk::open(broker.connect("desk").await).await;
        let mut pool = desk.join("hello").await;
        Phones::to(Ari::from(&asterisk)).call("call").await;
        let offer = pool.offer().await;
        assert_eq!(offer["server_id"], server_id);
        let dialog = desk.accept(&offer).await;
        assert_eq!(dialog.command("POST", "/channels/call/answer", Value::Null).await.0, 204);
        assert_eq!(dialog.command("DELETE", "/channels/call", Value::Null).await.0, 204);
        dialog.event("ProxyEnded").await;
        proxy.stop().await;
    }
}
