//! A phone that registers, writes a message, and takes whatever it is sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use ari_tests::wait::{eventually, ok};
use tokio::net::UdpSocket;

pub(crate) struct Phone {
    /// The first lines of all that came.
    came: Arc<Mutex<Vec<String>>>,
}

impl Phone {
    /// One that has registered, and whose message was taken.
    pub(crate) async fn registered(asterisk: SocketAddr) -> Self {
        let socket = ok(UdpSocket::bind("127.0.0.1:0").await);
        ok(socket.connect(asterisk).await);
        let own = ok(socket.local_addr());
        let request = |method: &str, number: u32, more: &str| {
            format!(
                "{method} sip:{asterisk} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{number}\r\n\
                 From: <sip:phone@127.0.0.1>;tag=phone\r\nTo: <sip:phone@127.0.0.1>\r\nCall-ID: {number}-{own}\r\n\
                 CSeq: {number} {method}\r\nMax-Forwards: 70\r\n{more}"
            )
        };
        let contact = format!("Contact: <sip:phone@{own}>\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n");
        let text = "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello";
        let requests = [request("REGISTER", 1, &contact), request("MESSAGE", 2, text)];
        let phone = Self { came: Arc::default() };
        let came = phone.came.clone();
        tokio::spawn(async move {
            for request in requests {
                ok(socket.send(request.as_bytes()).await);
            }
            let mut buffer = vec![0; 65536];
            loop {
                let length = ok(socket.recv(&mut buffer).await);
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let first = text.lines().next().unwrap_or_default().to_owned();
                if !first.starts_with("SIP/2.0") {
                    ok(socket.send(taken(&text, own).as_bytes()).await);
                }
                ok(came.lock()).push(first);
            }
        });
        phone.got("SIP/2.0 200", 1).await;
        phone.got("SIP/2.0 202", 1).await;
        phone
    }

    /// Waits until so much came that begins like this.
    pub(crate) async fn got(&self, what: &str, times: usize) {
        let count = || ok(self.came.lock()).iter().filter(|line| line.starts_with(what)).count();
        eventually(what, async || count() >= times).await;
    }
}

/// The answer to a request: 200.
fn taken(request: &str, own: SocketAddr) -> String {
    let echoed = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let lines = request.lines().filter(|line| echoed.iter().any(|name| line.starts_with(name)));
    let lines: String =
        lines
            .map(|line| {
                if line.starts_with("To:") { format!("{line};tag=phone\r\n") } else { format!("{line}\r\n") }
            })
            .collect();
    format!("SIP/2.0 200 OK\r\n{lines}Contact: <sip:phone@{own}>\r\nContent-Length: 0\r\n\r\n")
}
