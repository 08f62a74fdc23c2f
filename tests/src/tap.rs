//! What Asterisk has written to its websockets, from the bytes of their connections.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Write},
};

use serde_json::Value;
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

use crate::{
    fault_proxy::{FaultProxy, Way},
    oracle::number,
};

/// The numbers of the events that Asterisk has written, by channel, as it wrote them, one connection behind the other. `way` is what
/// the relay records: Asterisk is its client where it dials in, and else its server.
#[must_use]
pub fn written(tap: &FaultProxy, way: Way) -> BTreeMap<String, Vec<u64>> {
    let mut written = BTreeMap::<String, Vec<u64>>::new();
    for text in tap.recorded().iter().flat_map(|bytes| texts(bytes, way)) {
        let event: Value = serde_json::from_str(&text).unwrap_or_default();
        if let (Some(n), Some(channel)) = (number(&event), event["channel"]["id"].as_str()) {
            written.entry(channel.to_owned()).or_default().push(n);
        }
    }
    written
}

/// Where the first number is that is not larger than the one before it.
#[must_use]
pub fn disorder(numbers: &[u64]) -> Option<usize> {
    numbers.windows(2).position(|two| two[0] >= two[1])
}

/// The text messages that were sent on a connection, without the handshake before them; the last one only if it is whole.
fn texts(bytes: &[u8], way: Way) -> Vec<String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Vec::new() };
    let reader = if way == Way::ToServer { Role::Server } else { Role::Client };
    let mut socket = WebSocket::from_raw_socket(Recorded(Cursor::new(&bytes[end + 4..])), reader, None);
    let mut texts = Vec::new();
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            texts.push(text.to_string());
        }
    }
    texts
}

/// Bytes that were sent; what is answered goes nowhere.
struct Recorded<'a>(Cursor<&'a [u8]>);

impl Read for Recorded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Recorded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
