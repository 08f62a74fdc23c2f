//! `scope: dialog`: another dialog's objects, and those of nobody, are out of reach.

use ari_tests::{brokers::Kind, proxies::Ari};
use serde_json::{Value, json};

use super::world::{World, assert_names};

pub(crate) async fn a_worker_touches_its_own_objects_alone(kind: Kind) {
    let world = World::new(kind, json!({"scope": "dialog"})).await;
    let (theirs, _their_dialog) = world.call().await;
    let (mine, dialog) = world.call().await;
    let (theirs, mine) = (theirs.channel_id(), mine.channel_id());
    // Its own: what was there, and what it makes.
    for (method, url, body, status) in [
        ("POST", format!("/channels/{mine}/answer"), json!(null), 204),
        ("GET", format!("/channels/{mine}"), json!(null), 200),
        ("POST", "/bridges/room".into(), json!(null), 200),
        ("POST", "/bridges/room/addChannel".into(), json!({"channel": [mine]}), 204),
        ("POST", "/bridges/room/record?name=note&format=wav".into(), json!(null), 201),
        ("POST", "/recordings/live/note/pause".into(), json!(null), 204),
    ] {
        let (answered, text) = dialog.command(method, &url, body).await;
        assert_eq!(answered, status, "{method} {url}: {text}");
    }
    let before = world.reached().len();
    let encoded: String = theirs.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (method, url, body) in [
        ("GET", "/channels".to_owned(), json!(null)),
        ("GET", format!("/channels/{theirs}"), json!(null)),
        ("DELETE", format!("/channels/{theirs}"), json!(null)),
        ("DELETE", format!("/channels/{encoded}"), json!(null)),
        ("POST", format!("/channels/{theirs}/play?media=sound:x"), json!(null)),
        ("POST", format!("/channels/{theirs}/snoop?spy=both&app={}", world.application), json!(null)),
        ("POST", format!("/channels/{theirs}/move?app=mine"), json!(null)),
        ("POST", format!("/bridges/room/addChannel?channel={theirs}"), json!(null)),
        ("POST", format!("/bridges/room/addChannel?channel={mine},{theirs}"), json!(null)),
        ("POST", format!("/bridges/room/addChannel?channel={theirs}&channel={mine}"), json!(null)),
        ("POST", format!("/bridges/room/addChannel?channel={mine}"), json!({"channel": [theirs]})),
        ("POST", format!("/channels/{mine}/dial?caller={theirs}"), json!(null)),
        ("POST", "/bridges/other/addChannel".into(), json!({"channel": mine})),
        ("DELETE", "/bridges/other".into(), json!(null)),
        ("GET", "/recordings/stored".into(), json!(null)),
        ("GET", "/endpoints".into(), json!(null)),
    ] {
        let (status, text) = dialog.command(method, &url, body).await;
        assert_eq!(status, 403, "{method} {url}: {text}");
        assert_names(&text, "scope");
    }
    assert_eq!(world.reached().len(), before, "{:#?}", world.reached());
    world.proxy.stop().await;
}

pub(crate) async fn a_new_object_must_be_new(kind: Kind) {
    let world = World::new(kind, json!({"scope": "dialog"})).await;
    let (_call, dialog) = world.call().await;
    // A bridge of nobody's dialog. Releases of Asterisk before 22 answer with it to whoever asks for a new one of that name.
    let (status, _) = Ari::from(&world.simulator).post("/bridges/lobby", &json!({})).await;
    assert_eq!(status, 200);
    let makes = || world.simulator.count_requests("POST", "/bridges*");
    let before = makes();
    for (url, body) in [("/bridges/lobby", Value::Null), ("/bridges", json!({"bridgeId": "lobby"}))] {
        let (status, text) = dialog.command("POST", url, body).await;
        assert_eq!(status, 403, "{url}: {text}");
        assert_names(&text, "scope");
    }
    assert_eq!(makes(), before);
    assert_eq!(dialog.command("DELETE", "/bridges/lobby", Value::Null).await.0, 403);
    assert_eq!(dialog.command("POST", "/bridges/lobby2", Value::Null).await.0, 200);
    assert_eq!(dialog.command("DELETE", "/bridges/lobby2", Value::Null).await.0, 204);
    world.proxy.stop().await;
}
