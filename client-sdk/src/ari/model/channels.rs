// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `channels`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    ari::{ChannelId, ChannelState},
    typed::timestamp,
};

/// A party of a call.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#callerid)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CallerID {
    /// The name.
    pub name: String,
    /// The number.
    pub number: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel: the connection between Asterisk and somebody else.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channel)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Channel {
    /// Whom to charge.
    pub accountcode: String,
    /// Who calls.
    pub caller: CallerID,
    /// The number that redirected the call here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_rdnis: Option<String>,
    /// Its variables, those that Asterisk is configured to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channelvars: Option<Map<String, Value>>,
    /// Whom it is connected to.
    pub connected: CallerID,
    /// When it was made.
    #[serde(with = "timestamp")]
    pub creationtime: OffsetDateTime,
    /// Where it is in the dialplan.
    pub dialplan: DialplanCEP,
    /// Its id.
    pub id: ChannelId,
    /// The language of sounds.
    pub language: String,
    /// Its name.
    pub name: String,
    /// The id of the call in the channel's technology, such as SIP's Call-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_id: Option<String>,
    /// Its state.
    pub state: ChannelState,
    /// The tenant that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenantid: Option<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Somebody who was dialled; nothing is told of it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#dialed)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dialed {
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A place in the dialplan.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#dialplancep)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DialplanCEP {
    /// The arguments of the application that runs there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_data: Option<String>,
    /// The application that runs there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_name: Option<String>,
    /// The dialplan's context.
    pub context: String,
    /// The dialplan's extension.
    pub exten: String,
    /// The dialplan's priority.
    pub priority: i64,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How the RTP of a channel fares.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#rtpstat)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RTPstat {
    /// The channel.
    pub channel_uniqueid: ChannelId,
    /// The most jitter here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_maxjitter: Option<f64>,
    /// The most packets that were lost on the way here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_maxrxploss: Option<f64>,
    /// The least jitter here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_minjitter: Option<f64>,
    /// The fewest packets that were lost on the way here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_minrxploss: Option<f64>,
    /// The mean jitter here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_normdevjitter: Option<f64>,
    /// The mean number of packets that were lost on the way here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_normdevrxploss: Option<f64>,
    /// Our SSRC.
    pub local_ssrc: i64,
    /// The standard deviation of the jitter here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_stdevjitter: Option<f64>,
    /// The standard deviation of the packets that were lost on the way here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_stdevrxploss: Option<f64>,
    /// The longest round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maxrtt: Option<f64>,
    /// The shortest round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minrtt: Option<f64>,
    /// The mean round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normdevrtt: Option<f64>,
    /// The most jitter on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_maxjitter: Option<f64>,
    /// The most packets that were lost on the way to the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_maxrxploss: Option<f64>,
    /// The least jitter on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_minjitter: Option<f64>,
    /// The fewest packets that were lost on the way to the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_minrxploss: Option<f64>,
    /// The mean jitter on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_normdevjitter: Option<f64>,
    /// The mean number of packets that were lost on the way to the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_normdevrxploss: Option<f64>,
    /// The other side's SSRC.
    pub remote_ssrc: i64,
    /// The standard deviation of the jitter on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_stdevjitter: Option<f64>,
    /// The standard deviation of the packets lost on the way to the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_stdevrxploss: Option<f64>,
    /// The round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt: Option<f64>,
    /// How many packets came.
    pub rxcount: i64,
    /// The jitter of what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rxjitter: Option<f64>,
    /// How many bytes came.
    pub rxoctetcount: i64,
    /// How many packets were lost on the way here.
    pub rxploss: i64,
    /// The standard deviation of the round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdevrtt: Option<f64>,
    /// How many packets were sent.
    pub txcount: i64,
    /// The jitter of what was sent, as the other side tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txjitter: Option<f64>,
    /// How many bytes were sent.
    pub txoctetcount: i64,
    /// How many packets were lost on the way to the other side.
    pub txploss: i64,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
