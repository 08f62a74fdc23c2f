//! One connection to a manager interface: blocks come, actions go.

use std::io::{self, ErrorKind};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    super::limits::{AMI_READ, AMI_STEP},
    blocks::{Block, Blocks},
};

/// A connection that is open.
#[derive(Debug)]
pub(super) struct Connection<S> {
    stream: S,
    bytes: BytesMut,
    blocks: Blocks,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, bytes: BytesMut::new(), blocks: Blocks::new() }
    }

    /// The line with which the other side begins.
    pub(super) async fn greeting(&mut self) -> io::Result<String> {
        loop {
            if let Some(line) = self.blocks.line(&mut self.bytes) {
                return line.map_err(|excess| io::Error::new(ErrorKind::InvalidData, excess));
            }
            self.more().await?;
        }
    }

    /// The next block. Nothing is lost if this is cancelled.
    pub(super) async fn next(&mut self) -> io::Result<Block> {
        loop {
            if let Some(block) = self.blocks.next(&mut self.bytes) {
                return Ok(block);
            }
            self.more().await?;
        }
    }

    /// Says an action: its keys and values, which hold no line break. It is so short that the system takes it at once, though
    /// nobody reads it.
    pub(super) async fn say(&mut self, action: &[(&str, &str)]) -> io::Result<()> {
        let mut text: String = action.iter().map(|(key, value)| format!("{key}: {value}\r\n")).collect();
        text.push_str("\r\n");
        let saying = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(AMI_STEP, saying).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }

    async fn more(&mut self) -> io::Result<()> {
        self.bytes.reserve(AMI_READ);
        match self.stream.read_buf(&mut self.bytes).await? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "closed by Asterisk")),
            _ => Ok(()),
        }
    }
}
