// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `deviceStates`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::{DeviceName, DeviceStateName};

/// A device with its state.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#devicestate)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceState {
    /// Its name.
    pub name: DeviceName,
    /// Its state.
    pub state: DeviceStateName,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
