//! Bridges and who is in them.

use serde_json::json;

use super::super::script::{Script, ask_with, delete, get, incoming, post, script, wait};

pub(super) fn bridges() -> Script {
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
