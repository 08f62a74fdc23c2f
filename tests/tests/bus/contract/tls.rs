//! TLS: a server that an authority of the system vouches for is used, any other is refused.

use ari_bus::{Link, Topics};
use ari_testbed::{Nats, RabbitMq, free_tcp_port};
use ari_tests::{certificates::Folder, one_test::one_test};

use super::support::{next, options, publish, unique, until, up};

/// Tells [`in_a_process_that_trusts_the_authority`] what to connect to.
const URL: &str = "ARI_TESTS_TLS_URL";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_over_tls() {
    let files = Folder::furnished();
    let configuration = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        files.inside("server.pem"),
        files.inside("server.key")
    );
    let broker = Nats::start_with(&configuration).await.unwrap_or_else(|error| panic!("{error}"));
    check(&files, format!("tls://localhost:{}", broker.port())).await;
    // A server that wants TLS gets it, whatever the URL says.
    check(&files, format!("nats://localhost:{}", broker.port())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_over_tls() {
    let files = Folder::furnished();
    let port = free_tcp_port().unwrap();
    let configuration = format!(
        "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {}\n\
         ssl_options.keyfile = {}\n",
        files.inside("server.pem"),
        files.inside("server.key"),
    );
    let _broker = RabbitMq::start_with(&configuration).await.unwrap_or_else(|error| panic!("{error}"));
    check(&files, format!("amqps://guest:guest@localhost:{port}/%2f")).await;
}

async fn check(files: &Folder, url: String) {
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
    let mut child = one_test(module_path!(), "in_a_process_that_trusts_the_authority");
    child
        .arg("--nocapture")
        .env("SSL_CERT_FILE", files.outside("ca.pem"))
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
