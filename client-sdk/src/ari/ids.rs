// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Ids and names.

use crate::typed::id;

id! {
    /// The name of a Stasis application.
    ApplicationName
}

id! {
    /// The id of an Asterisk, its `entityid`.
    AsteriskId
}

id! {
    /// The id of a bridge.
    BridgeId
}

id! {
    /// The id of a channel.
    ChannelId
}

id! {
    /// The name of a device, such as `Stasis:lamp` or `PJSIP/alice`.
    DeviceName
}

id! {
    /// The name of a log channel, which is the name of its file.
    LogChannelName
}

id! {
    /// The name of a mailbox.
    MailboxName
}

id! {
    /// The name of a module, such as `res_ari.so`.
    ModuleName
}

id! {
    /// The id of a playback.
    PlaybackId
}

id! {
    /// The name of a recording, which may have folders in it.
    RecordingName
}

id! {
    /// The id of a sound, such as `hello-world`.
    SoundId
}
