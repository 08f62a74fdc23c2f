// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Values of fields.

use crate::typed::value;

value! {
    /// What a bridge is for.
    BridgeType {
        /// All wait, and hear what is played.
        Holding = "holding",
        /// All hear each other.
        Mixing = "mixing",
    }
}

value! {
    /// The state of a channel.
    ChannelState {
        /// Busy.
        Busy = "Busy",
        /// A number is being dialled.
        Dialing = "Dialing",
        /// A number is being dialled with the phone off the hook.
        DialingOffHook = "Dialing Offhook",
        /// Not in use.
        Down = "Down",
        /// The phone is off the hook.
        OffHook = "OffHook",
        /// A call was noticed that does not ring yet.
        PreRing = "Pre-ring",
        /// The other side rings, and we are the one who hears it.
        Ring = "Ring",
        /// The phone rings.
        Ringing = "Ringing",
        /// Not in use, but reserved.
        Reserved = "Rsrved",
        /// Not known.
        Unknown = "Unknown",
        /// Answered.
        Up = "Up",
    }
}

value! {
    /// Whether a contact can be reached.
    ContactStatus {
        /// Nobody looks.
        NonQualified = "NonQualified",
        /// It can be reached.
        Reachable = "Reachable",
        /// It is not there any more.
        Removed = "Removed",
        /// Not known yet.
        Unknown = "Unknown",
        /// It cannot be reached.
        Unreachable = "Unreachable",
    }
}

value! {
    /// The state of a device.
    DeviceStateName {
        /// Busy.
        Busy = "BUSY",
        /// In use.
        InUse = "INUSE",
        /// Not one that can be used.
        Invalid = "INVALID",
        /// Idle.
        NotInUse = "NOT_INUSE",
        /// On hold.
        OnHold = "ONHOLD",
        /// Ringing.
        Ringing = "RINGING",
        /// In use, and ringing.
        RingInUse = "RINGINUSE",
        /// Not there.
        Unavailable = "UNAVAILABLE",
        /// Not known.
        Unknown = "UNKNOWN",
    }
}

value! {
    /// Whether an endpoint can be reached.
    EndpointState {
        /// It cannot be reached.
        Offline = "offline",
        /// It can be reached.
        Online = "online",
        /// Not known.
        Unknown = "unknown",
    }
}

value! {
    /// The state of a playback.
    PlaybackState {
        /// It goes on with its next medium.
        Continuing = "continuing",
        /// It has ended.
        Done = "done",
        /// It could not be played.
        Failed = "failed",
        /// It plays.
        Playing = "playing",
        /// It waits for its turn.
        Queued = "queued",
    }
}

value! {
    /// The state of a recording.
    RecordingState {
        /// It was thrown away.
        Canceled = "canceled",
        /// It has ended and is stored.
        Done = "done",
        /// It could not be made.
        Failed = "failed",
        /// It is paused.
        Paused = "paused",
        /// It waits for its turn.
        Queued = "queued",
        /// It records.
        Recording = "recording",
    }
}
