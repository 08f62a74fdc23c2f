//! Channels that ARI makes.

use serde_json::json;

use super::super::script::{Script, ask_with, delete, get, post, script, wait};

pub(super) fn originates() -> Script {
    let end = |id: &str| vec![delete(&format!("/channels/{id}")), wait("ChannelDestroyed", id)];
    let to = |id: &str, more: &str| post(&format!("/channels?channelId={id}&otherChannelId=far-{id}&{more}"));
    script(
        "originate",
        [
            vec![
                to("o1", "endpoint=Local/park@default&app=hello&appArgs=x,y&callerId=Bob%20<4711>"),
                wait("StasisStart", "o1"),
            ],
            end("o1"),
            vec![
                ask_with(
                    "POST",
                    "/channels/o2?otherChannelId=far-o2",
                    json!({
                        "endpoint": "Local/park@default", "app": "hello", "variables": { "A": "b" },
                    }),
                ),
                wait("StasisStart", "o2"),
                post("/channels?endpoint=Local/park@default&app=hello&channelId=o2"),
            ],
            end("o2"),
            vec![
                to("o3", "endpoint=Local/busy@default&app=hello"),
                wait("ChannelDestroyed", "far-o3"),
                to("o4", "endpoint=Local/never@default&app=hello&timeout=1"),
                wait("ChannelDestroyed", "far-o4"),
                to("o5", "endpoint=Local/late@default&app=hello"),
                wait("StasisStart", "o5"),
                post("/channels/o5/continue?context=default&extension=park&priority=1"),
                wait("StasisEnd", "o5"),
                get("/channels/o5"),
                post("/channels/o5/answer"),
            ],
            end("o5"),
            vec![
                to("o6", "endpoint=Nonsense/x&app=hello"),
                to("o6", "endpoint=PJSIP/nobody&app=hello"),
                post("/channels"),
                post("/channels?endpoint=nonsense"),
                post("/channels?endpoint=Local/park@default"),
            ],
        ],
    )
}

pub(super) fn sip_originates() -> Script {
    let to = |id: &str, number: &str, more: &str| {
        post(&format!("/channels?endpoint=PJSIP/phone/sip:{number}@{{sip}}&app=hello&channelId={id}{more}"))
    };
    script(
        "originate over SIP",
        [vec![
            to("s1", "park", "&callerId=Bob%20<4711>"),
            wait("StasisStart", "s1"),
            delete("/channels/s1"),
            wait("ChannelDestroyed", "s1"),
            to("s2", "busy", ""),
            wait("ChannelDestroyed", "s2"),
            to("s3", "never", "&timeout=1"),
            wait("ChannelDestroyed", "s3"),
        ]],
    )
}

pub(super) fn create_and_dial() -> Script {
    script(
        "create and dial",
        [vec![
            ask_with(
                "POST",
                "/channels/create",
                json!({
                    "endpoint": "Local/late@default", "app": "hello", "appArgs": "k", "channelId": "d1",
                    "otherChannelId": "far-d1", "variables": { "A": "b" },
                }),
            ),
            wait("StasisStart", "d1"),
            post("/channels/d1/answer"),
            post("/channels/d1/dial?timeout=5"),
            wait("ChannelStateChange", "d1"),
            wait("Dial", "ANSWER"),
            delete("/channels/d1"),
            wait("ChannelDestroyed", "d1"),
            post("/channels/create?endpoint=PJSIP/phone/sip:park@{sip}&app=hello&channelId=d2"),
            wait("StasisStart", "d2"),
            post("/channels/d2/dial"),
            wait("ChannelStateChange", r#""id":"d2""#),
            delete("/channels/d2"),
            wait("ChannelDestroyed", "d2"),
            post("/channels/create"),
        ]],
    )
}
