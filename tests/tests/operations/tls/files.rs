//! Files that are not there, are something else, or do not go together: the process ends with one line that names the key, and shows nothing
//! of what is in them.

use ari_testbed::free_tcp_port;
use ari_tests::{
    brokers::Kind,
    certificates::Folder,
    proxies::{Ari, config_json},
    wait::ok,
};
use serde_json::{Value, json};

use super::daemon::Daemon;

const SECRET: &str = "s3cr3t-in-a-file/that is no key";

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_named() {
    let folder = Folder::furnished();
    folder.write("no.pem", SECRET);
    let file = |name: &str| folder.outside(name);
    let (bus, asterisk) = ("bus_config", "asterisk");
    for (place, value, told) in [
        (bus, json!({ "tls": { "ca": file("gone.pem") } }), "tls.ca: cannot read"),
        (bus, json!({ "tls": { "ca": file("gone.pem") } }), "there is no such file"),
        (bus, json!({ "tls": { "ca": file("no.pem") } }), "it holds no certificate in PEM"),
        (
            bus,
            json!({ "tls": { "cert": file("client.pem"), "key": file("no.pem") } }),
            "it holds no private key",
        ),
        (
            bus,
            json!({ "tls": { "cert": file("client.pem"), "key": file("nobody.key") } }),
            "does not go with the certificate",
        ),
        (
            bus,
            json!({ "tls": { "cert": file("client.pem") } }),
            "bus_config.tls.key: is missing beside bus_config.tls.cert",
        ),
        (bus, json!({ "login": { "nkey": SECRET } }), "login.nkey: this is no seed of a user's nkey"),
        (bus, json!({ "login": { "credentials_file": file("no.pem") } }), "this is no credentials file"),
        (
            bus,
            json!({ "login": { "password_file": file("gone") } }),
            "bus_config.login.password_file: cannot read",
        ),
        (
            bus,
            json!({ "login": { "user": "a", "password": SECRET, "token": SECRET } }),
            "holds several kinds of login, user, token",
        ),
        (bus, json!({ "login": { "external": true } }), "login.external: is RabbitMQ's"),
        (
            bus,
            json!({ "url": format!("nats://u:{}@localhost", SECRET.replace(['/', ' '], "")), "login": { "token": SECRET } }),
            "login: stands beside",
        ),
        (asterisk, json!({ "tls": { "ca": file("gone.pem") } }), "asterisk.tls.ca: cannot read"),
        (asterisk, json!({ "tls": { "ca": file("no.pem") } }), "it holds no certificate in PEM"),
        (
            asterisk,
            json!({ "tls": { "cert": file("client.pem"), "key": file("nobody.key") } }),
            "does not go with the certificate",
        ),
        (
            asterisk,
            json!({ "tls": { "key": file("client.key") } }),
            "asterisk.tls.cert: is missing beside asterisk.tls.key",
        ),
    ] {
        let nobody = format!("localhost:{}", ok(free_tcp_port()));
        let ari = Ari {
            websocket_url: format!("wss://{nobody}/ari/events"),
            rest_url: format!("https://{nobody}/ari"),
            user: "ari".to_owned(),
            password: "ari-p@ssw0rd".to_owned(),
        };
        let mut config = config_json(&ari, Kind::Nats, &format!("tls://{nobody}"), "pbx", &["hello"]);
        for (key, value) in value.as_object().unwrap() {
            config[place][key] = Value::clone(value);
        }
        let said = Daemon::start(&config, &[SECRET, "s3cr3t-in-a-file"]).ends().await;
        assert!(said.contains(told), "{said}\n lacks {told}");
        println!("{said}");
    }
}
