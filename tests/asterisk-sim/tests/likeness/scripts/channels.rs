//! What is done to one channel, and where channels go.

use serde_json::json;

use super::super::script::{Script, ask_with, delete, get, incoming, post, script, wait};

pub(super) fn commands() -> Script {
    let on = |path: &str| post(&format!("/channels/cmd/{path}"));
    let off = |path: &str| delete(&format!("/channels/cmd/{path}"));
    script(
        "commands to a channel",
        [
            incoming("cmd"),
            vec![
                on("ring"),
                off("ring"),
                on("progress"),
                on("hold"),
                off("hold"),
                on("moh"),
                off("moh"),
                on("silence"),
                off("silence"),
                on("mute?direction=in"),
                off("mute?direction=in"),
                on("mute?direction=sideways"),
                on("mute"),
                post("/applications/hello/subscription?eventSource=channel:far-cmd"),
                on("dtmf?dtmf=12"),
                wait("ChannelDtmfReceived", "\"2\""),
                on("dtmf"),
                get("/channels/cmd/variable?variable=NOT_SET"),
                on("variable?variable=SET&value=a+b"),
                wait("ChannelVarset", "a b"),
                get("/channels/cmd/variable?variable=SET"),
                get("/channels/cmd/variable"),
                ask_with(
                    "POST",
                    "/channels/cmd/variable?variable=A&value=b",
                    json!({ "variable": "FROM_BODY" }),
                ),
                wait("ChannelVarset", "FROM_BODY"),
                on("redirect?endpoint=PJSIP/x"),
                on("redirect"),
                on("dial"),
                off("?reason=nonsense"),
                delete("/channels/cmd?reason=nonsense"),
                delete("/channels/cmd?reason=busy&reason_code=17"),
                delete("/channels/cmd?reason_code=x"),
                delete("/channels/cmd?reason=busy"),
                wait("StasisEnd", "cmd"),
            ],
        ],
    )
}

pub(super) fn leaving() -> Script {
    script(
        "leaving Stasis",
        [
            incoming("l1"),
            vec![
                post("/bridges/lb"),
                post("/bridges/lb/addChannel?channel=l1"),
                wait("ChannelEnteredBridge", "l1"),
                post("/channels/l1/continue?context=default&extension=park&priority=1"),
                wait("StasisEnd", "\"l1\""),
                post("/channels/l1/continue"),
                delete("/bridges/lb"),
                wait("BridgeDestroyed", "lb"),
                delete("/channels/far-l1"),
            ],
            incoming("l2"),
            vec![
                post("/channels/l2/play/lp?media=sound:beep"),
                post("/channels/l2/continue?context=default&extension=park&priority=1"),
                wait("StasisEnd", "\"l2\""),
                delete("/channels/l2"),
            ],
        ],
    )
}

pub(super) fn moves() -> Script {
    let over = |id: &str| {
        vec![
            post(&format!("/channels/{id}/move?app=everything&appArgs=over")),
            wait("StasisEnd", &format!("\"{id}\"")),
            get("/applications/hello"),
            post(&format!("/channels/{id}/variable?variable=MOVED&value={id}")),
        ]
    };
    script(
        "moves",
        [
            incoming("mv"),
            vec![
                post("/channels/mv/move?app=nobody&appArgs=a,b"),
                wait("ApplicationMoveFailed", "mv"),
                post("/channels/mv/move?app=hello&appArgs=again"),
                wait("StasisStart", "again"),
                delete("/channels/mv"),
                wait("ChannelHangupRequest", "mv"),
            ],
            // To an application on another socket: the old one hears no more of a channel that came in …
            incoming("mi"),
            over("mi"),
            vec![delete("/channels/mi")],
            // … and all of one that it originated.
            vec![
                post("/channels?endpoint=Local/park@default&app=hello&channelId=mo"),
                wait("StasisStart", "\"mo\""),
            ],
            over("mo"),
            vec![wait("ChannelVarset", "MOVED"), delete("/channels/mo"), wait("ChannelDestroyed", "\"mo\"")],
        ],
    )
}

pub(super) fn snoop_and_external_media() -> Script {
    script(
        "snoop and external media",
        [
            incoming("sx"),
            vec![
                post("/channels/sx/snoop?app=hello&spy=both&snoopId=sn&appArgs=q"),
                wait("StasisStart", "\"sn\""),
                get("/channels/sn"),
                delete("/channels/sn"),
                wait("StasisEnd", "\"sn\""),
                post("/channels/sx/snoop/sn2?app=hello&whisper=out"),
                wait("StasisStart", "sn2"),
                delete("/channels/sn2"),
                post("/channels/sx/snoop?app=hello"),
                post("/channels/sx/snoop?spy=in"),
                post("/channels/externalMedia?app=hello&external_host=127.0.0.1:9&format=ulaw&channelId=em"),
                wait("StasisStart", "\"em\""),
                delete("/channels/em"),
                wait("ChannelDestroyed", "\"em\""),
                post("/channels/externalMedia?app=hello&format=ulaw"),
                post("/channels/externalMedia?external_host=127.0.0.1:9&format=ulaw"),
                post("/channels/externalMedia?app=hello&external_host=127.0.0.1:9&format=nonsense"),
                delete("/channels/sx"),
                wait("StasisEnd", "\"sx\""),
            ],
        ],
    )
}
