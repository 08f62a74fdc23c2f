//! Playbacks and recordings.

use serde_json::json;

use super::super::script::{Script, ask_with, delete, get, incoming, post, script, until, wait};

pub(super) fn playbacks() -> Script {
    script(
        "playbacks",
        [
            incoming("pl"),
            vec![
                post("/channels/pl/play/pl1?media=sound:beep"),
                wait("PlaybackStarted", "pl1"),
                get("/playbacks/pl1"),
                wait("PlaybackFinished", "pl1"),
                ask_with(
                    "POST",
                    "/channels/pl/play",
                    json!({ "media": ["sound:beep", "sound:beep"], "playbackId": "pl2" }),
                ),
                wait("PlaybackContinuing", "pl2"),
                wait("PlaybackFinished", "pl2"),
                post("/channels/pl/play?media=sound:vm-goodbye&playbackId=pl3"),
                wait("PlaybackStarted", "pl3"),
                post("/playbacks/pl3/control?operation=pause"),
                post("/playbacks/pl3/control?operation=unpause"),
                post("/playbacks/pl3/control?operation=restart"),
                post("/playbacks/pl3/control?operation=nonsense"),
                delete("/playbacks/pl3"),
                wait("PlaybackFinished", "pl3"),
                post("/channels/pl/play/pl4?media=sound:nonexistent"),
                wait("PlaybackFinished", "pl4"),
                post("/channels/pl/play"),
                post("/channels/pl/play/pl5?media=sound:vm-goodbye"),
                post("/channels/pl/play/pl6?media=sound:vm-goodbye"),
                wait("PlaybackStarted", "pl5"),
                get("/playbacks/pl6"),
                get("/playbacks/pl1"),
                delete("/channels/pl"),
                wait("StasisEnd", "pl"),
            ],
        ],
    )
}

pub(super) fn recordings() -> Script {
    script(
        "recordings",
        [
            incoming("rec"),
            vec![
                post("/channels/rec/record?name=r1&format=wav&maxDurationSeconds=30"),
                wait("RecordingStarted", "r1"),
                get("/recordings/live/r1"),
                post("/recordings/live/r1/pause"),
                get("/recordings/live/r1"),
                delete("/recordings/live/r1/pause"),
                post("/recordings/live/r1/mute"),
                delete("/recordings/live/r1/mute"),
                post("/channels/rec/record?name=r1&format=wav"),
                post("/recordings/live/r1/stop"),
                wait("RecordingFinished", "r1"),
                get("/recordings/stored"),
                get("/recordings/stored/r1"),
                get("/recordings/stored/r1/file"),
                post("/recordings/stored/r1/copy?destinationRecordingName=r2"),
                post("/recordings/stored/r1/copy?destinationRecordingName=r2"),
                post("/recordings/stored/r1/copy"),
                delete("/recordings/stored/r2"),
                delete("/recordings/stored/r2"),
                get("/recordings/live/r1"),
                get("/recordings/stored/r2/file"),
                post("/channels/rec/record?name=r1&format=wav"),
                post("/channels/rec/record?name=r1&format=wav&ifExists=nonsense"),
                post("/channels/rec/record?name=r3&format=nonsense"),
                post("/channels/rec/record?name=r3"),
                post("/channels/rec/record?format=wav"),
                post("/channels/rec/record?name=r4&format=wav"),
                wait("RecordingStarted", "r4"),
                // Asterisk tells of the start before it opens the file, and a cancel that finds no file fails.
                until("/recordings/stored/r4"),
                delete("/recordings/live/r4"),
                wait("RecordingFinished", "r4"),
                get("/recordings/stored/r4"),
                post("/channels/rec/record?name=r5&format=wav"),
                wait("RecordingStarted", "r5"),
                delete("/channels/rec"),
                wait("StasisEnd", "rec"),
            ],
        ],
    )
}

pub(super) fn media_in_bridges() -> Script {
    script(
        "media in bridges",
        [
            incoming("m1"),
            incoming("m2"),
            vec![
                post("/bridges/mb"),
                post("/applications/hello/subscription?eventSource=bridge:mb"),
                post("/bridges/mb/addChannel?channel=m1,m2"),
                wait("ChannelEnteredBridge", "\"m2\"]"),
                post("/bridges/mb/play/mbp?media=sound:beep"),
                wait("PlaybackFinished", "mbp"),
                post("/bridges/mb/record?name=mbr&format=wav"),
                wait("RecordingStarted", "mbr"),
                post("/recordings/live/mbr/stop"),
                wait("RecordingFinished", "mbr"),
                post("/bridges/mb/moh"),
                delete("/bridges/mb/moh"),
                delete("/bridges/mb/moh"),
                delete("/bridges/mb"),
                wait("BridgeDestroyed", "mb"),
                delete("/channels/m1"),
                delete("/channels/m2"),
                wait("StasisEnd", "\"m2\""),
            ],
        ],
    )
}
