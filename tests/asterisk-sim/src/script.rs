//! Frames that a test writes itself: events as they are, or things that no Asterisk would send.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::server::{
    Shared,
    frame::opcode,
    outbox::{Outbox, Outgoing},
};

/// A frame and the pause before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedFrame {
    after: Duration,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Frame(u8, Vec<u8>),
    Bytes(Vec<u8>),
    Close,
}

impl ScriptedFrame {
    fn new(what: What) -> Self {
        Self { after: Duration::ZERO, what }
    }

    /// A text frame. It need not be JSON, nor short.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(What::Frame(opcode::TEXT, text.into().into_bytes()))
    }

    /// A text frame whose bytes need not be UTF-8.
    pub fn broken_text(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(What::Frame(opcode::TEXT, bytes.into()))
    }

    /// A binary frame.
    pub fn binary(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(What::Frame(opcode::BINARY, bytes.into()))
    }

    /// A text frame of so many bytes: one JSON event with a long field.
    pub fn huge(bytes: usize) -> Self {
        const HEAD: &str = r#"{"type":"ChannelUserevent","eventname":"huge","userevent":{"filler":""#;
        const TAIL: &str = r#""}}"#;
        let filler = bytes.saturating_sub(HEAD.len() + TAIL.len());
        Self::text(format!("{HEAD}{}{TAIL}", "x".repeat(filler)))
    }

    /// Bytes that go onto the wire without any framing.
    pub fn unframed(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(What::Bytes(bytes.into()))
    }

    /// A close frame, and the end of the connection.
    pub fn close() -> Self {
        Self::new(What::Close)
    }

    /// The pause before this frame.
    #[must_use]
    pub fn after(mut self, pause: Duration) -> Self {
        self.after = pause;
        self
    }
}

pub(crate) fn outbox(shared: &Shared, application: &str) -> Option<Outbox> {
    shared.world().applications.get(application).and_then(|application| application.socket.clone())
}

pub(crate) async fn play(shared: &Arc<Shared>, application: &str, frames: &[ScriptedFrame]) {
    for frame in frames {
        if !frame.after.is_zero() {
            sleep(frame.after).await;
        }
        let Some(outbox) = outbox(shared, application) else { continue };
        match &frame.what {
            What::Frame(opcode, payload) => outbox.send_frame(*opcode, payload),
            What::Bytes(bytes) => outbox.send(Outgoing::Bytes(bytes.clone().into())),
            What::Close => outbox.send(Outgoing::Close),
        }
    }
}
