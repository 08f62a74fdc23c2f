//! TLS: a server that an authority of the system vouches for is used, any other is refused.
//!
//! `tls/` holds an authority and a server's key and certificate for 127.0.0.1, made for this test and good for nothing
//! else. The authority's own key was thrown away.

use std::{fs, path::PathBuf, process::Command};

use ari_bus::{Link, Topics};
use ari_testbed::{Nats, RabbitMq, Release, Root, free_tcp_port};

use crate::support::{next, options, publish, unique, until, up};

const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key");
/// Tells [`in_a_process_that_trusts_the_authority`] what to connect to.
const URL: &str = "ARI_TESTS_TLS_URL";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_over_tls() {
    let files = Files::new();
    let configuration =
        format!("tls {{ cert_file: \"{0}/server.pem\", key_file: \"{0}/server.key\" }}", files.inside);
    let broker = Nats::start_with(&configuration).await.unwrap_or_else(|error| panic!("{error}"));
    check(format!("tls://127.0.0.1:{}", broker.port())).await;
    // A server that wants TLS gets it, whatever the URL says.
    check(broker.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_over_tls() {
    let files = Files::new();
    let port = free_tcp_port().unwrap();
    let configuration = format!(
        "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {0}/server.pem\n\
         ssl_options.keyfile = {0}/server.key\n",
        files.inside
    );
    let _broker = RabbitMq::start_with(&configuration).await.unwrap_or_else(|error| panic!("{error}"));
    check(format!("amqps://guest:guest@127.0.0.1:{port}/%2f")).await;
}

async fn check(url: String) {
    trust_as_the_daemon_does();
    let stranger = ari_bus::connect(&url, options()).unwrap();
    let before = stranger.link().now();
    until("the refusal is told", async || stranger.link().now() != before).await;
    assert!(
        matches!(stranger.link().now(), Link::Down(_)),
        "a certificate that nobody vouches for was taken"
    );
    stranger.close().await;

    // The system's authorities are looked up by way of the environment, which no test can change for itself.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "tls::in_a_process_that_trusts_the_authority", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bus_contract/tls/authority.pem"))
        .env_remove("SSL_CERT_DIR")
        .env(URL, url);
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let printed =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

#[tokio::test]
#[ignore = "run by the tests above, in a process of its own"]
async fn in_a_process_that_trusts_the_authority() {
    trust_as_the_daemon_does();
    let bus = ari_bus::connect(&std::env::var(URL).unwrap(), options()).unwrap();
    up(&*bus).await;
    let topic = unique("secret");
    let mut subscription = bus.subscribe(Topics::One(topic.clone())).await.unwrap();
    publish(&*bus, &topic, "hello").await;
    assert_eq!(next(&mut subscription).await, "hello");
    bus.close().await;
}

/// One TLS provider for the process, as `main` installs it. It may be there from another test.
fn trust_as_the_daemon_does() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The server's files, in the root folder that the testbed's servers see.
struct Files {
    folder: PathBuf,
    inside: String,
}

impl Files {
    fn new() -> Self {
        let root = Root::prepare(Release::default()).unwrap_or_else(|error| panic!("{error}"));
        let inside = format!("/tmp/{}", unique("tls"));
        let folder = root.path().join(inside.trim_start_matches('/'));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("server.pem"), CERTIFICATE).unwrap();
        fs::write(folder.join("server.key"), KEY).unwrap();
        Self { folder, inside }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
