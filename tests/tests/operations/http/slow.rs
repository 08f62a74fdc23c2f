//! Thousands of clients that are slow or say nothing: calls go on, and the operator is answered.

use std::time::{Duration, Instant};

use ari_tests::{
    brokers::Setup,
    crew::ALONE,
    figures::Durations,
    handlers::Handler,
    operator::Operator,
    oracle::Gaps,
    programs,
    stage::Stage,
    wait::{eventually, ok},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Clients at once, and what each of a kind sends: nothing, a part of a line, headers without an end, a body that does not come.
const CLIENTS: usize = 2_000;
/// Files that this process may have open then.
const FILES: u64 = 4 * CLIENTS as u64;
const KINDS: [&str; 4] = [
    "",
    "GET /rea",
    "GET /readyz HTTP/1.1\r\nhost: localhost\r\nx: ",
    "POST /ari/amqp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\napplication",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_slow_clients_do_not_touch_calls() {
    let _alone = ALONE.lock().await;
    // Of this whole process: servers that other tests start size themselves by it, so it is no more than the clients need.
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |maximum| maximum.min(FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        ok(setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }));
    }
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = stage.proxy_with(&config).await;
    let workers = stage.workers(1, Handler::Steps).await;
    let load = stage.calls_up(50, Duration::from_millis(100)).await;

    let (mut clients, mut answers) = (Vec::new(), Durations::default());
    for number in 0..CLIENTS {
        let mut client = ok(TcpStream::connect(operator.address).await);
        // It may have given way already.
        let _ = client.write_all(KINDS[number % KINDS.len()].as_bytes()).await;
        clients.push(client);
        if number % 50 == 49 {
            let asked = Instant::now();
            assert_eq!(operator.get("/healthz").await.0, 200);
            answers.add(asked.elapsed());
        }
    }
    println!("with up to {CLIENTS} slow clients the operator had answers after {answers}");
    assert_eq!(operator.get("/readyz").await.0, 200);
    let files = ok(proxy.open_files());
    println!("the proxy had {files} files open");
    assert!(files < 512, "{files} files: connections are not bounded");

    let mut closed = 0;
    eventually("all slow clients cut", async || {
        clients.retain_mut(|client| {
            let open = is_open(client);
            closed += usize::from(!open);
            open
        });
        clients.is_empty()
    })
    .await;
    assert_eq!(closed, CLIENTS);
    let findings = stage.finish(load, Gaps::None).await;
    println!("{findings}");
    findings.must_be_clean();
    for worker in workers {
        worker.stop().await;
    }
    proxy.stop().await;
}

/// Whether nothing says that the other end is closed.
fn is_open(client: &TcpStream) -> bool {
    let mut buffer = [0; 1_024];
    loop {
        match client.try_read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

/// One that asks and does not read: its connection is closed in the end, however large the answers are together.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_asks_and_never_reads_is_cut() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = stage.proxy_with(&config).await;
    let mut client = ok(TcpStream::connect(operator.address).await);
    let question = "GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000);
    let (asked, mut sent) = (Instant::now(), 0);
    // Ends when the proxy resets the connection; until then its own answers are what stands in the way.
    while client.write_all(question.as_bytes()).await.is_ok() {
        sent += 1_000;
    }
    println!("cut after {sent} questions and {:.1?}", asked.elapsed());
    let _ = client.read(&mut [0; 1]).await;
    assert_eq!(operator.get("/healthz").await.0, 200);
    proxy.stop().await;
}
