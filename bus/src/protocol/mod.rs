//! The dialog protocol: its messages and the names of its topics. No I/O.
//!
//! `docs/protocol.md` is the frozen text of it, with an example of each message; a test reads every example there.

mod app_start;
mod command;
mod control;
mod event;
mod fixed;
mod names;
mod response;
mod tenure;

pub use app_start::{AppStart, Object, ObjectKind};
pub use command::{Command, Incoming, MAX_UNIQUE_ID, Refusal, parse_incoming};
pub use control::{Accept, Bodies, Control, Decline};
pub use event::{Event, EventBody, now_rfc3339, rfc3339};
pub use fixed::{
    Attach, AttachReply, Confirmed, FixedControl, Heartbeat, HeartbeatReply, Held, Open, OpenReply,
};
pub use names::{
    MAX_NAME, MAX_TOPIC, NameError, Names, check_application, check_server_id, check_topic, server_token,
};
pub use response::{Answer, CommandResponse, Encoding, MAX_ANSWER_PARTS, ResponseError, encode_answer};
pub use tenure::{Ack, MAX_CONTEXT, Release, Resend, Save};

/// The version of the dialog protocol that this crate speaks beside version 1.
pub const PROTOCOL: u32 = 2;
