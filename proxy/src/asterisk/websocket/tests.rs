//! The websocket against small servers of our own.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt, future::join_all};
use reqwest::Method;
use tokio::time::timeout;
use tokio::{
    io::{AsyncWriteExt as _, DuplexStream, duplex},
    net::{TcpListener, TcpSocket},
    sync::mpsc::unbounded_channel,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async, connect_async,
    tungstenite::{Message, protocol::Role},
};

use super::{connect::Socket, *};
use crate::asterisk::{limits::LULL_PATIENCE, request::Request};
use crate::testing::{config, log, rest};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Counts what it hears; stands still for the given time at the first event.
#[derive(Default)]
struct Ear {
    connected: Arc<AtomicUsize>,
    events: usize,
    gone: Vec<String>,
    stall: Duration,
}

impl Listener for Ear {
    fn connected(&mut self, _: &[String], _: &Fence) {
        self.connected.fetch_add(1, Ordering::SeqCst);
    }

    fn disconnected(&mut self, applications: &[String]) {
        self.gone.extend_from_slice(applications);
    }

    fn failed(&mut self, _: bool) {}

    fn event(&mut self, _: &Header<'_>, _: &Utf8Bytes) {
        self.events += 1;
        if self.events == 1 {
            std::thread::sleep(self.stall);
        }
    }

    fn broken_frame(&mut self) {}
}

async fn server() -> (TcpListener, String) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    (server, address)
}

async fn connected_to(address: &str) -> Socket {
    connect_async(config(address).websocket_url).await.unwrap().0
}

fn opened(socket: Socket, ping_every: Duration) -> Connection<Stream> {
    Connection::new(socket, vec!["hello".to_owned()], Fences::new().1, Line::new().1, ping_every)
}

/// The whole link, with nobody to tell it anything.
async fn listening(config: &Config, ear: Ear, stop: &CancellationToken) {
    let (rest, told) = (rest(config), Notify::new());
    let (claim, status) = (Claim::for_ever(), Status::default());
    let applications = &Applications::fixed(&config.applications);
    let (rest, claim, status, told) = (&rest, &claim, &status, &told);
    listen(Surroundings { config, applications, rest, claim, status, told, stop }, ear).await;
}

#[test]
fn names_of_applications_are_encoded_only_where_they_must_be() {
    let applications = ["a-b_c.d~e", "ü+50%"].map(str::to_owned).to_vec();
    let request = handshake(&config("localhost"), &applications).unwrap();
    assert_eq!(request.uri().query(), Some("app=a-b_c.d~e,%C3%BC%2B50%25"));
}

