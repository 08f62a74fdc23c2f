// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `bridges`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    ari::{BridgeId, BridgeType, ChannelId},
    typed::timestamp,
};

/// A bridge, in which channels hear each other.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridge)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bridge {
    /// What made it, as a class, such as `stasis`.
    pub bridge_class: String,
    /// What it is for.
    pub bridge_type: BridgeType,
    /// Its variables, those that Asterisk is configured to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridgevars: Option<Map<String, Value>>,
    /// The channels in it.
    pub channels: Vec<ChannelId>,
    /// When it was made.
    #[serde(with = "timestamp")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creationtime: Option<OffsetDateTime>,
    /// Who made it.
    pub creator: String,
    /// Its id.
    pub id: BridgeId,
    /// Its name.
    pub name: String,
    /// Its technology.
    pub technology: String,
    /// How it chooses whose video it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_mode: Option<String>,
    /// The channel whose video it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_source_id: Option<ChannelId>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
