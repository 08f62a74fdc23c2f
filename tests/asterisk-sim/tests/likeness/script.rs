//! The calls that both are put through. Ids are chosen by the script wherever ARI lets it.

use serde_json::{Value, json};

pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Do>,
}

#[derive(Clone)]
pub(crate) enum Do {
    /// A request, whose answer is compared.
    Ask(&'static str, String, Option<Value>),
    /// A frame to the websocket.
    Send(String),
    /// Waits for an event whose text holds something.
    Await(&'static str, String),
    /// A SIP phone calls 1000; its channel is `{phone}` from then on.
    Phone(Phone),
}

#[derive(Clone, Copy)]
pub(crate) enum Phone {
    Waits,
    HangsUp,
    HoldsAndHangsUp,
}

fn ask(method: &'static str, path: &str) -> Do {
    Do::Ask(method, path.to_owned(), None)
}

fn ask_with(method: &'static str, path: &str, body: Value) -> Do {
    Do::Ask(method, path.to_owned(), Some(body))
}

fn wait(kind: &'static str, about: &str) -> Do {
    Do::Await(kind, about.to_owned())
}

fn get(path: &str) -> Do {
    ask("GET", path)
}

fn post(path: &str) -> Do {
    ask("POST", path)
}

fn delete(path: &str) -> Do {
    ask("DELETE", path)
}

/// A call to 1000 by way of a `Local/` pair: `id` enters Stasis, as a call from a phone does.
fn incoming(id: &str) -> Vec<Do> {
    vec![
        post(&format!(
            "/channels?endpoint=Local/1000@default&extension=park&context=default&priority=1\
             &channelId=far-{id}&otherChannelId={id}&callerId=Bob%20<4711>"
        )),
        wait("StasisStart", id),
        post(&format!("/channels/{id}/answer")),
        wait("ChannelStateChange", id),
    ]
}

fn script(name: &'static str, steps: impl IntoIterator<Item = Vec<Do>>) -> Script {
    Script { name, steps: steps.into_iter().flatten().collect() }
}

pub(crate) fn all() -> Vec<Script> {
    vec![
        phones_that_wait(),
        phones_that_hang_up(),
        phones_that_hold(),
        commands(),
        originates(),
        sip_originates(),
        create_and_dial(),
        playbacks(),
        recordings(),
        bridges(),
        media_in_bridges(),
        leaving(),
        moves(),
        snoop_and_external_media(),
        applications(),
        user_events(),
        machine(),
        refusals(),
        over_the_websocket(),
    ]
}

fn phones_that_wait() -> Script {
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

fn phones_that_hang_up() -> Script {
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

fn phones_that_hold() -> Script {
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

fn commands() -> Script {
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

fn originates() -> Script {
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

fn sip_originates() -> Script {
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

fn create_and_dial() -> Script {
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

fn playbacks() -> Script {
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

fn recordings() -> Script {
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

fn bridges() -> Script {
    script(
        "bridges",
        [
            incoming("b1"),
            incoming("b2"),
            vec![
                post("/bridges?name=nobody%20chose&type=mixing"),
                post("/bridges?type=mixing&name=foo&bridgeId=br1"),
                post("/bridges/br2?type=holding"),
                post("/bridges/br2"),
                post("/bridges?type=nonsense"),
                get("/bridges/br1"),
                post("/bridges/br1/addChannel?channel=b1"),
                wait("ChannelEnteredBridge", "b1"),
                ask_with("POST", "/bridges/br1/addChannel", json!({ "channel": "b2" })),
                wait("ChannelEnteredBridge", "\"b2\"]"),
                get("/applications/hello"),
                get("/bridges/br1"),
                get("/bridges"),
                post("/bridges/br1/addChannel?channel=nobody"),
                post("/bridges/br1/addChannel?channel=far-b1"),
                post("/bridges/br1/addChannel"),
                post("/bridges/nobody/addChannel?channel=b1"),
                post("/channels/b1/record?name=in-bridge&format=wav"),
                wait("RecordingFailed", "in-bridge"),
                post("/bridges/br1/videoSource/b1"),
                wait("BridgeVideoSourceChanged", "br1"),
                delete("/bridges/br1/videoSource"),
                get("/bridges/br1/variable?variable=x"),
                post("/bridges/br1/variable?variable=x&value=1"),
                get("/bridges/br1/variable?variable=x"),
                post("/bridges/br1/removeChannel?channel=b1"),
                wait("ChannelLeftBridge", "b1"),
                wait("BridgeVideoSourceChanged", "old_video"),
                post("/bridges/br1/removeChannel?channel=b1"),
                post("/bridges/br1/removeChannel?channel=nobody"),
                post("/bridges/br1/addChannel?channel=b1"),
                delete("/channels/b2"),
                wait("StasisEnd", "\"b2\""),
                delete("/bridges/br1"),
                wait("BridgeDestroyed", "br1"),
                delete("/bridges/br1"),
                get("/bridges/br1"),
                delete("/bridges/br2"),
                delete("/channels/b1"),
                wait("StasisEnd", "\"b1\""),
            ],
        ],
    )
}

fn media_in_bridges() -> Script {
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

fn leaving() -> Script {
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

fn moves() -> Script {
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
        ],
    )
}

fn snoop_and_external_media() -> Script {
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

fn applications() -> Script {
    let filter = |body: Value| ask_with("PUT", "/applications/hello/eventFilter", body);
    script(
        "applications",
        [
            incoming("ap"),
            vec![
                post("/bridges/apb"),
                get("/applications"),
                get("/applications/hello"),
                get("/applications/nobody"),
                post("/applications/hello/subscription?eventSource=bridge:apb"),
                post("/applications/hello/subscription?eventSource=endpoint:PJSIP/phone"),
                post("/applications/hello/subscription?eventSource=deviceState:Stasis:x"),
                post("/applications/hello/subscription?eventSource=channel:nobody"),
                post("/applications/hello/subscription?eventSource=nonsense:x"),
                post("/applications/hello/subscription"),
                post("/applications/nobody/subscription?eventSource=bridge:apb"),
                ask("PUT", "/deviceStates/Stasis:x?deviceState=BUSY"),
                wait("DeviceStateChanged", "BUSY"),
                get("/deviceStates"),
                get("/deviceStates/Stasis:x"),
                ask("PUT", "/deviceStates/other?deviceState=BUSY"),
                ask("PUT", "/deviceStates/Stasis:x"),
                delete("/deviceStates/Stasis:x"),
                delete("/deviceStates/other"),
                delete("/applications/hello/subscription?eventSource=endpoint:PJSIP/phone"),
                delete("/applications/hello/subscription?eventSource=deviceState:Stasis:x"),
                delete("/applications/hello/subscription?eventSource=bridge:apb"),
                delete("/applications/hello/subscription?eventSource=bridge:apb"),
                delete("/bridges/apb"),
                filter(json!({ "disallowed": [{ "type": "ChannelVarset" }] })),
                post("/channels/ap/variable?variable=UNHEARD&value=1"),
                filter(json!({ "allowed": 3 })),
                filter(json!({})),
                ask_with("PUT", "/applications/nobody/eventFilter", json!({})),
                delete("/channels/ap"),
                wait("StasisEnd", "\"ap\""),
            ],
        ],
    )
}

fn user_events() -> Script {
    script(
        "user events",
        [
            incoming("ue"),
            vec![
                post("/bridges/ueb"),
                ask_with(
                    "POST",
                    "/events/user/one?application=hello",
                    json!({ "variables": { "n": 17, "s": "x", "o": [1] } }),
                ),
                wait("ChannelUserevent", "17"),
                post("/events/user/two?application=hello&source=channel:ue,bridge:ueb,endpoint:PJSIP/phone"),
                wait("ChannelUserevent", "two"),
                post("/events/user/x?application=hello&source=channel:nobody"),
                post("/events/user/x?application=hello&source=nonsense:x"),
                post("/events/user/x?application=nobody"),
                post("/events/user/x"),
                delete("/bridges/ueb"),
                delete("/channels/ue"),
                wait("StasisEnd", "\"ue\""),
            ],
        ],
    )
}

fn machine() -> Script {
    script(
        "the machine",
        [vec![
            get("/asterisk/ping"),
            get("/asterisk/info"),
            get("/asterisk/info?only=system"),
            get("/asterisk/variable?variable=NOT_SET"),
            post("/asterisk/variable?variable=SET&value=1"),
            get("/asterisk/variable?variable=SET"),
            get("/asterisk/variable"),
            get("/sounds/beep"),
            get("/sounds/nonsense"),
            get("/sounds"),
            get("/endpoints"),
            get("/endpoints/PJSIP"),
            get("/endpoints/PJSIP/phone"),
            get("/endpoints/PJSIP/nobody"),
            get("/endpoints/Nonsense"),
        ]],
    )
}

fn refusals() -> Script {
    let body = json!({ "variable": "x", "value": "y".repeat(41_000) });
    script(
        "refusals",
        [
            incoming("rf"),
            vec![
                get("/channels/nobody"),
                post("/channels/nobody/answer"),
                delete("/channels/nobody"),
                post("/channels/nobody/play?media=sound:beep"),
                get("/playbacks/nobody"),
                get("/recordings/live/nobody"),
                get("/recordings/live"),
                get("/recordings/stored/nobody"),
                post("/recordings/live/nobody/stop"),
                get("/channels/"),
                get("/nonsense"),
                ask("PUT", "/channels"),
                post("/channels/rf/nonsense"),
                ask("OPTIONS", "/channels"),
                ask_with("POST", "/channels/rf/variable", body),
                ask_with("POST", "/channels/rf/answer", json!([1])),
                delete("/channels/rf"),
                wait("StasisEnd", "\"rf\""),
            ],
        ],
    )
}

fn over_the_websocket() -> Script {
    let send = |id: &str, method: &str, uri: &str| {
        let request = json!({
            "type": "RESTRequest", "transaction_id": "t", "request_id": id, "method": method, "uri": uri,
        });
        vec![Do::Send(request.to_string()), wait("RESTResponse", &format!("\"{id}\""))]
    };
    script(
        "REST over the websocket",
        [
            incoming("wr"),
            send("id-1", "GET", "channels/wr"),
            send("id-2", "POST", "channels/wr/ring"),
            send("id-3", "GET", "nonsense"),
            send("id-4", "POST", "channels/wr/variable?variable=A&value=b"),
            vec![wait("ChannelVarset", "\"A\"")],
            vec![Do::Send("nonsense".into()), wait("RESTResponse", "400")],
            vec![delete("/channels/wr"), wait("StasisEnd", "\"wr\"")],
        ],
    )
}
