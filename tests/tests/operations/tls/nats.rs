//! A real NATS: every kind of login and of certificate, right and wrong.

use ari_testbed::Nats;
use ari_tests::{brokers::Kind, certificates::Folder};
use nkeys::KeyPair;
use serde_json::{Value, json};

use super::{
    daemon::{self, Daemon, config, escaped},
    jwt::{Account, EXPIRED, NEVER},
};

const PASSWORD: &str = "p@ss/w0rd: of,NATS %41";
const TOKEN: &str = "t0ken+of/NATS=";
const WRONG: &str = "wr0ng-s3cr3t/word";

async fn works(bus: Value, secrets: &[&str]) {
    daemon::works(Kind::Nats, bus, secrets).await;
}

/// One line, however often it is tried.
async fn fails(bus: Value, secrets: &[&str], told: &str) {
    let daemon = Daemon::start(&config(Kind::Nats, bus), secrets);
    daemon.says(told).await;
    daemon.says_times("establishing connection", 3).await;
    daemon.warned_once(told).await;
}

async fn nats(configuration: &str) -> Nats {
    Nats::start_with(configuration).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn user_and_password() {
    let server = nats(&format!("authorization {{ user: worker, password: \"{PASSWORD}\" }}")).await;
    let (url, port) = (server.url(), server.port());
    works(json!({ "url": url, "login": { "user": "worker", "password": PASSWORD } }), &[PASSWORD]).await;
    works(json!({ "url": format!("nats://worker:{}@127.0.0.1:{port}", escaped(PASSWORD)) }), &[PASSWORD])
        .await;
    let told = "it refuses the user \"worker\" with this password";
    fails(json!({ "url": url, "login": { "user": "worker", "password": WRONG } }), &[WRONG], told).await;
    fails(json!({ "url": format!("nats://worker:{}@127.0.0.1:{port}", escaped(WRONG)) }), &[WRONG], told)
        .await;
    fails(json!({ "url": url }), &[], "it wants a login: put user and password, token, nkey or credentials")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn token() {
    let server = nats(&format!("authorization {{ token: \"{TOKEN}\" }}")).await;
    works(json!({ "url": server.url(), "login": { "token": TOKEN } }), &[TOKEN]).await;
    works(json!({ "url": format!("nats://{}@127.0.0.1:{}", escaped(TOKEN), server.port()) }), &[TOKEN]).await;
    let told = "it refuses this token: compare it";
    fails(json!({ "url": server.url(), "login": { "token": WRONG } }), &[WRONG], told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nkey_as_it_is_and_from_a_file() {
    let (known, unknown) = (KeyPair::new_user(), KeyPair::new_user());
    let server = nats(&format!("authorization {{ users: [{{ nkey: {} }}] }}", known.public_key())).await;
    let (seed, foreign) = (known.seed().unwrap(), unknown.seed().unwrap());
    works(json!({ "url": server.url(), "login": { "nkey": seed } }), &[&seed]).await;
    let folder = Folder::new();
    folder.write("seed", &format!("{seed}\n"));
    works(json!({ "url": server.url(), "login": { "nkey_file": folder.outside("seed") } }), &[&seed]).await;
    let told = format!("it refuses this nkey: let it have a user with the nkey {}", unknown.public_key());
    fails(json!({ "url": server.url(), "login": { "nkey": foreign } }), &[&foreign], &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials() {
    let (ours, theirs, folder) = (Account::new(), Account::new(), Folder::new());
    let server = nats(&ours.configuration()).await;
    for (name, account, expires, told) in [
        ("good", &ours, NEVER, None),
        (
            "expired",
            &ours,
            EXPIRED,
            Some("these credentials have expired, at 2001-09-09T01:46:40Z: make new ones"),
        ),
        ("foreign", &theirs, NEVER, Some("or of an account that this server does not know")),
    ] {
        let user = account.user(expires);
        folder.write(name, &user.credentials);
        let bus = json!({ "url": server.url(), "login": { "credentials_file": folder.outside(name) } });
        match told {
            None => works(bus, &[&user.seed, &user.jwt]).await,
            Some(told) => fails(bus, &[&user.seed, &user.jwt], told).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let folder = Folder::furnished();
    let tls = |name: &str, more: &str| {
        let (cert, key) = (folder.inside(&format!("{name}.pem")), folder.inside(&format!("{name}.key")));
        // Its own two seconds for a handshake are too few where the machine is busy.
        format!("tls {{ cert_file: \"{cert}\", key_file: \"{key}\", timeout: 30{more} }}")
    };
    let verify = format!(", ca_file: \"{}\", verify: true", folder.inside("ca.pem"));
    let (server, strict) = (nats(&tls("server", "")).await, nats(&tls("server", &verify)).await);
    let (expired, plain) = (nats(&tls("server-expired", "")).await, nats("").await);
    let at = |server: &Nats| format!("tls://localhost:{}", server.port());
    let file = |name: &str| folder.outside(name);
    let ca = || json!({ "ca": file("ca.pem") });
    let client = |name: &str| json!({ "ca": file("ca.pem"), "cert": file(&format!("{name}.pem")), "key": file(&format!("{name}.key")) });

    works(json!({ "url": at(&server), "tls": ca() }), &[]).await;
    // A server that wants TLS gets it, whatever the URL says.
    works(json!({ "url": at(&server).replace("tls:", "nats:"), "tls": ca() }), &[]).await;
    works(json!({ "url": at(&strict), "tls": client("client") }), &[]).await;

    let unknown =
        "its certificate is of an authority that is not known here: name the authority's PEM file in tls.ca";
    fails(json!({ "url": at(&server) }), &[], unknown).await;
    fails(json!({ "url": at(&server), "tls": { "ca": file("foreign-ca.pem") } }), &[], unknown).await;
    fails(json!({ "url": at(&expired), "tls": ca() }), &[], "its certificate has expired").await;
    let elsewhere = format!("tls://127.0.0.1:{}", server.port());
    fails(
        json!({ "url": elsewhere, "tls": ca() }),
        &[],
        "its certificate is not for 127.0.0.1, but for localhost",
    )
    .await;
    fails(json!({ "url": at(&plain), "tls": ca() }), &[], "it does not speak TLS on this port").await;
    fails(json!({ "url": at(&strict), "tls": ca() }), &[], "a client certificate").await;
    fails(
        json!({ "url": at(&strict), "tls": client("stranger") }),
        &[],
        "the client certificate in tls.cert",
    )
    .await;
    fails(
        json!({ "url": at(&strict), "tls": client("client-expired") }),
        &[],
        "the client certificate in tls.cert",
    )
    .await;
}
