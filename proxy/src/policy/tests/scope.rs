//! `scope: dialog`: what a dialog has not made itself is not its own.

use serde_json::json;

use super::*;

#[test]
fn a_narrow_worker_touches_its_own_objects_alone() {
    let guard = guard(json!({"scope": "dialog"}));
    for (method, url, body) in [
        ("POST", "/channels/c/answer", None),
        ("GET", "/channels/c", None),
        ("DELETE", "/channels/c", None),
        ("POST", "/channels/c/play/new?media=sound:x", None),
        ("POST", "/channels/c/snoop/new?app=ivr", None),
        ("POST", "/channels?endpoint=PJSIP/1&app=ivr&originator=c", None),
        ("POST", "/channels/new?endpoint=PJSIP/1&app=ivr", None),
        ("POST", "/bridges", None),
        ("POST", "/bridges/new", None),
        ("POST", "/bridges/b/addChannel?channel=c,c", None),
        ("POST", "/bridges/b/addChannel", Some(r#"{"channel":["c"]}"#)),
        ("POST", "/bridges/b/videoSource/c", None),
        ("POST", "/playbacks/p/control?operation=pause", None),
        ("DELETE", "/recordings/live/r/mute", None),
        ("POST", "/channels/c/record?name=r&format=wav&ifExists=fail", None),
        ("POST", "/channels/c/move?app=other", None),
        ("GET", "/sounds/x", None),
        ("POST", "/events/user/x?application=ivr&source=channel:c,bridge:b", None),
    ] {
        assert_eq!(refused_with(&guard, method, url, body), None, "{method} {url}");
    }
    for (method, url, body) in [
        ("GET", "/channels", None),
        ("GET", "/channels/create", None),
        ("GET", "/bridges", None),
        ("POST", "/channels/d/answer", None),
        ("POST", "/channels/%64/answer", None),
        ("DELETE", "/channels/d", None),
        ("DELETE", "/channels/C", None),
        ("POST", "/channels/c%2Fd/answer", None),
        ("POST", "/channels/c/teleport?channel2=d", None),
        ("POST", "/channels/d/snoop/new?app=ivr", None),
        ("POST", "/channels/c/dial?caller=d", None),
        ("POST", "/channels?endpoint=PJSIP/1&app=ivr&originator=d", None),
        ("POST", "/channels?endpoint=PJSIP/1&app=other", None),
        ("POST", "/bridges/x/addChannel?channel=c", None),
        ("POST", "/bridges/b/addChannel?channel=c,d", None),
        ("POST", "/bridges/b/addChannel?channel=d&channel=c", None),
        ("POST", "/bridges/b/addChannel?channel=c", Some(r#"{"channel":["c","d"]}"#)),
        ("POST", "/bridges/b/removeChannel", Some(r#"{"channel":"d"}"#)),
        ("POST", "/bridges/b/videoSource/d", None),
        ("DELETE", "/playbacks/q", None),
        ("POST", "/recordings/live/s/stop", None),
        ("GET", "/recordings/stored", None),
        ("GET", "/recordings/stored/r/file", None),
        ("POST", "/channels/c/record?name=r&format=wav&ifExists=overwrite", None),
        ("POST", "/channels/c/play?media=recording:x", None),
        ("POST", "/channels/c/play", Some(r#"{"media":["sound:x","recording:x"]}"#)),
        ("POST", "/channels/c/play?media=sound:/var/spool/asterisk/recording/x", None),
        ("POST", "/channels/c/play?media=sound:x,sound:..%2F..%2Fspool/x", None),
        ("POST", "/bridges/b/play", Some(r#"{"media":["sound:x","sound:en/../../x"]}"#)),
        ("GET", "/endpoints", None),
        ("PUT", "/endpoints/sendMessage?to=pjsip:x", None),
        ("PUT", "/deviceStates/Stasis:x", None),
        ("GET", "/applications/ivr", None),
        ("POST", "/applications/ivr/subscription?eventSource=channel:d", None),
        ("POST", "/events/user/x?application=ivr&source=channel:d", None),
        ("POST", "/events/user/x?application=ivr&source=endpoint:PJSIP/1", None),
        ("POST", "/events/claim?application=ivr&channelId=d", None),
    ] {
        assert_eq!(rule_of(&guard, method, url, body).as_deref(), Some("scope"), "{method} {url} {body:?}");
    }
}