#[tokio::test]
async fn a_server_that_accepts_and_closes_is_neither_hurried_nor_told_of_for_ever() {
    let (_log, mut lines) = log();
    let (server, address) = server().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = server.accept().await {
            drop(accept_async(stream).await);
        }
    });
    let ear = Ear::default();
    let connected = Arc::clone(&ear.connected);
    let stop = CancellationToken::new();
    let _ = timeout(Duration::from_secs(2), listening(&config(&address), ear, &stop)).await;
    // Pauses of at least 100, 200, and then 250 ms, half of the longest.
    let connected = connected.load(Ordering::SeqCst);
    assert!((2..=9).contains(&connected), "{connected}");
    let lines: Vec<String> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
    for text in ["connected to Asterisk's events", "was lost soon after it was made"] {
        assert_eq!(lines.iter().filter(|line| line.contains(text)).count(), 1, "{lines:?}");
    }
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[tokio::test]
async fn a_wrong_password_is_told_although_something_else_failed_before() {
    let (_log, mut lines) = log();
    let (server, address) = server().await;
    tokio::spawn(async move {
        drop(server.accept().await);
        while let Ok((mut stream, _)) = server.accept().await {
            let refusal = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(refusal).await;
        }
    });
    let config = config(&address);
    let stop = CancellationToken::new();
    let listening = listening(&config, Ear::default(), &stop);
    let told = async {
        let (first, second) = (lines.recv().await.unwrap(), lines.recv().await.unwrap());
        assert!(first.contains("cannot connect") && !first.contains("ws_password"), "{first}");
        assert!(second.contains("`ws_password`"), "{second}");
    };
    tokio::select! {
        () = listening => panic!("it stopped"),
        told = timeout(PATIENCE, told) => told.expect("both were told"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_go_out_under_constant_load() {
    let (server, address) = server().await;
    let serving = tokio::spawn(async move {
        let socket = accept_async(server.accept().await.unwrap().0).await.unwrap();
        let (mut sink, mut frames) = socket.split();
        let mut pings = 0;
        while pings < 5 {
            tokio::select! {
                frame = frames.next() => pings += usize::from(frame.unwrap().unwrap().is_ping()),
                sent = sink.send(Message::text(r#"{"type":"X"}"#)) => sent.unwrap(),
            }
        }
    });
    let socket = connected_to(&address).await;
    let (mut ear, stop) = (Ear::default(), CancellationToken::new());
    let mut connection = opened(socket, Duration::from_millis(20));
    let reading = timeout(PATIENCE, connection.read(&mut ear, &stop, pending::<()>()));
    let read = reading.await.expect("the server saw five pings and closed");
    assert!(matches!(read, Read::Lost(_)), "{read:?}");
    serving.await.unwrap();
    assert!(ear.events > 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_is_passed_when_all_that_was_sent_before_is_read_and_never_when_the_connection_ends() {
    let (server, address) = server().await;
    let serving = tokio::spawn(async move {
        let socket = accept_async(server.accept().await.unwrap().0).await.unwrap();
        let (mut sink, mut frames) = socket.split();
        let mut fences = 0;
        // Under constant load; the library answers the pings.
        while fences < 3 {
            tokio::select! {
                frame = frames.next() => {
                    fences += usize::from(matches!(frame, Some(Ok(Message::Ping(payload))) if !payload.is_empty()));
                }
                sent = sink.send(Message::text(r#"{"type":"X"}"#)) => sent.unwrap(),
            }
        }
    });
    let socket = connected_to(&address).await;
    let (mut ear, stop) = (Ear::default(), CancellationToken::new());
    let (fence, fences) = Fences::new();
    let mut connection = Connection::new(socket, Vec::new(), fences, Line::new().1, Duration::from_secs(5));
    let passing = async {
        let [first, second] = [fence.passed().await, fence.passed().await];
        // The server hears of the third, and hangs up.
        (first, second, fence.passed().await)
    };
    let reading = async {
        let read = connection.read(&mut ear, &stop, pending::<()>()).await;
        drop(connection);
        read
    };
    let (_, passed) = timeout(PATIENCE, async { tokio::join!(reading, passing) }).await.unwrap();
    assert_eq!((passed.0, passed.1), (true, true));
    assert!(!fence.passed().await);
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standing_still_ourselves_is_no_silence_of_asterisk() {
    let (server, address) = server().await;
    tokio::spawn(async move {
        let mut socket = accept_async(server.accept().await.unwrap().0).await.unwrap();
        socket.send(Message::text(r#"{"type":"X"}"#)).await.unwrap();
        // Answers pings.
        while let Some(Ok(_)) = socket.next().await {}
    });
    let socket = connected_to(&address).await;
    let mut ear = Ear { stall: Duration::from_secs(2), ..Ear::default() };
    let stop = CancellationToken::new();
    let mut connection = opened(socket, Duration::from_millis(500));
    let patience = tokio::time::sleep(Duration::from_secs(4));
    let read = connection.read(&mut ear, &stop, patience).await;
    assert!(matches!(read, Read::Interrupted(())), "{read:?}");
    assert_eq!(ear.events, 1);
}

/// A second websocket for the same application wins in Asterisk, and the first one stays open.
#[tokio::test]
async fn an_application_that_another_program_takes_is_left_to_it() {
    let (server, address) = server().await;
    let (sender, mut handshakes) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = server.accept().await {
            // Questions for applications are not answered.
            if let Ok(mut socket) = accept_async(stream).await {
                sender.send(()).unwrap();
                socket
                    .send(Message::text(r#"{"type":"ApplicationReplaced","application":"hello"}"#))
                    .await
                    .unwrap();
                while let Some(Ok(_)) = socket.next().await {}
            }
        }
    });
    let (config, stop, told) = (config(&address), CancellationToken::new(), Notify::new());
    let rest = rest(&config);
    let (claim, status) = (Claim::for_ever(), Status::default());
    let surroundings = Surroundings {
        config: &config,
        applications: &Applications::fixed(&config.applications),
        rest: &rest,
        claim: &claim,
        status: &status,
        told: &told,
        stop: &stop,
    };
    let link = Box::pin(listen(surroundings, Ear::default()));
    let watching = async {
        handshakes.recv().await.unwrap();
        // Far longer than any pause between two connections.
        let again = timeout(Duration::from_secs(2), handshakes.recv()).await;
        assert!(again.is_err(), "it fights");
        told.notify_one();
        handshakes.recv().await.unwrap();
        stop.cancel();
    };
    timeout(PATIENCE, async { tokio::join!(link, watching) })
        .await
        .expect("it takes it back when it is told to");
}

#[tokio::test]
async fn silence_is_noticed() {
    let (server, address) = server().await;
    let connecting = tokio::spawn(async move { connected_to(&address).await });
    // Never read from: no ping is answered.
    let silent = accept_async(server.accept().await.unwrap().0).await.unwrap();
    let socket = connecting.await.unwrap();
    let stop = CancellationToken::new();
    let mut connection = opened(socket, Duration::from_millis(50));
    let (mut ear, patience) = (Ear::default(), tokio::time::sleep(PATIENCE));
    let read = connection.read(&mut ear, &stop, patience).await;
    assert!(matches!(&read, Read::Lost(why) if why.starts_with("nothing heard")), "{read:?}");
    drop(silent);
}

/// Sends an event each time that a pause is over; returns when it was told goodbye: how many it had sent, and how long ago the last.
async fn talk(raw: DuplexStream, pauses: impl IntoIterator<Item = u64>) -> (usize, Duration) {
    let mut socket = WebSocketStream::from_raw_socket(raw, Role::Server, None).await;
    let (mut sent, mut last) = (0, Instant::now());
    for pause in pauses {
        tokio::select! {
            frame = socket.next() => {
                assert!(matches!(frame, Some(Ok(Message::Close(_)))), "{frame:?}");
                return (sent, last.elapsed());
            }
            () = sleep(Duration::from_millis(pause)) => {
                socket.send(Message::text(r#"{"type":"X"}"#)).await.unwrap();
                (sent, last) = (sent + 1, Instant::now());
            }
        }
    }
    panic!("no goodbye after {sent} events");
}

#[tokio::test(start_paused = true)]
async fn an_asterisk_that_dials_in_is_told_goodbye_while_it_says_nothing() {
    for (pauses, lull) in [
        // A call that is being set up.
        (vec![1, 2, 30, 5, 30, 20, 10_000], 40),
        // Hundreds a second.
        (vec![5; 1_000], 2),
    ] {
        let (ours, theirs) = duplex(1 << 20);
        let talking = tokio::spawn(talk(theirs, pauses));
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let mut connection =
            Connection::new(socket, Vec::new(), Fences::new().1, Line::new().1, PING_EVERY).dialled_in();
        let (mut ear, begun) = (Ear::default(), Instant::now());
        connection.finish(&mut ear, GOODBYE).await;
        let (sent, silent) = talking.await.unwrap();
        assert!(begun.elapsed() <= LULL_PATIENCE * 3, "{:?}", begun.elapsed());
        assert_eq!(ear.events, sent);
        assert_eq!(silent, Duration::from_millis(lull), "after one of {sent} events");
    }
}

/// Asterisk writes to us while it acts on a request, and reads nothing else meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_holds_up_no_event_and_is_noticed_in_the_end() {
    let server = TcpSocket::new_v4().unwrap();
    server.set_recv_buffer_size(4_096).unwrap();
    server.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = server.listen(1).unwrap();
    let address = server.local_addr().unwrap().to_string();
    let talking = tokio::spawn(async move {
        let mut socket = accept_async(server.accept().await.unwrap().0).await.unwrap();
        // Reads nothing.
        while socket.send(Message::text(r#"{"type":"X"}"#)).await.is_ok() {}
    });
    let (line, asks) = Line::new();
    let socket = connected_to(&address).await;
    let mut connection =
        Connection::new(socket, Vec::new(), Fences::new().1, asks, Duration::from_millis(100));
    let (mut ear, stop) = (Ear::default(), CancellationToken::new());
    let reading = async {
        let read = timeout(PATIENCE, connection.read(&mut ear, &stop, pending::<()>())).await.unwrap();
        drop(connection);
        read
    };
    let body = Some("x".repeat(40_000));
    let request = Request { method: Method::POST, url: "/channels".to_owned(), body };
    // More than any buffer of the system's takes.
    let asking = join_all((0..400).map(|_| line.send_one(&request, PATIENCE)));
    let (read, answers) = tokio::join!(reading, asking);
    assert!(matches!(&read, Read::Lost(why) if why.starts_with("nothing could be written")), "{read:?}");
    assert!(ear.events > 1_000, "{}", ear.events);
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    assert!(of(504) > 0 && of(503) > 0 && of(503) + of(504) == answers.len(), "{answers:?}");
    talking.await.unwrap();
}
