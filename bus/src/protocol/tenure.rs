//! What the owner of a dialog says about it while it has it: `ack`, `resend`, `save`, `release`. The messages are
//! frozen; a proxy that does not act on them answers 501.

use serde::{Deserialize, Serialize};

/// The longest [`Save::context`], in bytes.
pub const MAX_CONTEXT: usize = 16 << 10;

/// `ack`: the worker's handler has had every event up to this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The term that the events belong to.
    pub term: u64,
    /// The last event that was handled; it stands for all before it.
    pub seq: u64,
    /// Repeated in the answer; without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}

/// `resend`: the worker misses events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resend {
    /// The term that the events belong to.
    pub term: u64,
    /// The first event that is wanted again; every later one follows.
    pub from: u64,
    /// Repeated in the answer; without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}

/// `save`: what the next owner is to know, should there be one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Save {
    /// The worker's term.
    pub term: u64,
    /// Text that only workers understand, [`MAX_CONTEXT`] bytes at most; it replaces what was saved before.
    pub context: String,
    /// An [`Ack::seq`] that takes effect together with the context: an event is handled and what came of it is saved, or
    /// neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<u64>,
    /// Repeated in the answer; without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}

/// `release`: the worker gives the dialog back, for another to have it in the next term.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The worker's term.
    pub term: u64,
    /// Repeated in the answer; without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}
