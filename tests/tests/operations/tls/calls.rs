//! A whole phone call with nothing in the clear: Asterisk, bus and worker, each with what it needs to be let in.

use ari_client::{Connecting, Worker};
use ari_testbed::{Nats, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::Kind,
    certificates::Folder,
    proxies::config_json,
    wait::{eventually, ok, soon},
    whole_call::whole_call,
    worlds::{fresh_application, until_registered},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    asterisk::{PASSWORD, USER, at, secure},
    daemon::Daemon,
    jwt::{Account, NEVER},
    rabbitmq::strict,
};

#[tokio::test(flavor = "multi_thread")]
async fn nats_with_credentials() {
    let (folder, account) = (Folder::furnished(), Account::new());
    let tls = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", timeout: 30 }}\n{}",
        folder.inside("server.pem"),
        folder.inside("server.key"),
        account.configuration()
    );
    let broker = Nats::start_with(&tls).await.unwrap_or_else(|error| panic!("{error}"));
    let (url, proxy, worker) =
        (format!("tls://localhost:{}", broker.port()), account.user(NEVER), account.user(NEVER));
    folder.write("proxy.creds", &proxy.credentials);
    let bus = json!({
        "url": url, "tls": { "ca": folder.outside("ca.pem") }, "login": { "credentials_file": folder.outside("proxy.creds") },
    });
    let connecting = Worker::connect(url).tls_ca(folder.outside("ca.pem")).credentials(worker.credentials);
    call(Kind::Nats, &folder, bus, connecting, &[&proxy.seed, &proxy.jwt]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_with_certificates() {
    let folder = Folder::furnished();
    let (_broker, port) = strict(&folder, "server").await;
    let url = format!("amqps://localhost:{port}");
    let (ca, cert, key) =
        (folder.outside("ca.pem"), folder.outside("client.pem"), folder.outside("client.key"));
    let bus =
        json!({ "url": url, "tls": { "ca": ca, "cert": cert, "key": key }, "login": { "external": true } });
    let connecting = Worker::connect(url).tls_ca(ca).client_certificate(cert, key).external();
    call(Kind::Rabbitmq, &folder, bus, connecting, &[]).await;
}

async fn call(kind: Kind, folder: &Folder, bus: Value, connecting: Connecting, secrets: &[&str]) {
    let application = fresh_application();
    let (asterisk, port) = secure(folder, "server", &application).await;
    let ari = at(&format!("localhost:{port}"), USER, PASSWORD);
    let mut config = config_json(&ari, kind, "", &application, &[&application]);
    config["bus_config"] = bus;
    config["asterisk"]["tls"]["ca"] = folder.outside("ca.pem").into();
    let daemon = Daemon::start(&config, &[secrets, &[PASSWORD]].concat());
    let stop = CancellationToken::new();
    let worker = ok(connecting.await).application(&application).shutdown(stop.clone());
    let worker = tokio::spawn(async move { ok(worker.run(whole_call).await) });
    until_registered(&asterisk, &application).await;
    let report = ok(Sipp::call(&asterisk, &Scenario::HoldAndDtmf, &SippOptions::new()).await);
    assert!(report.all_went_well(1), "{}\n{}", report.errors, asterisk.log());
    eventually("no channel in Asterisk", async || ok(asterisk.channels().await) == 0).await;
    stop.cancel();
    ok(soon("the worker's end", worker).await);
    daemon.stop().await;
}
