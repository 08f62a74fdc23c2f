// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `playbacks`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::{PlaybackId, PlaybackState};

/// Media that is being played.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#playback)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Playback {
    /// Its id.
    pub id: PlaybackId,
    /// The language of sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What is played.
    pub media_uri: String,
    /// What is played after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_media_uri: Option<String>,
    /// Its state.
    pub state: PlaybackState,
    /// Where: `channel:ID` or `bridge:ID`.
    pub target_uri: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
