//! Who may come, by password and by certificate, and who may not.

use ari_testbed::{Asterisk, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    certificates::{Authority, Folder, Leaf},
    desk::Desk,
    dialled_in::{Dials, listen_json},
    on_both_buses,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    wait::{eventually, ok},
    worlds::{fresh_application, start_asterisk},
};
use serde_json::json;

use super::{TURN, until_dialled_in};

on_both_buses!(only_who_may_come_is_let_in);

/// An authority, `authority.pem`, a server's certificate for localhost and 127.0.0.1, a client's for `pbx`, and one for that name from
/// somebody else, the `stranger`.
pub(crate) fn files() -> Folder {
    let (folder, ours, theirs) = (Folder::new(), Authority::new("ours"), Authority::new("theirs"));
    folder.write("authority.pem", ours.pem());
    let server = Leaf { name: "server", hosts: &["localhost", "127.0.0.1"], expired: false };
    let pbx = Leaf { name: "pbx", hosts: &[], expired: false };
    folder.issue("server", &ours, server);
    folder.issue("pbx", &ours, pbx);
    folder.issue("stranger", &theirs, pbx);
    folder
}

/// By password and by certificate, over TLS that Asterisk checks; and nobody else, with one line of the log for each.
async fn only_who_may_come_is_let_in(kind: Kind) {
    let _turn = TURN.lock().await;
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let files = files();
    let known = json!([{"server_id": "pbx"}, {"server_id": "with-password", "password": "s3cret"}]);
    let mut config = listen_json(kind, &broker.url(), port, &known, &application);
    config["websocket_listen"]["tls"] = json!({
        "certificate": files.outside("server.pem"), "key": files.outside("server.key"), "client_ca": files.outside("authority.pem"),
    });
    let proxy = Running::proxy(programs!(), &config);
    let uri = format!("wss://localhost:{port}/ari");
    let tls = format!("tls_enabled = yes\nca_list_file = {}\n", files.inside("authority.pem"));
    let with = |certificate: &str| {
        format!(
            "{tls}cert_file = {}\npriv_key_file = {}\n",
            files.inside(&format!("{certificate}.pem")),
            files.inside(&format!("{certificate}.key")),
        )
    };
    let start = async |username, password, more: &str| {
        start_asterisk(Dials { uri: &uri, username, password, more }.options(&application)).await
    };

    let refused = async |what: &str, asterisk: Asterisk| {
        eventually(what, async || proxy.output().contains(what)).await;
        assert!(!asterisk.log().contains("Outbound websocket connected"), "{what}");
    };
    refused("the password of \"with-password\" is wrong", start(Some("with-password"), "guess", &tls).await)
        .await;
    refused("\"nobody\" is not in `websocket_listen.asterisks`", start(Some("nobody"), "s3cret", &tls).await)
        .await;
    refused(
        "\"pbx\" has no password here and shows no certificate",
        start(Some("pbx"), "s3cret", &tls).await,
    )
    .await;
    refused("invalid peer certificate", start(None, "", &with("stranger")).await).await;
    let refusals = proxy.output();
    let refusals: Vec<&str> = refusals.lines().filter(|line| line.contains("was refused")).collect();
    assert_eq!(refusals.len(), 4, "each is said once: {refusals:#?}");

    let asterisks = [start(Some("with-password"), "s3cret", &tls).await, start(None, "", &with("pbx")).await];
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join(&application).await;
    for (asterisk, name) in asterisks.iter().zip(["with-password", "pbx"]) {
        until_dialled_in(asterisk, &application).await;
        Phones::to(Ari::from(asterisk)).call("call").await;
        let offer = pool.offer().await;
        assert_eq!(offer["server_id"], name);
        let dialog = desk.accept(&offer).await;
        assert_eq!(dialog.command("POST", "/channels/call/answer", json!(null)).await.0, 204);
        assert_eq!(dialog.command("DELETE", "/channels/call", json!(null)).await.0, 204);
        dialog.event("ProxyEnded").await;
    }
    proxy.stop().await;
}
