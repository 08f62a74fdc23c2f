//! One event websocket: registers its applications, writes what they are sent, answers pings, and takes
//! every fault that a test asks for.

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    Shared,
    frame::{self, opcode},
    http::{Reply, Request},
    outbox::{Outbox, Outgoing},
};
use crate::{
    faults::{Cut, SocketFaults},
    limits,
    rest::{self, Params, reply},
};

/// What the client asked for in its handshake.
pub(crate) struct Wanted {
    pub(crate) applications: Vec<String>,
    pub(crate) subscribe_all: bool,
    key: String,
    protocol: Option<String>,
}

/// Reads the handshake; or the answer that refuses it.
pub(crate) fn wanted(request: &Request) -> Result<Wanted, Box<Reply>> {
    let params = Params::from_query(&request.query);
    let applications = params.list("app");
    if applications.is_empty() {
        return Err(Box::new(reply::page(400, "Bad Request", "There is no app")));
    }
    let Some(key) = request.header("sec-websocket-key") else {
        return Err(Box::new(reply::error(400, "Bad Request", "The handshake has no key")));
    };
    // The one subprotocol that Asterisk has is echoed to whoever offers it.
    let offered = request.header("sec-websocket-protocol").unwrap_or_default();
    let protocol = offered.split(',').map(str::trim).find(|name| *name == "ari").map(str::to_owned);
    let subscribe_all = params.flag("subscribeAll");
    Ok(Wanted { applications, subscribe_all, key: key.to_owned(), protocol })
}

/// Why a session is over.
enum End {
    /// The client closed, broke off, or spoke something else.
    Client,
    /// It could not be written to in time.
    Stalled,
    Fault(Cut),
}

/// Runs one websocket until it ends.
pub(crate) async fn run(shared: &Shared, mut stream: TcpStream, wanted: Wanted, rest: BytesMut) {
    let accept = derive_accept_key(wanted.key.as_bytes());
    let protocol = wanted.protocol.iter().map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{}\r\n",
        protocol.collect::<String>()
    );
    // As in Asterisk, the application is registered when the client learns that it is connected. What it is
    // sent meanwhile waits in the queue.
    let (outbox, queue) = Outbox::new(shared.fresh_socket_id());
    let faults = shared.faults.sockets();
    // Before the application is registered: a test that sees it registered can cut this socket.
    let drops = faults.borrow().drops;
    shared.register(&outbox, &wanted.applications, wanted.subscribe_all);
    let _registered = Registered { shared, outbox: &outbox };
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let (mut reader, mut writer) = stream.into_split();
    let end = tokio::select! {
        end = read(shared, &mut reader, rest, &outbox, &wanted.applications, faults.clone()) => end,
        end = write(&mut writer, queue, faults.clone(), shared.options.write_timeout) => end,
        cut = cut_asked(faults, drops) => End::Fault(cut),
        () = outbox.overflown().cancelled() => End::Stalled,
    };
    match end {
        End::Client | End::Stalled => {}
        End::Fault(Cut::Abrupt) => {
            // Linger of zero: the close becomes a reset.
            let _ = writer.as_ref().set_zero_linger();
        }
        End::Fault(Cut::Clean) => {
            let mut bytes = Vec::new();
            frame::encode(opcode::CLOSE, &1001_u16.to_be_bytes(), &mut bytes);
            let _ = timeout(limits::CLOSE_PATIENCE, writer.write_all(&bytes)).await;
            let _ = timeout(limits::CLOSE_PATIENCE, writer.shutdown()).await;
        }
    }
    drop((reader, writer));
}

/// Takes the socket off its applications however the session ends, its task's cancellation included.
struct Registered<'a> {
    shared: &'a Shared,
    outbox: &'a Outbox,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.shared.unregister(self.outbox);
    }
}

/// Waits while a test has the sockets stalled.
async fn while_stalled(faults: &mut watch::Receiver<SocketFaults>) {
    loop {
        let until = match faults.borrow_and_update().stalled_until(Instant::now()) {
            None => return,
            Some(until) => until,
        };
        tokio::select! {
            changed = faults.changed() => if changed.is_err() { return },
            () = sleep_until(until) => {}
        }
    }
}

/// Waits until all sockets are cut once more than `before` times.
async fn cut_asked(mut faults: watch::Receiver<SocketFaults>, before: u64) -> Cut {
    match faults.wait_for(|faults| faults.drops != before).await.map(|faults| faults.cut) {
        Ok(cut) => cut,
        Err(_) => std::future::pending().await,
    }
}

async fn write(
    writer: &mut OwnedWriteHalf,
    mut queue: mpsc::Receiver<Outgoing>,
    mut faults: watch::Receiver<SocketFaults>,
    patience: Option<Duration>,
) -> End {
    let mut pending = Vec::with_capacity(limits::WRITE_PIECE);
    while let Some(mut next) = queue.recv().await {
        // What waits already goes out in one write, up to a piece's size.
        let close = loop {
            match next {
                Outgoing::Bytes(bytes) => pending.extend_from_slice(&bytes),
                Outgoing::Close => break true,
            }
            match queue.try_recv() {
                Ok(more) if pending.len() < limits::WRITE_PIECE => next = more,
                Ok(Outgoing::Close) => break true,
                Ok(Outgoing::Bytes(bytes)) => {
                    pending.extend_from_slice(&bytes);
                    break false;
                }
                Err(_) => break false,
            }
        };
        for piece in pending.chunks(limits::WRITE_PIECE) {
            while_stalled(&mut faults).await;
            let written = match patience {
                Some(patience) => timeout(patience, writer.write_all(piece)).await,
                None => Ok(writer.write_all(piece).await),
            };
            match written {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return End::Client,
                Err(_) => return End::Stalled,
            }
        }
        pending.clear();
        if close {
            return End::Fault(Cut::Clean);
        }
    }
    End::Client
}

async fn read(
    shared: &Shared,
    reader: &mut OwnedReadHalf,
    mut buffer: BytesMut,
    outbox: &Outbox,
    applications: &[String],
    mut faults: watch::Receiver<SocketFaults>,
) -> End {
    let mut message = Vec::new();
    loop {
        while_stalled(&mut faults).await;
        let frame = match frame::decode(&mut buffer, limits::MAX_FRAME_IN) {
            Ok(Some(frame)) => frame,
            Ok(None) => match read_some(reader, &mut buffer).await {
                Ok(0) | Err(_) => return End::Client,
                Ok(_) => continue,
            },
            Err(_) => return End::Fault(Cut::Clean),
        };
        match frame.opcode {
            opcode::PING => outbox.send_frame(opcode::PONG, &frame.payload),
            opcode::CLOSE => return End::Fault(Cut::Clean),
            opcode::TEXT | opcode::CONTINUATION => {
                message.extend_from_slice(&frame.payload);
                if message.len() > limits::MAX_FRAME_IN {
                    return End::Fault(Cut::Clean);
                }
                if frame.last {
                    let message = std::mem::take(&mut message);
                    if shared.options.rest_over_websocket {
                        rest::over_websocket(shared, &message, outbox, applications);
                    }
                }
            }
            _ => {}
        }
    }
}

async fn read_some(reader: &mut OwnedReadHalf, buffer: &mut BytesMut) -> io::Result<usize> {
    reader.read_buf(buffer).await
}
