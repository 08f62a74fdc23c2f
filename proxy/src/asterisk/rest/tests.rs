//! Both ways against small servers of our own.

use std::sync::atomic::AtomicUsize;

use futures_util::future::join_all;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::*;
use crate::{
    asterisk::limits::MAX_BODY,
    testing::{self, config},
};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(15);
/// Asterisk's default `sessionlimit`.
const SESSIONS: usize = 100;

fn rest(asterisk: &str) -> Rest {
    testing::rest(&config(asterisk))
}

fn get(url: &str) -> Request {
    Request { method: Method::GET, url: url.to_owned(), body: None }
}

async fn server() -> (TcpListener, String) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    (server, address)
}

/// Answers the requests of one connection, but none before so many have come on all of them.
async fn serve(mut stream: TcpStream, requests: watch::Sender<usize>) {
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            requests.send_modify(|requests| *requests += 1);
            let _ = requests.subscribe().wait_for(|requests| *requests >= MAX_IN_FLIGHT).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    }
}

#[tokio::test]
async fn more_requests_at_once_than_asterisk_has_sessions_are_all_answered() {
    let (server, address) = server().await;
    let (open, requests) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = server.accept().await {
            if open.load(Ordering::SeqCst) < SESSIONS {
                open.fetch_add(1, Ordering::SeqCst);
                let (open, requests) = (Arc::clone(&open), requests.clone());
                tokio::spawn(async move {
                    serve(stream, requests).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        }
    });
    let (rest, request) = (rest(&address), get("/channels"));
    let answers = timeout(PATIENCE, join_all((0..2 * SESSIONS).map(|_| rest.send(&request)))).await;
    for answer in answers.expect("none waits for ever") {
        assert_eq!(answer.unwrap().status, 204);
    }
}

#[tokio::test]
async fn a_request_that_never_had_its_turn_is_known_not_to_be_sent() {
    let (_silent, address) = server().await;
    let rest = Rest { timeout: Duration::from_millis(50), ..rest(&address) };
    let places = u32::try_from(MAX_IN_FLIGHT).unwrap();
    let others = rest.in_flight.acquire_many(places).await.unwrap();
    let status = async || rest.send(&get("/channels")).await.unwrap_err().to_answer().status;
    assert_eq!(status().await, 503);
    drop(others);
    assert_eq!(status().await, 504, "now it is sent, and has no answer");
}

#[tokio::test]
async fn a_question_to_a_silent_asterisk_ends_at_its_time_and_at_a_stop() {
    let (server, address) = server().await;
    let (rest, question, stop) = (rest(&address), get("/channels/1"), CancellationToken::new());
    let short = Duration::from_millis(50);
    let asked = timeout(PATIENCE, rest.ask(&question, short, &stop)).await;
    assert_eq!(asked.expect("the command's own time is longer"), None);
    let stopping = async {
        // Both questions were sent.
        let _silent = (server.accept().await.unwrap(), server.accept().await.unwrap());
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        asked = timeout(PATIENCE, rest.ask(&question, 2 * PATIENCE, &stop)) => {
            assert_eq!(asked.expect("a stop ends it"), None);
        }
        () = stopping => {}
    }
}

#[tokio::test]
async fn what_a_chosen_id_made_too_large_is_not_sent() {
    // Nobody listens there: what is sent is answered 503.
    let rest = rest("127.0.0.1:1");
    let status = async |request: Request| rest.send(&request).await.unwrap_err().to_answer().status;
    // The line is `GET /ari/channels?x=… HTTP/1.1`, with its end.
    let line = |length: usize| get(&format!("/channels?x={}", "x".repeat(length - 31)));
    assert_eq!(status(line(4_095)).await, 503);
    assert_eq!(status(line(4_096)).await, 414);
    let body = |length| Request { body: Some("x".repeat(length)), ..get("/channels") };
    assert_eq!(status(body(MAX_BODY)).await, 503);
    assert_eq!(status(body(MAX_BODY + 1)).await, 413);
}

/// A client that may use the websocket, and both ends of one.
fn on_a_websocket(asterisk: &str) -> (Rest, Line, Asks) {
    let mut config = config(asterisk);
    config.asterisk.rest = Some(RestWay::Websocket);
    let (line, asks) = Line::new();
    (testing::rest(&config), line, asks)
}

/// Answers everything on a websocket.
async fn answer_all(mut asks: Asks) {
    loop {
        let frame: serde_json::Value = serde_json::from_str(&asks.next().await).unwrap();
        let id = frame["request_id"].as_str().unwrap();
        let text = format!(r#"{{"type":"RESTResponse","request_id":"{id}","status_code":299}}"#);
        asks.answered(RestResponse::read(&text).unwrap());
    }
}

#[tokio::test]
async fn requests_ride_once_asterisk_has_answered_one_and_while_the_websocket_lives() {
    // Nobody listens there: what goes over HTTP is answered 503.
    let (rest, line, asks) = on_a_websocket("127.0.0.1:1");
    let status = async |request: Request| match rest.send(&request).await {
        Ok(answer) => answer.status,
        Err(error) => error.to_answer().status,
    };
    assert_eq!(status(get("/channels")).await, 503, "there is none yet");
    let asterisk = tokio::spawn(answer_all(asks));
    rest.ride(line).await;
    assert_eq!(status(get("/channels")).await, 299);
    assert_eq!(status(get("/recordings/stored/a/file")).await, 503, "a file goes over HTTP");
    let large = Request { body: Some("\"".repeat(MAX_BODY - 1)), ..get("/channels") };
    assert_eq!(status(large).await, 503, "what is too large for a frame goes over HTTP");
    let filter = Request {
        method: Method::PUT,
        url: "/applications/a/eventFilter".to_owned(),
        body: Some(r#"{"allowed":[{"type":"StasisStart"}]}"#.to_owned()),
    };
    assert_eq!(status(filter).await, 400);
    asterisk.abort();
    let _ = asterisk.await;
    assert_eq!(status(get("/channels")).await, 503, "the websocket is lost");
}

#[tokio::test]
async fn an_asterisk_that_dials_in_has_no_other_way() {
    let (line, asks) = Line::new();
    let mut config = config("");
    config.stasis_url.clear();
    let rest = testing::rest(&config);
    let status = async |url: &str| rest.send(&get(url)).await.unwrap_err().to_answer().status;
    assert_eq!(status("/channels").await, 503, "it has not dialled in");
    let asterisk = tokio::spawn(answer_all(asks));
    rest.ride(line).await;
    assert_eq!(rest.send(&get("/channels")).await.unwrap().status, 299);
    assert_eq!(status("/recordings/stored/a/file").await, 501);
    asterisk.abort();
}

#[tokio::test]
async fn a_websocket_that_leaves_a_command_unanswered_is_not_trusted_any_more() {
    let (rest, line, mut asks) = on_a_websocket("127.0.0.1:1");
    rest.set_line(Some(line));
    let rest = Rest { timeout: Duration::from_millis(50), ..rest };
    let request = get("/channels");
    let (error, _) = tokio::join!(rest.send(&request), asks.next());
    assert_eq!(error.unwrap_err().to_answer().status, 504);
    assert_eq!(rest.send(&request).await.unwrap_err().to_answer().status, 503, "by HTTP, where nobody is");
}

#[tokio::test(start_paused = true)]
async fn an_asterisk_that_does_not_answer_on_its_websocket_is_asked_by_http() {
    let (rest, line, mut asks) = on_a_websocket("127.0.0.1:1");
    let (_log, mut lines) = testing::log();
    tokio::join!(rest.ride(line), asks.next());
    assert!(rest.line().is_none());
    let told = lines.try_recv().unwrap();
    assert!(told.contains("commands go over HTTP"), "{told}");
}
