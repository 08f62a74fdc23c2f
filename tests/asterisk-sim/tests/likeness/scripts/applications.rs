//! Applications, what they are subscribed to, and events of users.

use serde_json::{Value, json};

use super::super::script::{Script, ask, ask_with, delete, get, incoming, post, script, wait};

pub(super) fn applications() -> Script {
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

pub(super) fn user_events() -> Script {
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
