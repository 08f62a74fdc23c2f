// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `events`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::{AsteriskId, Bridge, Channel, ContactStatus};

/// A further parameter of a transfer.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#additionalparam)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdditionalParam {
    /// Its name.
    pub parameter_name: String,
    /// Its value.
    pub parameter_value: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A contact of an endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#contactinfo)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ContactInfo {
    /// The address of record whose contact it is.
    pub aor: String,
    /// Whether it can be reached.
    pub contact_status: ContactStatus,
    /// How long a question to it takes, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roundtrip_usec: Option<String>,
    /// Its URI.
    pub uri: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What all that comes over the websocket has.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#message)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The websocket was opened without parameters that it needs.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#missingparams)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MissingParams {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The names of those that are missing.
    pub params: Vec<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What is known of the other side of an endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#peer)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Peer {
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Its status.
    pub peer_status: String,
    /// Its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A header of a REST request.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#restheader)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RESTHeader {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A query parameter of a REST request.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#restquerystringparameter)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RESTQueryStringParameter {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A REST request over the websocket.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#restrequest)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RESTRequest {
    /// The type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_body: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// The query parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_strings: Option<Vec<RESTQueryStringParameter>>,
    /// The id of the request.
    pub request_id: String,
    /// The id of what the request belongs to.
    pub transaction_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its URI.
    pub uri: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Where a transfer is to go.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#referto)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReferTo {
    /// The bridge that the destination is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// The channel that it is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_channel: Option<Channel>,
    /// The channel that it is to be connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_channel: Option<Channel>,
    /// The destination as it was asked for.
    pub requested_destination: RequiredDestination,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Who asks for a transfer.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#referredby)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReferredBy {
    /// The bridge that the asking channel is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// The channel that it is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_channel: Option<Channel>,
    /// The channel that asks.
    pub source_channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The destination that a transfer asks for.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#requireddestination)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequiredDestination {
    /// What else the technology tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_protocol_params: Option<Vec<AdditionalParam>>,
    /// Where it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The id of the call in the channel's technology, such as SIP's Call-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_id: Option<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
