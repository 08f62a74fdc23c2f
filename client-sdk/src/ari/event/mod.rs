// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Events.

mod bodies;

pub use bodies::*;

use crate::ari::ApplicationName;
use crate::typed::{RawEvent, events, read};

events! {
    /// An event, as what its type says.
    Event {
        /// A channel could not be moved to another application, and stays.
        ApplicationMoveFailed,
        /// An application is there now.
        ApplicationRegistered,
        /// Another websocket has taken the application over.
        ApplicationReplaced,
        /// An application is not there any more.
        ApplicationUnregistered,
        /// Somebody has transferred a call after asking.
        BridgeAttendedTransfer,
        /// Somebody has transferred a call without asking.
        BridgeBlindTransfer,
        /// A bridge was made.
        BridgeCreated,
        /// A bridge has ended.
        BridgeDestroyed,
        /// A bridge has been merged into another.
        BridgeMerged,
        /// A bridge shows the video of another channel.
        BridgeVideoSourceChanged,
        /// A call is offered to several applications; the first to claim it gets it.
        CallBroadcast,
        /// A call that was offered to several applications has been claimed.
        CallClaimed,
        /// Who calls on a channel has changed.
        ChannelCallerId,
        /// Whom a channel is connected to has changed.
        ChannelConnectedLine,
        /// A channel is there now.
        ChannelCreated,
        /// A channel is not there any more.
        ChannelDestroyed,
        /// A channel has come to another place in the dialplan.
        ChannelDialplan,
        /// A key was pressed; this comes when it is let go.
        ChannelDtmfReceived,
        /// A channel has entered a bridge.
        ChannelEnteredBridge,
        /// Somebody wants a channel hung up.
        ChannelHangupRequest,
        /// The other side has put a channel on hold.
        ChannelHold,
        /// A channel has left a bridge.
        ChannelLeftBridge,
        /// The state of a channel has changed.
        ChannelStateChange,
        /// Somebody has stopped talking.
        ChannelTalkingFinished,
        /// Somebody has begun to talk.
        ChannelTalkingStarted,
        /// A tone was heard on a channel.
        ChannelToneDetected,
        /// A phone asks for a transfer, which the application is to carry out.
        ChannelTransfer,
        /// The other side has taken a channel off hold.
        ChannelUnhold,
        /// An event of somebody's own, from the dialplan or by ARI.
        ChannelUserevent,
        /// A variable was set.
        ChannelVarset,
        /// A contact of an endpoint can be reached again, or no more.
        ContactStatusChange,
        /// The state of a device has changed.
        DeviceStateChanged,
        /// A channel is being dialled; this comes at the start and with each news of it.
        Dial,
        /// An endpoint has another state than before.
        EndpointStateChange,
        /// The other side of an endpoint has changed its status.
        PeerStatusChange,
        /// A playback goes on with its next medium.
        PlaybackContinuing,
        /// A playback has ended, was stopped or failed.
        PlaybackFinished,
        /// A playback has begun.
        PlaybackStarted,
        /// The answer to a REST request over the websocket.
        RESTResponse,
        /// A recording could not be made.
        RecordingFailed,
        /// A recording has ended and is stored.
        RecordingFinished,
        /// A recording has begun.
        RecordingStarted,
        /// A channel has left the application.
        StasisEnd,
        /// A channel has entered the application.
        StasisStart,
        /// A text message has come.
        TextMessageReceived,
    }
}
