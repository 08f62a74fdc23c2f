// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `sounds`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::SoundId;

/// A format in a language.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#formatlangpair)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FormatLangPair {
    /// The format.
    pub format: String,
    /// The language of sounds.
    pub language: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A sound that is installed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#sound)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sound {
    /// The formats and languages that it is there in.
    pub formats: Vec<FormatLangPair>,
    /// Its id.
    pub id: SoundId,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
