//! Asterisk itself, what it refuses, and its other way of taking requests.

use serde_json::json;

use super::super::script::{Do, Script, ask, ask_with, delete, get, incoming, post, script, wait};

pub(super) fn machine() -> Script {
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

pub(super) fn refusals() -> Script {
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
                // Escapes that are none: Asterisk reads them as NULs, which end the text, or as what they are.
                get("/channels/rf%0g"),
                get("/channels/rf%+0nonsense"),
                get("/channels/rf%00"),
                get("/channels/%72%zz"),
                post("/channels/rf/ring%0gx"),
                get("/channels/rf/variable?variable%0g=CHANNEL(language)%0g"),
                ask("OPTIONS", "/channels"),
                ask_with("POST", "/channels/rf/variable", body),
                ask_with("POST", "/channels/rf/answer", json!([1])),
                delete("/channels/rf"),
                wait("StasisEnd", "\"rf\""),
            ],
        ],
    )
}

pub(super) fn over_the_websocket() -> Script {
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
