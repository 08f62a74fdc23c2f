//! A real Asterisk with HTTPS, right and wrong; and what stands before a fake one, which wants a certificate of ours.

use ari_testbed::{Asterisk, AsteriskOptions, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    certificates::Folder,
    proxies::{Ari, config_json},
    tls_gate::TlsGate,
    wait::ok,
    worlds::{fresh_application, start_asterisk, start_simulator, until_connected, until_registered},
};
use serde_json::{Value, json};

use super::daemon::Daemon;

/// Of an ARI user that [`secure`] adds.
pub(crate) const USER: &str = "proxy";
pub(crate) const PASSWORD: &str = "p@ss/w0rd-of:ARI %41";
const WRONG: &str = "wr0ng-s3cr3t/word";

/// An Asterisk with a certificate of this name, and where it speaks TLS.
pub(crate) async fn secure(folder: &Folder, certificate: &str, application: &str) -> (Asterisk, u16) {
    let port = ok(free_tcp_port());
    let http = format!(
        "tlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\ntlscertfile = {}\ntlsprivatekey = {}",
        folder.inside(&format!("{certificate}.pem")),
        folder.inside(&format!("{certificate}.key")),
    );
    let user = format!("[{USER}]\ntype = user\npassword = {PASSWORD}\npassword_format = plain\n");
    let options = AsteriskOptions::new().application(application);
    let options = options.configuration("http.conf", &http).configuration("ari.conf", &user);
    (start_asterisk(options).await, port)
}

/// Where it is, as `host:port`, with TLS.
pub(crate) fn at(place: &str, user: &str, password: &str) -> Ari {
    Ari {
        websocket_url: format!("wss://{place}/ari/events"),
        rest_url: format!("https://{place}/ari"),
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

async fn config(ari: &Ari, tls: Value, application: &str) -> Value {
    let broker = Broker::shared(Kind::Nats).await;
    let mut config = config_json(ari, Kind::Nats, &broker.url(), application, &[application]);
    config["asterisk"]["tls"] = tls;
    config
}

/// One line, however often it is tried. A refused password is tried again after ten seconds only.
async fn fails(config: &Value, told: &str) {
    let password = config["ws_password"].as_str().unwrap();
    let daemon = Daemon::start(config, &[PASSWORD, WRONG]);
    daemon.says(told).await;
    if password != WRONG {
        daemon.says("still cannot connect to Asterisk's events").await;
    }
    let warnings: Vec<_> = daemon.warnings().await;
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].contains(told), "{}", warnings[0]);
    println!("{}", warnings[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers() {
    let (folder, application) = (Folder::furnished(), fresh_application());
    let ((asterisk, port), (_expired, expired)) = tokio::join!(
        secure(&folder, "server", &application),
        secure(&folder, "server-expired", &application)
    );
    let ca = || json!({ "ca": folder.outside("ca.pem") });
    let localhost = |port: u16| at(&format!("localhost:{port}"), USER, PASSWORD);

    let good = config(&localhost(port), ca(), &application).await;
    let daemon = Daemon::start(&good, &[PASSWORD]);
    until_registered(&asterisk, &application).await;
    daemon.stop().await;

    let unknown =
        "its certificate is of an authority that is not known here: name the authority's PEM file in tls.ca";
    fails(&config(&localhost(port), json!({}), &application).await, unknown).await;
    let foreign = json!({ "ca": folder.outside("foreign-ca.pem") });
    fails(&config(&localhost(port), foreign, &application).await, unknown).await;
    fails(&config(&localhost(expired), ca(), &application).await, "its certificate has expired").await;
    let elsewhere = at(&format!("127.0.0.1:{port}"), USER, PASSWORD);
    let told = "its certificate is not for 127.0.0.1, but for localhost";
    fails(&config(&elsewhere, ca(), &application).await, told).await;
    let plain: u16 = asterisk.ari_url().rsplit(':').next().unwrap().trim_end_matches("/ari").parse().unwrap();
    fails(&config(&localhost(plain), ca(), &application).await, "let the URL begin with ws://").await;
    let mut reverse = localhost(port);
    reverse.websocket_url = reverse.websocket_url.replace("wss:", "ws:");
    reverse.rest_url = reverse.rest_url.replace("https:", "http:");
    fails(&config(&reverse, json!({}), &application).await, "let the URL begin with wss://").await;
    let wrong = at(&format!("localhost:{port}"), USER, WRONG);
    fails(&config(&wrong, ca(), &application).await, "refuses `ws_user` and `ws_password`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificates() {
    let (folder, application, simulator) =
        (Folder::furnished(), fresh_application(), start_simulator().await);
    let plain: u16 =
        simulator.ari_url().rsplit(':').next().unwrap().trim_end_matches("/ari").parse().unwrap();
    let gate = TlsGate::before(plain, &folder).await;
    let ari = at(&format!("localhost:{}", gate.port()), simulator.user(), simulator.password());
    let tls = |name: &str| {
        let file = |ending: &str| folder.outside(&format!("{name}.{ending}"));
        json!({ "ca": folder.outside("ca.pem"), "cert": file("pem"), "key": file("key") })
    };
    let without = json!({ "ca": folder.outside("ca.pem") });
    fails(&config(&ari, without, &application).await, "a client certificate").await;
    for (name, told) in [
        ("stranger", "the client certificate in tls.cert"),
        ("client-expired", "the client certificate in tls.cert"),
    ] {
        fails(&config(&ari, tls(name), &application).await, told).await;
    }
    let daemon = Daemon::start(&config(&ari, tls("client"), &application).await, &[]);
    until_connected(&simulator, &application).await;
    daemon.stop().await;
}
