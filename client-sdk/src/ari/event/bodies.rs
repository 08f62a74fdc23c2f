// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! What each event tells.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    ari::{
        ApplicationName, AsteriskId, Bridge, BridgeId, Channel, ChannelId, ContactInfo, DeviceState,
        Endpoint, LiveRecording, Peer, Playback, ReferTo, ReferredBy, TextMessage,
    },
    typed::timestamp,
};

/// A channel could not be moved to another application, and stays.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#applicationmovefailed)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationMoveFailed {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// What the application is given, in order.
    pub args: Vec<String>,
    /// The channel.
    pub channel: Channel,
    /// The application that it was to go to.
    pub destination: ApplicationName,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An application is there now.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#applicationregistered)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationRegistered {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Another websocket has taken the application over.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#applicationreplaced)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationReplaced {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An application is not there any more.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#applicationunregistered)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationUnregistered {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Somebody has transferred a call after asking.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridgeattendedtransfer)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BridgeAttendedTransfer {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The application that the call went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_application: Option<ApplicationName>,
    /// The bridge that the call went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_bridge: Option<BridgeId>,
    /// The half of the link that is on the first leg's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_link_first_leg: Option<Channel>,
    /// The half of the link that is on the second leg's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_link_second_leg: Option<Channel>,
    /// The bridge in which all three are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_threeway_bridge: Option<Bridge>,
    /// The channel by which the transferring side stays in the bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_threeway_channel: Option<Channel>,
    /// How the transfer was made.
    pub destination_type: String,
    /// Whether somebody outside of Asterisk made it.
    pub is_external: bool,
    /// The channel whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_channel: Option<Channel>,
    /// How it went.
    pub result: String,
    /// Whom the call was transferred to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_target: Option<Channel>,
    /// Who was transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferee: Option<Channel>,
    /// The first channel of whoever transferred the call.
    pub transferer_first_leg: Channel,
    /// The bridge of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferer_first_leg_bridge: Option<Bridge>,
    /// The second channel of whoever transferred the call.
    pub transferer_second_leg: Channel,
    /// The bridge of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferer_second_leg_bridge: Option<Bridge>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Somebody has transferred a call without asking.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridgeblindtransfer)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BridgeBlindTransfer {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge that the transfer was made in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// The channel.
    pub channel: Channel,
    /// The dialplan's context.
    pub context: String,
    /// The dialplan's extension.
    pub exten: String,
    /// Whether somebody outside of Asterisk made it.
    pub is_external: bool,
    /// The channel whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_channel: Option<Channel>,
    /// How it went.
    pub result: String,
    /// Who was transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferee: Option<Channel>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A bridge was made.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridgecreated)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BridgeCreated {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    pub bridge: Bridge,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A bridge has ended.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridgedestroyed)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BridgeDestroyed {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    pub bridge: Bridge,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A bridge has been merged into another.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridgemerged)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BridgeMerged {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    pub bridge: Bridge,
    /// The bridge whose channels came over.
    pub bridge_from: Bridge,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A bridge shows the video of another channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#bridgevideosourcechanged)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BridgeVideoSourceChanged {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    pub bridge: Bridge,
    /// The channel whose video was shown before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_video_source_id: Option<ChannelId>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A call is offered to several applications; the first to claim it gets it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#callbroadcast)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CallBroadcast {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The number that was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// The number of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A call that was offered to several applications has been claimed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#callclaimed)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CallClaimed {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// The application that got it.
    pub winner_app: ApplicationName,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Who calls on a channel has changed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelcallerid)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelCallerId {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// Whether the caller may be shown, as a number.
    pub caller_presentation: i64,
    /// Whether the caller may be shown, as text.
    pub caller_presentation_txt: String,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Whom a channel is connected to has changed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelconnectedline)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelConnectedLine {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel is there now.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelcreated)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelCreated {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel is not there any more.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeldestroyed)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelDestroyed {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// Why, as a number of Q.850.
    pub cause: i64,
    /// Why, as text.
    pub cause_txt: String,
    /// The channel.
    pub channel: Channel,
    /// Why, as a number of the channel's technology, such as SIP's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tech_cause: Option<i64>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel has come to another place in the dialplan.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeldialplan)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelDialplan {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// The dialplan application that it is about to run.
    pub dialplan_app: String,
    /// The arguments of that.
    pub dialplan_app_data: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A key was pressed; this comes when it is let go.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeldtmfreceived)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelDtmfReceived {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// The key.
    pub digit: String,
    /// How long it was pressed, in milliseconds.
    pub duration_ms: i64,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel has entered a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelenteredbridge)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelEnteredBridge {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    pub bridge: Bridge,
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Somebody wants a channel hung up.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelhanguprequest)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelHangupRequest {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// Why, as a number of Q.850.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<i64>,
    /// The channel.
    pub channel: Channel,
    /// Whether the channel may still do something else first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<bool>,
    /// Why, as a number of the channel's technology, such as SIP's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tech_cause: Option<i64>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The other side has put a channel on hold.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelhold)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelHold {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// The class of music on hold that the other side wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub musicclass: Option<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel has left a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelleftbridge)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelLeftBridge {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    pub bridge: Bridge,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The state of a channel has changed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelstatechange)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelStateChange {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Somebody has stopped talking.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeltalkingfinished)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelTalkingFinished {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// How long was talked, in milliseconds.
    pub duration: i64,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Somebody has begun to talk.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeltalkingstarted)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelTalkingStarted {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A tone was heard on a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeltonedetected)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelToneDetected {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A phone asks for a transfer, which the application is to carry out.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeltransfer)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelTransfer {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// Where it is to go.
    pub refer_to: ReferTo,
    /// Who asks for it.
    pub referred_by: ReferredBy,
    /// How far the transfer has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The other side has taken a channel off hold.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelunhold)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelUnhold {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An event of somebody's own, from the dialplan or by ARI.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channeluserevent)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelUserevent {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// What the event is called.
    pub eventname: String,
    /// What the event tells.
    pub userevent: Map<String, Value>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A variable was set.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#channelvarset)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelVarset {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The value.
    pub value: String,
    /// Which variable.
    pub variable: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A contact of an endpoint can be reached again, or no more.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#contactstatuschange)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ContactStatusChange {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The contact.
    pub contact_info: ContactInfo,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The state of a device has changed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#devicestatechanged)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceStateChanged {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The device with its state.
    pub device_state: DeviceState,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel is being dialled; this comes at the start and with each news of it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#dial)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dial {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel that dials, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Channel>,
    /// How the dialling goes; empty at its start.
    pub dialstatus: String,
    /// The dial string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialstring: Option<String>,
    /// Where the call was forwarded to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<String>,
    /// The channel to which the call went instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Channel>,
    /// The channel that is dialled.
    pub peer: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An endpoint has another state than before.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#endpointstatechange)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EndpointStateChange {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The other side of an endpoint has changed its status.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#peerstatuschange)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PeerStatusChange {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The other side.
    pub peer: Peer,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A playback goes on with its next medium.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#playbackcontinuing)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlaybackContinuing {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The playback.
    pub playback: Playback,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A playback has ended, was stopped or failed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#playbackfinished)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlaybackFinished {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The playback.
    pub playback: Playback,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A playback has begun.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#playbackstarted)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlaybackStarted {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The playback.
    pub playback: Playback,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The answer to a REST request over the websocket.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#restresponse)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RESTResponse {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_body: Option<String>,
    /// The status in words.
    pub reason_phrase: String,
    /// The id of the request.
    pub request_id: String,
    /// The HTTP status.
    pub status_code: i64,
    /// The id of what the request belongs to.
    pub transaction_id: String,
    /// Its URI.
    pub uri: String,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A recording could not be made.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#recordingfailed)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordingFailed {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The recording.
    pub recording: LiveRecording,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A recording has ended and is stored.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#recordingfinished)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordingFinished {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The recording.
    pub recording: LiveRecording,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A recording has begun.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#recordingstarted)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordingStarted {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The recording.
    pub recording: LiveRecording,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel has left the application.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#stasisend)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StasisEnd {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The channel.
    pub channel: Channel,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel has entered the application.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#stasisstart)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StasisStart {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// What the application is given, in order.
    pub args: Vec<String>,
    /// The channel.
    pub channel: Channel,
    /// The channel whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_channel: Option<Channel>,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A text message has come.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#textmessagereceived)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TextMessageReceived {
    /// The Asterisk that this came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asterisk_id: Option<AsteriskId>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that this was sent to.
    pub application: ApplicationName,
    /// When this was, by Asterisk's clock.
    #[serde(with = "timestamp")]
    pub timestamp: OffsetDateTime,
    /// The endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// The message.
    pub message: TextMessage,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
