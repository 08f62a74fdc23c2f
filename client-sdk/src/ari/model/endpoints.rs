// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `endpoints`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::{ChannelId, EndpointState};

/// Somebody or something that can be called, whether there or not.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#endpoint)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Endpoint {
    /// The channels that are connected to it.
    pub channel_ids: Vec<ChannelId>,
    /// Its name in its technology.
    pub resource: String,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<EndpointState>,
    /// Its technology.
    pub technology: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A message that is text.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#textmessage)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TextMessage {
    /// The text.
    pub body: String,
    /// Who sends it.
    pub from: String,
    /// Whom it goes to.
    pub to: String,
    /// The variables, with their values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Value>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
