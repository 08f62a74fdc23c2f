//! The messages of the fixed topics, which outlive every proxy process: a worker's heartbeat, its claim to a dialog after
//! a proxy's restart, a dialog without a call.
//!
//! Each is answered by a [`CommandResponse`](super::CommandResponse) on the topic that it names in `responses`; the
//! reply types here are the `response_body`.

use serde::{Deserialize, Serialize};

use super::{Bodies, Object};

/// A message on a fixed topic, told apart by its field `control`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "control", rename_all = "lowercase")]
pub enum FixedControl {
    /// To `ari.<server>.control`.
    Heartbeat(Heartbeat),
    /// To `ari.<server>.control`.
    Attach(Attach),
    /// To `ari.open.<application>`.
    Open(Open),
}

/// `heartbeat`: one worker process lives, and these are its dialogs with this proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Repeated in the reply.
    pub unique_id: String,
    /// A name of the worker process that no other has.
    pub worker_id: String,
    /// How many calls it serves now.
    pub load: u64,
    /// Where the reply goes.
    pub responses: String,
    /// What changed since the last reply; every 30 s all that it holds.
    #[serde(default)]
    pub dialogs: Vec<Held>,
}

/// A dialog that a worker holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The dialog's lasting id.
    pub root: String,
    /// The term in which the worker has it.
    pub term: u64,
    /// The last event that has arrived, and every one before it; absent where the worker does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Where its events go from now on; absent where that is as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
    /// Where its answers go from now on; absent where that is as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<String>,
}

/// The reply to a [`Heartbeat`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// The proxy process that answers.
    pub incarnation: String,
    /// How long the worker may be silent before it loses its dialogs, in milliseconds; 2,000 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<u64>,
    /// The dialogs which that process knows as this worker's. One that is missing is not, or no longer, its own.
    pub dialogs: Vec<Confirmed>,
}

/// A dialog that is the worker's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The dialog's lasting id.
    pub root: String,
    /// The term in which the worker has it.
    pub term: u64,
    /// The last event that was sent in this term.
    pub seq: u64,
    /// Where its commands go.
    pub commands: String,
}

/// `attach`: a worker has a dialog which a new proxy process does not know yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// Repeated in the reply.
    pub unique_id: String,
    /// A name of the worker process that no other has.
    pub worker_id: String,
    /// The dialog's lasting id.
    pub root: String,
    /// The application in whose pool it was offered.
    pub application: String,
    /// Everything that belongs to the dialog, as far as the worker knows.
    pub objects: Vec<Object>,
    /// What was saved last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The term in which the worker had it; absent where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<u64>,
    /// The last event that the worker had, in its old term.
    pub seq: u64,
    /// Where events go.
    pub events: String,
    /// Where answers go, this reply among them.
    pub responses: String,
    /// How ARI bodies are put into messages; strings where absent.
    #[serde(default)]
    pub bodies: Bodies,
}

/// The reply to an [`Attach`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachReply {
    /// The new term, in which events and commands are counted from 1.
    pub term: u64,
    /// Where commands go.
    pub commands: String,
}

/// `open`: a worker wants a dialog to which no call belongs yet, to originate one for instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Repeated in the reply.
    pub unique_id: String,
    /// A name of the worker process that no other has.
    pub worker_id: String,
    /// The application that the dialog is opened in.
    pub application: String,
    /// Where events go.
    pub events: String,
    /// Where answers go, this reply among them.
    pub responses: String,
    /// How ARI bodies are put into messages; strings where absent.
    #[serde(default)]
    pub bodies: Bodies,
}

/// The reply to an [`Open`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenReply {
    /// The proxy that opened it, as configured.
    #[serde(default)]
    pub server_id: String,
    /// The dialog's lasting id.
    pub root: String,
    /// The same, as the id of its first term.
    pub dialog_id: String,
    /// Always 1.
    pub term: u64,
    /// Where commands go.
    pub commands: String,
}
