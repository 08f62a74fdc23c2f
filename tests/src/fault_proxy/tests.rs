//! The relay against a server that sends back what it gets.

use std::{io::ErrorKind, process::Command, sync::atomic::AtomicBool, thread, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

use super::*;

/// A server that sends back what it gets, and a relay before it.
async fn echo() -> (FaultProxy, JoinHandle<()>) {
    let listener = ok(TcpListener::bind("127.0.0.1:0").await);
    let port = ok(listener.local_addr()).port();
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = ok(listener.accept().await);
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    (FaultProxy::before(port).await, server)
}

async fn client(proxy: &FaultProxy) -> TcpStream {
    ok(TcpStream::connect(proxy.address).await)
}

async fn says(stream: &mut TcpStream, text: &str) {
    ok(stream.write_all(text.as_bytes()).await);
}

async fn hears(stream: &mut TcpStream, text: &str) {
    let mut heard = vec![0; text.len()];
    ok(soon("the echo", stream.read_exact(&mut heard)).await);
    assert_eq!(heard, text.as_bytes());
}

/// Nothing comes, though there was time for it.
async fn hears_nothing(stream: &mut TcpStream) {
    let heard = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut [0; 16])).await;
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn what_is_sent_arrives_and_so_does_its_end() {
    let (proxy, _server) = echo().await;
    let mut stream = client(&proxy).await;
    let long = "x".repeat(1_000_000);
    let (mut read, mut write) = stream.split();
    let send = async {
        ok(write.write_all(long.as_bytes()).await);
        ok(write.shutdown().await);
    };
    let mut heard = String::new();
    let (_, length) = soon("all of it", async { tokio::join!(send, read.read_to_string(&mut heard)) }).await;
    assert_eq!(ok(length), long.len());
    assert_eq!(heard, long);
    soon("its end", async { proxy.doings.clone().wait_for(|doings| doings.open.is_empty()).await.is_ok() })
        .await;
    assert_eq!(proxy.taken(), 1);
}

#[tokio::test]
async fn a_cut_ends_what_there_is_and_nothing_new() {
    let (proxy, _server) = echo().await;
    for how in [Cut::Clean, Cut::Reset] {
        let mut stream = client(&proxy).await;
        says(&mut stream, "before").await;
        hears(&mut stream, "before").await;
        proxy.cut(how).await;
        assert_eq!(proxy.open(), 0);
        let end = soon("the end", stream.read(&mut [0; 16])).await;
        match how {
            Cut::Clean => assert_eq!(ok(end), 0),
            Cut::Reset => assert_eq!(end.map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset)),
        }
    }
    let mut stream = client(&proxy).await;
    says(&mut stream, "after").await;
    hears(&mut stream, "after").await;
}

#[tokio::test]
async fn a_stall_holds_one_direction_or_both_until_it_is_over() {
    let (proxy, _server) = echo().await;
    let mut stream = client(&proxy).await;
    for way in [Way::ToServer, Way::ToClient, Way::Both] {
        proxy.stall(way);
        says(&mut stream, "held").await;
        hears_nothing(&mut stream).await;
        proxy.resume();
        hears(&mut stream, "held").await;
    }
    // New connections stall as well.
    proxy.stall(Way::Both);
    let mut stream = client(&proxy).await;
    says(&mut stream, "new").await;
    hears_nothing(&mut stream).await;
    proxy.resume();
    hears(&mut stream, "new").await;
}

#[tokio::test]
async fn what_is_held_up_arrives_though_its_sender_is_gone() {
    let listener = ok(TcpListener::bind("127.0.0.1:0").await);
    let proxy = FaultProxy::before(ok(listener.local_addr()).port()).await;
    let mut stream = client(&proxy).await;
    let (mut server, _) = ok(listener.accept().await);
    says(&mut server, "unread: the client's close will be a reset").await;
    proxy.stall(Way::ToServer);
    says(&mut stream, "late").await;
    ok(stream.readable().await);
    drop(stream);
    // The relay finds nobody to give this to.
    says(&mut server, "into the void").await;
    hears_nothing(&mut server).await;
    proxy.resume();
    hears(&mut server, "late").await;
    assert_eq!(ok(soon("the end", server.read(&mut [0; 16])).await), 0);
}

#[tokio::test]
async fn a_halved_connection_stays_open_and_a_new_one_works() {
    let (proxy, _server) = echo().await;
    let mut old = client(&proxy).await;
    says(&mut old, "before").await;
    hears(&mut old, "before").await;
    proxy.halve(Way::ToClient);
    says(&mut old, "into the dark").await;
    hears_nothing(&mut old).await;
    proxy.resume();
    hears_nothing(&mut old).await;
    let mut new = client(&proxy).await;
    says(&mut new, "after").await;
    hears(&mut new, "after").await;
    assert_eq!(proxy.open(), 2);
    proxy.cut(Cut::Reset).await;
    assert_eq!(proxy.open(), 0);
}

#[tokio::test]
async fn a_throttled_connection_is_slow_and_loses_nothing() {
    let (proxy, _server) = echo().await;
    let mut stream = client(&proxy).await;
    proxy.throttle(Way::ToClient, Some(20_000));
    let (text, begun) = ("x".repeat(10_000), Instant::now());
    says(&mut stream, &text).await;
    hears(&mut stream, &text).await;
    // It cannot be faster, however fast the machine is; the last piece need not be waited for.
    assert!(begun.elapsed() > Duration::from_millis(400), "{:?}", begun.elapsed());
    proxy.throttle(Way::Both, None);
    says(&mut stream, &text).await;
    hears(&mut stream, &text).await;
}

#[tokio::test]
async fn refused_connections_find_nobody() {
    let (proxy, _server) = echo().await;
    let mut old = client(&proxy).await;
    says(&mut old, "before").await;
    hears(&mut old, "before").await;
    proxy.refuse(true).await;
    let refused = TcpStream::connect(proxy.address).await.map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
    says(&mut old, "still open").await;
    hears(&mut old, "still open").await;
    proxy.refuse(false).await;
    let mut new = client(&proxy).await;
    says(&mut new, "after").await;
    hears(&mut new, "after").await;
}

/// A program that is just being started holds a copy of all that is open here until it runs.
#[tokio::test]
async fn refusing_is_for_programs_that_are_being_started_too() {
    let (proxy, _server) = echo().await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let starting = thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            ok(Command::new("true").status());
        }
    });
    for _ in 0..300 {
        proxy.refuse(true).await;
        let refused = TcpStream::connect(proxy.address).await.map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
        proxy.refuse(false).await;
        drop(client(&proxy).await);
    }
    stop.store(true, Ordering::Relaxed);
    ok(starting.join());
}

#[tokio::test]
async fn connections_end_with_the_relay() {
    let (proxy, _server) = echo().await;
    let mut stream = client(&proxy).await;
    says(&mut stream, "before").await;
    hears(&mut stream, "before").await;
    drop(proxy);
    assert!(!matches!(soon("the end", stream.read(&mut [0; 16])).await, Ok(1..)));
}

#[tokio::test]
async fn its_url_is_the_server_s_at_another_port() {
    let proxy = FaultProxy::before(5672).await;
    let url = proxy.url("amqp://guest:5672@127.0.0.1:5672/%2f", 5672);
    assert_eq!(url, format!("amqp://guest:5672@127.0.0.1:{}/%2f", proxy.port()));
}
