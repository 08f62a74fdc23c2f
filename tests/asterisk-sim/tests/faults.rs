//! Everything that can be made to go wrong, as an ARI client meets it.

mod client;

use std::{
    io::ErrorKind::{ConnectionRefused, ConnectionReset},
    time::{Duration, Instant},
};

use asterisk_sim::{CallEnd, Cut, Refusal, RestFault, ScriptedFrame, SimulatorOptions};
use client::{Client, PATIENCE, start, start_with};
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};

#[tokio::test]
async fn a_clean_drop_closes_and_an_abrupt_one_resets() {
    let (sim, mut client) = start("hello").await;
    sim.faults().drop_websockets(Cut::Clean);
    assert!(matches!(client.message().await, Some(Ok(Message::Close(Some(_))))));
    let mut client = Client::connect(&sim, "hello").await;
    sim.faults().drop_websockets(Cut::Abrupt);
    let end = client.message().await;
    let reset = match &end {
        Some(Err(Error::Io(error))) => error.kind() == ConnectionReset,
        Some(Err(Error::Protocol(error))) => *error == ProtocolError::ResetWithoutClosingHandshake,
        _ => false,
    };
    assert!(reset, "{end:?}");
}

#[tokio::test]
async fn a_stalled_socket_neither_answers_nor_closes_and_loses_nothing() {
    let (sim, mut client) = start("hello").await;
    sim.faults().stall_websockets(None);
    sim.call("hello").channel_id("a").place();
    client.socket.send(Message::Ping("x".into())).await.unwrap();
    let quiet = tokio::time::timeout(Duration::from_millis(300), client.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert!(sim.is_registered("hello"));
    sim.faults().resume_websockets();
    assert_eq!(client.event("StasisStart").await["channel"]["id"], "a");
    let began = Instant::now();
    sim.faults().stall_websockets(Some(Duration::from_millis(200)));
    sim.call("hello").channel_id("b").place();
    assert_eq!(client.event("StasisStart").await["channel"]["id"], "b");
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_reader_that_stalls_a_write_is_cut_off() {
    let (sim, client) = start("hello").await;
    // Nobody reads on our side: the kernel's buffers fill, and then the write stalls.
    for _ in 0..64 {
        sim.send_raw("hello", &"x".repeat(1024 * 1024));
    }
    client::until(|| !sim.is_registered("hello")).await;
    drop(client);
}

#[tokio::test]
async fn websockets_are_refused_with_a_status_without_a_word_or_not_listened_for() {
    let (sim, mut client) = start("hello").await;
    let url = format!("{}?app=x&api_key={}:{}", sim.websocket_url(), sim.user(), sim.password());
    sim.faults().refuse_websockets(Refusal::Status(503));
    let error = tokio_tungstenite::connect_async(&url).await.unwrap_err();
    assert!(matches!(&error, Error::Http(answer) if answer.status() == 503), "{error:?}");
    sim.faults().refuse_websockets(Refusal::Silence);
    let error = tokio_tungstenite::connect_async(&url).await.unwrap_err();
    assert!(
        matches!(&error, Error::Protocol(ProtocolError::HandshakeIncomplete) | Error::Io(_)),
        "{error:?}"
    );
    sim.faults().refuse_websockets(Refusal::Connection);
    let refused = async {
        // A connection that is just being accepted is reset when the listener goes.
        let is_refused =
            |error: &Error| matches!(error, Error::Io(error) if error.kind() == ConnectionRefused);
        while !tokio_tungstenite::connect_async(&url).await.is_err_and(|error| is_refused(&error)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    client.ping().await;
    sim.faults().accept_websockets();
    let again = async {
        while tokio_tungstenite::connect_async(&url).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
    let statuses: Vec<_> = sim.handshakes().iter().map(|handshake| handshake.status).collect();
    assert!(statuses.contains(&Some(503)) && statuses.contains(&Some(101)), "{statuses:?}");
}

#[tokio::test]
async fn answers_are_given_so_many_times_and_then_it_is_itself_again() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    client.event("StasisStart").await;
    let answer = format!("/channels/{}/answer", call.channel_id());
    let fault = RestFault::on("POST", "/channels/*/answer").times(2).answer(503, r#"{"message":"Busy"}"#);
    sim.faults().add(fault);
    for _ in 0..2 {
        let (status, body) = client.post(&answer).await;
        assert_eq!((status, body["message"].as_str()), (503, Some("Busy")));
    }
    assert!(!call.state().answered);
    assert_eq!(client.post(&answer).await.0, 204);
    let statuses: Vec<_> = sim.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(503), Some(503), Some(204)]);
}

#[tokio::test]
async fn an_answer_comes_late_though_the_command_was_acted_upon() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    client.event("StasisStart").await;
    sim.faults().add(RestFault::on("DELETE", "/channels/*").late(Duration::from_millis(300)));
    let began = Instant::now();
    let path = format!("/channels/{}", call.channel_id());
    let (answer, end) = tokio::join!(client.delete(&path), async {
        let end = call.wait_ended().await;
        (end, began.elapsed())
    });
    assert_eq!((answer.0, end.0), (204, CallEnd::HungUpByAri { cause: 16 }));
    assert!(end.1 < Duration::from_millis(300) && began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn nobody_learns_what_became_of_a_command() {
    let (sim, client) = start("hello").await;
    let impatient = |path: &str| client.request("POST", path).timeout(Duration::from_millis(200)).send();
    sim.faults().add(RestFault::on("POST", "/bridges/silent").silence().acted_upon());
    assert!(impatient("/bridges/silent").await.unwrap_err().is_timeout());
    for cut in [Cut::Clean, Cut::Abrupt] {
        sim.faults().add(RestFault::on("POST", "/bridges/before").times(1).cut(cut));
        sim.faults().add(RestFault::on("POST", "/bridges/after").times(1).cut(cut).acted_upon());
        assert!(!impatient("/bridges/before").await.unwrap_err().is_timeout());
        assert!(!impatient("/bridges/after").await.unwrap_err().is_timeout());
    }
    let (_, bridges) = client.get("/bridges").await;
    let ids: Vec<_> = bridges.as_array().unwrap().iter().map(|bridge| bridge["id"].clone()).collect();
    assert_eq!(ids, ["after", "silent"]);
    let unanswered = sim.requests().iter().filter(|request| request.status.is_none()).count();
    assert_eq!(unanswered, 5);
}

#[tokio::test]
async fn bodies_can_be_no_text_and_of_any_size() {
    let (sim, client) = start("hello").await;
    sim.faults().add(RestFault::on("GET", "/a").answer_as(200, "application/json", vec![0xFF, 0xFE]));
    sim.faults().add(RestFault::on("GET", "/b").answer(200, vec![b'x'; 8 * 1024 * 1024]));
    let fetch = async |path: &str| client.request("GET", path).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&fetch("/a").await[..], [0xFF, 0xFE]);
    assert_eq!(fetch("/b").await.len(), 8 * 1024 * 1024);
}

#[tokio::test]
async fn frames_of_any_kind_can_be_sent() {
    let options = SimulatorOptions { write_timeout: None, ..SimulatorOptions::default() };
    let (sim, mut client) = start_with("hello", options).await;
    let frames = [
        ScriptedFrame::text("this is not JSON"),
        ScriptedFrame::binary([1, 2, 3]).after(Duration::from_millis(20)),
        ScriptedFrame::huge(2 * 1024 * 1024),
        ScriptedFrame::broken_text([0xFF]),
    ];
    let play = sim.play_script("hello", &frames);
    let read = async {
        assert_eq!(client.message().await.unwrap().unwrap(), Message::Text("this is not JSON".into()));
        assert_eq!(client.message().await.unwrap().unwrap(), Message::Binary(vec![1, 2, 3].into()));
        assert_eq!(client.message().await.unwrap().unwrap().len(), 2 * 1024 * 1024);
        assert!(client.message().await.unwrap().is_err());
    };
    tokio::join!(play, read);
    assert!(!sim.send_raw("nobody", "{}"));
}

#[tokio::test]
async fn a_restart_forgets_everything_but_the_port_and_what_was_recorded() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    client.event("StasisStart").await;
    client.get("/channels").await;
    let (address, id) = (sim.address(), sim.channel_ids());
    assert_eq!(id.len(), 1);
    sim.restart().await.unwrap();
    assert_eq!(call.wait_ended().await, CallEnd::AsteriskGone);
    assert!(matches!(client.message().await, None | Some(Err(_))));
    let mut client = Client::connect(&sim, "hello").await;
    assert_eq!(client.get("/channels").await.1, serde_json::json!([]));
    assert_eq!((sim.address(), sim.requests().len()), (address, 2));
    sim.call("hello").place();
    client.event("StasisStart").await;
    sim.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    sim.start_again().await.unwrap();
    Client::connect(&sim, "hello").await;
}

#[tokio::test]
async fn what_is_not_http_is_hung_up_on_and_harms_nobody() {
    let (sim, mut client) = start("hello").await;
    for rubbish in [&b"\x16\x03\x01\x00\x00\r\n\r\n"[..], b"GET\r\n\r\n", &[b'x'; 64 * 1024]] {
        let mut stream = tokio::net::TcpStream::connect(sim.address()).await.unwrap();
        // It may hang up before it has read all.
        let _ = stream.write_all(rubbish).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.is_empty());
    }
    client.ping().await;
}
