//! Each server starts, is killed and starts again where it was; several of a kind live side by side.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use ari_testbed::{Asterisk, AsteriskOptions, Error, Nats, RabbitMq, Server};
use rustix::process::{Pid, Signal, kill_process};

/// How long a killed server may be seen.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// What every server must be able to do.
async fn lives(server: &Server) {
    let first = server.process_id().unwrap();
    assert!(matches!(server.start_again().await, Err(Error::Running(_))));

    server.kill().await.unwrap();
    assert!(!server.is_running());
    assert!(matches!(server.kill().await, Err(Error::NotRunning(_))));
    let begun = Instant::now();
    server.start_again().await.unwrap();
    println!("started again in {:?}", begun.elapsed());
    let second = server.process_id().unwrap();
    assert_ne!(first, second);

    // It may also have ended by itself.
    kill_process(Pid::from_raw(i32::try_from(second).unwrap()).unwrap(), Signal::KILL).unwrap();
    let deadline = Instant::now() + GONE_WITHIN;
    while server.is_running() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.start_again().await.unwrap();
    let second = server.process_id().unwrap();

    server.pause().await.unwrap();
    assert!(server.is_running());
    server.resume().unwrap();

    server.pause().await.unwrap();
    let begun = Instant::now();
    server.restart().await.unwrap();
    println!("restarted in {:?}", begun.elapsed());
    assert_ne!(second, server.process_id().unwrap());
    server.stop().await.unwrap();
    assert!(!server.is_running());
    server.start_again().await.unwrap();
}

/// It cannot start while its port is another's, says so, and can afterwards.
async fn misses_its_port<T>(server: &Server, take: impl Fn() -> std::io::Result<T>) {
    server.kill().await.unwrap();
    let taken = take().unwrap();
    let error = server.start_again().await.unwrap_err();
    assert!(matches!(error, Error::AddressTaken { .. }), "{error}");
    assert!(!server.is_running());
    drop(taken);
    server.start_again().await.unwrap();
}

#[tokio::test]
async fn nats() {
    let begun = Instant::now();
    let (one, other) = tokio::join!(Nats::start(), Nats::start());
    println!("two started in {:?}", begun.elapsed());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.url(), other.url());
    lives(&one).await;
    misses_its_port(&one, || TcpListener::bind(("127.0.0.1", one.port()))).await;
    misses_its_port(&one, || TcpListener::bind(("127.0.0.1", one.monitoring_port()))).await;
    assert_eq!(one.connections().await.unwrap(), 0);
    assert_eq!(one.subscriptions().await.unwrap(), Vec::<String>::new());
    assert!(other.is_running());
}

#[tokio::test]
async fn rabbitmq() {
    let begun = Instant::now();
    let (one, other) = tokio::join!(RabbitMq::start(), RabbitMq::start());
    println!("two started in {:?}", begun.elapsed());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.url(), other.url());
    lives(&one).await;
    misses_its_port(&one, || TcpListener::bind(("127.0.0.1", one.port()))).await;
    let begun = Instant::now();
    assert_eq!(one.queues().await.unwrap(), []);
    assert_eq!(one.connections().await.unwrap(), 0);
    println!("asked twice in {:?}", begun.elapsed());
    assert!(other.is_running());
}

#[tokio::test]
async fn asterisk() {
    let begun = Instant::now();
    let (one, other) =
        tokio::join!(Asterisk::start(AsteriskOptions::new()), Asterisk::start(AsteriskOptions::new()));
    println!("two started in {:?}", begun.elapsed());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.ari_url(), other.ari_url());
    lives(&one).await;
    let http = one.ari_url().split(&[':', '/']).nth(4).unwrap().parse().unwrap();
    misses_its_port(&one, || TcpListener::bind(("127.0.0.1", http))).await;
    misses_its_port(&one, || UdpSocket::bind(one.sip_address())).await;
    misses_its_port(&one, || TcpListener::bind(one.ami_address())).await;
    let (status, call) = one
        .ari("POST", "/channels?endpoint=Local/park@default&extension=park&context=default")
        .await
        .unwrap();
    assert_eq!(status, 200, "{call}");
    assert_eq!(one.channels().await.unwrap(), 2);
    assert_eq!(other.channels().await.unwrap(), 0);
    let said = one.cli("core show channels count").await.unwrap();
    assert!(said.contains("active channels"), "{said}");
    let mut greeting = [0; 22];
    TcpStream::connect(other.ami_address()).unwrap().read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"Asterisk Call Manager/");
    let (status, recordings) = one.ari("GET", "/recordings/stored").await.unwrap();
    assert_eq!((status, recordings), (200, serde_json::json!([])));
}

#[tokio::test]
async fn a_configuration_that_does_not_work_is_told_with_the_log() {
    let error = Nats::start_with("nonsense {").await.unwrap_err();
    let Error::NotStarted { tail, .. } = &error else { panic!("{error}") };
    assert!(tail.contains("Parse error"), "{error}");
}
