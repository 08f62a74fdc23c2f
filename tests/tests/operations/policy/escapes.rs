//! A worker that tries every escape: in path, query and body, with every odd spelling.

use std::time::Duration;

use ari_proxy::Metric;
use ari_tests::{brokers::Kind, go_worker::GoPool};
use serde_json::{Value, json};

use super::world::{World, assert_names, dutch};

/// Commands, and the rule that refuses each with 403; without one it is malformed, and a 400. `MINE` is the channel of the
/// worker's own call.
pub(crate) fn escapes() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let none = || Value::Null;
    let body = |name: &str| json!({ name: "PJSIP/+49900@trunk", "app": "x" });
    let raw = |text: &str| json!(text);
    vec![
        // Another path than it seems.
        ("GET", "/channels/../asterisk/info", none(), ""),
        ("GET", "/channels/%2e%2e/asterisk/info", none(), ""),
        ("GET", "/channels/.%2E/asterisk/info", none(), ""),
        ("GET", "/channels%2f..%2fasterisk/info", none(), ""),
        ("GET", "/./asterisk/info", none(), ""),
        ("GET", "//asterisk/info", none(), ""),
        ("GET", "/asterisk/info/", none(), ""),
        ("GET", "/channels\\..\\asterisk", none(), ""),
        ("GET", "/asterisk/info%00", none(), ""),
        ("GET", "/asterisk/info%0g", none(), ""),
        ("GET", "http://127.0.0.1:1/ari/asterisk/info", none(), ""),
        ("GET", "//127.0.0.1/ari/asterisk/info", none(), ""),
        ("GET", "@127.0.0.1/", none(), ""),
        ("GET", "/channels HTTP/1.1\r\nX: y\r\n\r\nGET /ari/asterisk/info", none(), ""),
        ("GET", "/channels?x=%0d%0a\r\nX-Evil: 1", none(), ""),
        ("GET", "/channels%0d%0aX-Evil:1", none(), ""),
        ("GET", "/channels#x", none(), ""),
        ("GET", "/channels/%252e%252e/asterisk/info", none(), ""),
        ("GET", "/channels/..%252fasterisk/info", none(), ""),
        ("GET", "/channels/..;/asterisk/info", none(), ""),
        ("GET", "/channels/%c0%ae%c0%ae/asterisk/info", none(), ""),
        ("GET", "/channels?api_key=admin:admin", none(), ""),
        ("GET", "/asterisk%3Finfo", none(), "allow"),
        ("GET", "/asterisk/info;x=1", none(), "allow"),
        ("GET", "/%61sterisk/info", none(), "allow"),
        ("GET", "/asterisk%2Finfo", none(), "allow"),
        ("GET", "/ASTERISK/info", none(), "allow"),
        ("GET", "/+asterisk/info", none(), "allow"),
        ("GET", "/asterisk;x/info", none(), "allow"),
        // Asterisk itself.
        ("GET", "/asterisk/info", none(), "allow"),
        ("DELETE", "/asterisk/modules/chan_pjsip.so", none(), "allow"),
        ("PUT", "/asterisk/modules/res_ari.so", none(), "allow"),
        ("GET", "/asterisk/config/dynamic/res_pjsip/auth/alice", none(), "allow"),
        ("PUT", "/asterisk/config/dynamic/res_pjsip/endpoint/x", json!({"fields": []}), "allow"),
        ("POST", "/asterisk/logging/x?configuration=notice", none(), "allow"),
        ("GET", "/asterisk/variable?variable=X", none(), "allow"),
        ("POST", "/asterisk/variable?variable=X&value=1", none(), "allow"),
        ("GET", "/applications", none(), "allow"),
        ("POST", "/applications/other/subscription?eventSource=channel:1", none(), "allow"),
        ("PUT", "/applications/other/eventFilter", json!({"allowed": []}), "allow"),
        ("GET", "/events?app=other", none(), "allow"),
        ("POST", "/events/user/x?application=other", none(), "app"),
        // A number outside of the rules.
        ("POST", "/channels?endpoint=PJSIP/%2B49900@trunk&app=x", none(), "endpoint"),
        ("POST", "/channels?endpoint=PJSIP/%2B31201@other&app=x", none(), "endpoint"),
        ("POST", "/channels?endpoint=pjsip/%2B49900@trunk&app=x", none(), "endpoint"),
        ("POST", "/channels?endpoint=PJSIP/%2B31/sip:%2B49900@x;y@trunk&app=x", none(), "endpoint"),
        ("POST", "/channels?endpoint=PJSIP/%2B311@trunk%26PJSIP/900@trunk&app=x", none(), "endpoint"),
        ("POST", "/channels?endpoint=Local/900@outgoing&app=x", none(), "endpoint"),
        ("POST", "/channels", body("endpoint"), "endpoint"),
        ("POST", "/channels", body("Endpoint"), "endpoint"),
        ("POST", "/channels", body("endpoint "), "endpoint"),
        ("POST", "/channels?endpoint=PJSIP/%2B311@trunk", body("endpoint"), "endpoint"),
        ("POST", "/channels?ENDPOINT=PJSIP/%2B49900@trunk&app=x", none(), "endpoint"),
        ("POST", "/channels?end%70oint=PJSIP/%2B49900@trunk&app=x", none(), "endpoint"),
        ("POST", "/channels?endpoint=PJSIP/%2B311@trunk&endpoint=PJSIP/%2B49900@trunk", none(), "endpoint"),
        ("POST", "/channels?endpoint=PJSIP/%2B49900@trunk&endpoint=PJSIP/%2B311@trunk", none(), "endpoint"),
        (
            "POST",
            "/channels",
            raw(r#"{"endpoint":"PJSIP/+311@trunk","endpoint":"PJSIP/+49900@trunk"}"#),
            "endpoint",
        ),
        (
            "POST",
            "/channels",
            raw(r#"{"endpoint":"PJSIP/+49900@trunk","endpoint":"PJSIP/+311@trunk"}"#),
            "endpoint",
        ),
        ("POST", "/channels", raw(r#"{"\u0065ndpoint":"PJSIP/+49900@trunk"}"#), "endpoint"),
        ("POST", "/channels", raw("endpoint=PJSIP/%2B49900@trunk"), ""),
        ("POST", "/channels", raw(r#"["endpoint"]"#), ""),
        ("POST", "/channels", raw(r#"{"endpoint":["PJSIP/+49900@trunk",7]}"#), "endpoint"),
        ("POST", "/channels", raw(r#"{"endpoint":[["PJSIP/+49900@trunk"]]}"#), "endpoint"),
        ("POST", "/channels", raw(r#"{"endpoint":{"x":"PJSIP/+49900@trunk"}}"#), "endpoint"),
        ("POST", "/channels", raw("\u{feff}{\"endpoint\":\"PJSIP/+49900@trunk\"}"), ""),
        ("POST", "/channels", raw(r#"{/**/"endpoint":"PJSIP/+49900@trunk"}"#), ""),
        ("POST", "/channels", raw(r#"{} {"endpoint":"PJSIP/+49900@trunk"}"#), ""),
        ("POST", "/channels", raw(r#"{"endpoint":"PJSIP/+49900@trunk""#), ""),
        ("POST", "/channels/create", body("endpoint"), "endpoint"),
        ("POST", "/channels/%63reate", body("endpoint"), "endpoint"),
        ("POST", "/channels/my-own-id", body("endpoint"), "endpoint"),
        ("POST", "/channels/MINE/redirect?endpoint=PJSIP/%2B49900@trunk", none(), "endpoint"),
        ("POST", "/endpoints/refer?to=PJSIP/%2B311@trunk&refer_to=sip:%2B49900@x", none(), "endpoint"),
        ("POST", "/endpoints/PJSIP/alice/refer?refer_to=sip:%2B49900@x", none(), "endpoint"),
        // By way of the dialplan.
        ("POST", "/channels?endpoint=Local/a@internal&context=outgoing&extension=%2B311", none(), "context"),
        ("POST", "/channels?endpoint=Local/a@internal&context=internal&extension=900", none(), "extension"),
        ("POST", "/channels?endpoint=Local/a@internal&extension=%2B31900", none(), "context"),
        ("POST", "/channels/MINE/continue?context=outgoing&extension=%2B31", none(), "context"),
        ("POST", "/channels/MINE/continue?context=internal&extension=900", none(), "extension"),
        ("POST", "/channels/MINE/continue?context=internal", none(), "extension"),
        ("POST", "/channels/MINE/continue?extension=desk-1", none(), "context"),
        (
            "POST",
            "/channels/MINE/continue?extension=desk-1&context=internal",
            json!({"context": null}),
            "context",
        ),
        ("POST", "/channels/MINE/variable?variable=TRANSFER_CONTEXT&value=outgoing", none(), "context"),
        // As somebody else.
        ("POST", "/channels?endpoint=Local/a@internal&app=x&callerId=112", none(), "caller_id"),
        ("POST", "/channels/MINE/variable?variable=CALLERID(num)&value=112", none(), "caller_id"),
        (
            "POST",
            "/channels?endpoint=Local/a@internal",
            json!({"variables": {"CALLERID(all)": "112"}}),
            "caller_id",
        ),
        (
            "POST",
            "/channels?endpoint=Local/a@internal",
            json!({"variables": {"PJSIP_HEADER(add,P-Asserted-Identity)": "112"}}),
            "caller_id",
        ),
        ("POST", "/channels?endpoint=Local/a@internal&callerId=x%0d%0aP-Asserted-Identity:112", none(), ""),
        // By a line break in a line of SIP.
        (
            "POST",
            "/channels/MINE/variable?variable=PJSIP_HEADER(add,X-A)&value=1%0d%0aP-Asserted-Identity:112",
            none(),
            "",
        ),
        (
            "POST",
            "/channels?endpoint=Local/a@internal",
            json!({"variables": {"CALLERID(name)": "x\r\nP-Asserted-Identity: 112"}}),
            "",
        ),
        // Through functions of the dialplan.
        ("POST", "/channels?endpoint=Local/a@internal", json!({"variables": ["GLOBAL(X)=1"]}), ""),
        (
            "POST",
            "/channels?endpoint=Local/a@internal",
            json!({"variables": {"_MONITOR_EXEC": "id"}}),
            "set_variables",
        ),
        ("GET", "/channels/MINE/variable?variable=SHELL(id)", none(), "read_variables"),
        ("GET", "/channels/MINE/variable?variable=FILE(/etc/passwd)", none(), "read_variables"),
        ("POST", "/channels/MINE/variable?variable=GLOBAL(X)&value=1", none(), "set_variables"),
        (
            "POST",
            "/channels/MINE/variable?variable=CHANNEL(hangup_handler_push)&value=out,1,1",
            none(),
            "set_variables",
        ),
        (
            "POST",
            "/channels?endpoint=Local/a@internal",
            json!({"variables": {"GLOBAL(X)": "1"}}),
            "set_variables",
        ),
        (
            "POST",
            "/channels?endpoint=Local/a@internal",
            json!({"variables": {"__DB(a/b)": {"value": "1"}}}),
            "set_variables",
        ),
        ("POST", "/channels/MINE/variable?variable=ARI_PROXY&value=stolen", none(), "set_variables"),
    ]
}

pub(crate) async fn no_escape_reaches_asterisk(kind: Kind) {
    let world = World::new(kind, dutch()).await;
    let (call, dialog) = world.call().await;
    let before = world.reached().len();
    let mut forbidden = 0;
    for (method, url, body, rule) in escapes() {
        let url = url.replace("MINE", call.channel_id());
        let (status, text) = dialog.command(method, &url, body.clone()).await;
        assert_eq!(status, if rule.is_empty() { 400 } else { 403 }, "{method} {url} {body}: {text}");
        if !rule.is_empty() {
            assert_names(&text, rule);
            forbidden += 1;
        }
    }
    assert_eq!(world.reached().len(), before, "{:#?}", world.reached());
    assert!(world.proxy.metrics.get(Metric::PolicyRefusals) >= forbidden);
    // What is allowed works as before.
    let (status, text) = dialog
        .command("POST", "/channels", json!({
            "endpoint": "PJSIP/+31201234567@trunk", "app": world.application, "callerId": "+31201234567", "channelId": "leg",
        }))
        .await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(world.reached().len(), before + 1);
    world.proxy.stop().await;
}

pub(crate) async fn a_version_1_worker_escapes_as_little(kind: Kind) {
    let world = World::new(kind, dutch()).await;
    // The desk's own pool would take the call.
    let World { simulator, proxy, broker, application, desk, .. } = world;
    drop(desk);
    let pool = GoPool::join(broker, &application).await;
    let call = simulator.call(&application).place();
    let app_start = pool.app_start().await;
    let mut dialog = pool.take(&app_start, Duration::ZERO).await;
    dialog.events_until("StasisStart").await;
    for (method, url, body, rule) in escapes() {
        let url = url.replace("MINE", call.channel_id());
        let body = if body.is_object() { body.to_string() } else { body.as_str().unwrap_or_default().into() };
        let answer = dialog.command(&pool, method, &url, &body).await;
        assert_eq!(
            answer["status_code"],
            if rule.is_empty() { 400 } else { 403 },
            "{method} {url}: {answer}"
        );
    }
    let url = format!("/channels/{}", call.channel_id());
    assert_eq!(dialog.command(&pool, "DELETE", &url, "").await["status_code"], 204);
    let reached: Vec<_> = simulator.requests();
    let own = reached.iter().filter(|request| request.is("DELETE", "/channels/*")).count();
    let marks = reached
        .iter()
        .filter(|request| request.body_text().contains("ARI_PROXY") || request.is("GET", "/applications/*"));
    assert_eq!(own + marks.count(), reached.len(), "{reached:#?}");
    proxy.stop().await;
}

pub(crate) async fn a_worker_that_opened_a_dialog_escapes_as_little(kind: Kind) {
    let world = World::new(kind, dutch()).await;
    let opened = world.desk.open_dialog(&world.application).await;
    for (method, url, body, rule) in escapes() {
        let (status, text) = opened.owned.command(method, url, body).await;
        assert_eq!(status, if rule.is_empty() { 400 } else { 403 }, "{method} {url}: {text}");
    }
    assert!(world.reached().is_empty(), "{:#?}", world.reached());
    world.proxy.stop().await;
}

pub(crate) async fn each_application_has_its_own_rules(kind: Kind) {
    let world = World::new(kind, dutch()).await;
    let originate = json!({"endpoint": "PJSIP/+49301234567@trunk", "app": world.other, "channelId": "far"});
    let (_call, narrow) = world.call().await;
    let (status, text) = narrow.command("POST", "/channels", originate.clone()).await;
    assert_eq!(status, 403, "{text}");
    assert!(text.contains(&format!("policy.applications.{}.endpoint", world.application)), "{text}");
    let (_call, free) = world.other_call().await;
    let (status, text) = free.command("POST", "/channels", originate).await;
    assert_eq!(status, 200, "{text}");
    let (status, text) = free.command("GET", "/asterisk/info", json!(null)).await;
    assert_eq!(status, 403, "{text}");
    world.proxy.stop().await;
}
