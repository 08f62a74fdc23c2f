// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `recordings`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::{RecordingName, RecordingState};

/// A recording that is being made.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#liverecording)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LiveRecording {
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How long it is, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
    /// The format.
    pub format: String,
    /// Its name.
    pub name: RecordingName,
    /// How much of it is silence, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_duration: Option<i64>,
    /// Its state.
    pub state: RecordingState,
    /// How much of it is talking, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talking_duration: Option<i64>,
    /// Where: `channel:ID` or `bridge:ID`.
    pub target_uri: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A recording that is stored.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#storedrecording)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredRecording {
    /// The format.
    pub format: String,
    /// Its name.
    pub name: RecordingName,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
