//! Calls of a phone.

use super::super::script::{Do, Phone, Script, delete, get, post, script, wait};

pub(super) fn phones_that_wait() -> Script {
    script(
        "a phone, hung up by ARI",
        [vec![
            Do::Phone(Phone::Waits),
            get("/channels"),
            get("/endpoints"),
            post("/channels/{phone}/ring"),
            post("/channels/{phone}/answer"),
            wait("ChannelStateChange", "{phone}"),
            get("/channels/{phone}"),
            post("/channels/{phone}/play/phone-play?media=sound:vm-goodbye"),
            wait("PlaybackStarted", "phone-play"),
            delete("/channels/{phone}"),
            wait("StasisEnd", "{phone}"),
        ]],
    )
}

pub(super) fn phones_that_hang_up() -> Script {
    script(
        "a phone that hangs up",
        [vec![
            Do::Phone(Phone::HangsUp),
            post("/applications/hello/subscription?eventSource=channel:{phone}"),
            post("/channels/{phone}/answer"),
            wait("StasisEnd", "{phone}"),
        ]],
    )
}

pub(super) fn phones_that_hold() -> Script {
    script(
        "a phone that sends a digit and holds",
        [vec![
            Do::Phone(Phone::HoldsAndHangsUp),
            post("/channels/{phone}/answer"),
            wait("ChannelDtmfReceived", "{phone}"),
            wait("ChannelHold", "{phone}"),
            wait("ChannelUnhold", "{phone}"),
            wait("StasisEnd", "{phone}"),
        ]],
    )
}
