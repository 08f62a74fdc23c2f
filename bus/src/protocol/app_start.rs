//! AppStart: the offer of a dialog to an application's pool.

use serde::{Deserialize, Serialize};

/// The offer of a dialog, published on the application's topic for one worker of its pool.
///
/// Version 1 knows the first three fields; it ignores the others and is sent them all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppStart {
    /// The Stasis application.
    pub application: String,
    /// This offer's own dialog id: `events_<id>`, `commands_<id>` and `responses_<id>` are its version-1 topics.
    pub dialog_id: String,
    /// The proxy that offers, as configured.
    pub server_id: String,
    /// The newest protocol version that the proxy speaks; absent from a version-1 proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// The dialog's lasting id: the `dialog_id` of its first offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Counts the offers of the dialog, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<u64>,
    /// Whether the dialog had an owner before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resume: bool,
    /// Where a version-2 worker sends commands and control messages of this term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<String>,
    /// The StasisStart event as Asterisk sent it. Left out where the bus could not carry it; it is event 1 as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// On a resume: the objects that belong to the dialog.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Object>,
    /// On a resume: what the last owner saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// On a resume: the `unique_id` of each command whose answer the last owner did not get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
}

/// An object of Asterisk that belongs to a dialog.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ObjectKind,
    /// Its id in Asterisk; a recording's is its name.
    pub id: String,
}

/// The kinds of objects that can belong to a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// A channel.
    Channel,
    /// A bridge.
    Bridge,
    /// A playback.
    Playback,
    /// A recording, known by its name.
    Recording,
}
