//! What a client has written to a websocket, from the bytes of its connection.

use std::io::{self, Cursor, Read, Write};

use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol::Role};

/// The text messages that a client has sent on a connection, without the handshake before them; the last one only if it is
/// whole.
#[must_use]
pub fn texts(bytes: &[u8]) -> Vec<String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Vec::new() };
    let mut socket = WebSocket::from_raw_socket(Recorded(Cursor::new(&bytes[end + 4..])), Role::Server, None);
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
