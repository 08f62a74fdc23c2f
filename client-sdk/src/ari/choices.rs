// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Values of parameters.

use crate::typed::choice;

choice! {
    /// Who opens the connection of external media.
    ConnectionType {
        /// Asterisk.
        Client = "client",
        /// The other side.
        Server = "server",
    }
}

choice! {
    /// A direction of the audio of a channel.
    Direction {
        /// Both directions.
        Both = "both",
        /// What comes from the channel.
        In = "in",
        /// What goes to the channel.
        Out = "out",
    }
}

choice! {
    /// How external media is packed.
    Encapsulation {
        /// As AudioSocket.
        AudioSocket = "audiosocket",
        /// As it is.
        None = "none",
        /// As RTP.
        Rtp = "rtp",
    }
}

choice! {
    /// Why a channel is hung up. Before it was answered, the caller is told.
    HangupReason {
        /// Somebody else took the call.
        AnsweredElsewhere = "answered_elsewhere",
        /// Busy.
        Busy = "busy",
        /// The two sides have no codec in common.
        CodecMismatch = "codec_mismatch",
        /// There is no way through.
        Congestion = "congestion",
        /// Something broke.
        Failure = "failure",
        /// Two networks do not understand each other.
        Interworking = "interworking",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// The call is over.
        Normal = "normal",
        /// No reason is given.
        NormalUnspecified = "normal_unspecified",
        /// The number is too short.
        NumberIncomplete = "number_incomplete",
        /// The call is not wanted.
        Rejected = "rejected",
        /// It took too long.
        Timeout = "timeout",
        /// There is no such number.
        Unallocated = "unallocated",
    }
}

choice! {
    /// What to do where there is a recording of the name.
    IfExists {
        /// Go on at its end.
        Append = "append",
        /// Record nothing.
        Fail = "fail",
        /// Replace it.
        Overwrite = "overwrite",
    }
}

choice! {
    /// A part of what Asterisk tells of itself.
    InfoSection {
        /// How it was built.
        Build = "build",
        /// How it was configured.
        Config = "config",
        /// Since when it runs.
        Status = "status",
        /// Which Asterisk it is.
        System = "system",
    }
}

choice! {
    /// A direction of external media.
    MediaDirection {
        /// Both directions.
        Both = "both",
    }
}

choice! {
    /// What can be done with a playback.
    PlaybackOperation {
        /// Winds on.
        Forward = "forward",
        /// Pauses.
        Pause = "pause",
        /// Begins again.
        Restart = "restart",
        /// Winds back.
        Reverse = "reverse",
        /// Goes on.
        Unpause = "unpause",
    }
}

choice! {
    /// A state that a device can be set to.
    SettableDeviceState {
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
    }
}

choice! {
    /// A direction of the audio of a channel that is snooped on.
    SnoopDirection {
        /// Both directions.
        Both = "both",
        /// What comes from the channel.
        In = "in",
        /// Neither.
        None = "none",
        /// What goes to the channel.
        Out = "out",
    }
}

choice! {
    /// A key that ends a recording.
    TerminateOn {
        /// The key `#`.
        Hash = "#",
        /// The key `*`.
        Star = "*",
        /// Any key.
        Any = "any",
        /// No key.
        None = "none",
    }
}

choice! {
    /// What carries external media.
    Transport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
        /// A websocket.
        WebSocket = "websocket",
    }
}
