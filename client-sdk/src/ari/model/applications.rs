// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `applications`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::{ApplicationName, BridgeId, ChannelId, DeviceName};

/// A Stasis application, with what it is subscribed to.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#application)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Application {
    /// The bridges that it is subscribed to.
    pub bridge_ids: Vec<BridgeId>,
    /// The channels that it is subscribed to.
    pub channel_ids: Vec<ChannelId>,
    /// The devices that it is subscribed to.
    pub device_names: Vec<DeviceName>,
    /// The endpoints that it is subscribed to, such as `PJSIP/alice`.
    pub endpoint_ids: Vec<String>,
    /// The types of events that it gets; all if there are none.
    pub events_allowed: Vec<Map<String, Value>>,
    /// The types of events that it does not get.
    pub events_disallowed: Vec<Map<String, Value>>,
    /// Its name.
    pub name: ApplicationName,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
