//! A real RabbitMQ: users, EXTERNAL, and every kind of certificate, right and wrong.

use ari_testbed::{RabbitMq, free_tcp_port};
use ari_tests::{brokers::Kind, certificates::Folder, wait::ok};
use serde_json::{Value, json};

use super::daemon::{self, Daemon, config, escaped};

/// The user's name is that of the `client` certificate.
const PASSWORD: &str = "p@ss/w0rd: of,Rabbit %41";
const WRONG: &str = "wr0ng-s3cr3t/word";

async fn works(bus: Value, secrets: &[&str]) {
    daemon::works(Kind::Rabbitmq, bus, secrets).await;
}

/// One line, however often it is tried.
async fn fails(bus: Value, secrets: &[&str], told: &str) {
    let daemon = Daemon::start(&config(Kind::Rabbitmq, bus), secrets);
    daemon.says(told).await;
    daemon.says("the bus is still away").await;
    daemon.warned_once(told).await;
}

/// A broker that lets in only who shows a certificate of `ca.pem`, and where it speaks TLS.
pub(crate) async fn strict(folder: &Folder, certificate: &str) -> (RabbitMq, u16) {
    let port = ok(free_tcp_port());
    let file = |name: &str| folder.inside(name);
    let configuration = format!(
        "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
         ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\nssl_cert_login_from = common_name\n\
         auth_mechanisms.1 = EXTERNAL\nauth_mechanisms.2 = PLAIN\ndefault_user = worker\ndefault_pass = '{PASSWORD}'\n",
        file("ca.pem"),
        file(&format!("{certificate}.pem")),
        file(&format!("{certificate}.key")),
    );
    let broker = RabbitMq::start_with_plugins(&["rabbitmq_auth_mechanism_ssl"], &configuration).await;
    (broker.unwrap_or_else(|error| panic!("{error}")), port)
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_external() {
    let folder = Folder::furnished();
    let (broker, secure) = strict(&folder, "server").await;
    let plain = format!("amqp://127.0.0.1:{}", broker.port());
    let url = format!("amqps://localhost:{secure}");
    let client = |name: &str| {
        let file = |name: String| folder.outside(&name);
        json!({ "ca": folder.outside("ca.pem"), "cert": file(format!("{name}.pem")), "key": file(format!("{name}.key")) })
    };

    works(json!({ "url": plain, "login": { "user": "worker", "password": PASSWORD } }), &[PASSWORD]).await;
    let in_url = format!("amqp://worker:{}@127.0.0.1:{}", escaped(PASSWORD), broker.port());
    works(json!({ "url": in_url }), &[PASSWORD]).await;
    let login = json!({ "user": "worker", "password": PASSWORD });
    works(json!({ "url": url, "tls": client("client"), "login": login }), &[PASSWORD]).await;
    works(json!({ "url": url, "tls": client("client"), "login": { "external": true } }), &[]).await;

    let told = "compare user and password with RabbitMQ's";
    let login = json!({ "user": "worker", "password": WRONG });
    fails(json!({ "url": plain, "login": login }), &[WRONG], told).await;
    fails(
        json!({ "url": in_url.replace(&escaped(PASSWORD), WRONG.trim_end_matches("/word")) }),
        &["wr0ng-s3cr3t"],
        told,
    )
    .await;
    let nobody = json!({ "url": url, "tls": client("nobody"), "login": { "external": true } });
    fails(nobody, &[], "a user of the certificate's name").await;
    let vhost =
        json!({ "url": format!("{plain}/elsewhere"), "login": { "user": "worker", "password": PASSWORD } });
    fails(vhost, &[PASSWORD], "compare the vhost in the URL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let folder = Folder::furnished();
    let ((broker, secure), (_expired, expired)) =
        tokio::join!(strict(&folder, "server"), strict(&folder, "server-expired"));
    let login = json!({ "user": "worker", "password": PASSWORD });
    let at = |url: String, tls: Value| json!({ "url": url, "tls": tls, "login": login });
    let file = |name: &str| folder.outside(name);
    let client = |name: &str, ca: &str| json!({ "ca": file(ca), "cert": file(&format!("{name}.pem")), "key": file(&format!("{name}.key")) });
    let url = |port: u16| format!("amqps://localhost:{port}");
    let good = || client("client", "ca.pem");
    let secrets = &[PASSWORD];

    let unknown =
        "its certificate is of an authority that is not known here: name the authority's PEM file in tls.ca";
    fails(at(url(secure), client("client", "foreign-ca.pem")), secrets, unknown).await;
    fails(at(url(secure), json!({})), secrets, unknown).await;
    fails(at(url(expired), good()), secrets, "its certificate has expired").await;
    let elsewhere = format!("amqps://127.0.0.1:{secure}");
    fails(at(elsewhere, good()), secrets, "its certificate is not for 127.0.0.1, but for localhost").await;
    fails(at(url(broker.port()), good()), secrets, "let the URL begin with amqp://").await;
    fails(at(format!("amqp://127.0.0.1:{secure}"), json!({})), secrets, "let the URL begin with amqps://")
        .await;
    fails(at(url(secure), json!({ "ca": file("ca.pem") })), secrets, "a client certificate").await;
    fails(at(url(secure), client("stranger", "ca.pem")), secrets, "the client certificate in tls.cert").await;
    fails(at(url(secure), client("client-expired", "ca.pem")), secrets, "the client certificate in tls.cert")
        .await;
}
