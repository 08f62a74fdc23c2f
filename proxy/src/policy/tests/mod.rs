//! What is allowed and what is refused, one command after the other.

mod scope;
mod spellings;
mod variables;

use ari_bus::protocol::ObjectKind;
use serde_json::{Value, json};

use super::*;

/// A guard of the application `ivr` with these rules of its own.
fn guard(rules: Value) -> Guard {
    let config = serde_json::from_value(json!({"applications": {"ivr": rules}})).unwrap();
    Guard::new(&Policy::new(&config, "ivr"))
}

fn request(method: &str, url: &str, body: Option<&str>) -> Request {
    let command = ari_bus::protocol::Command {
        method: method.into(),
        url: url.to_owned().into(),
        body: body.map(|body| body.to_owned().into()),
        ..Default::default()
    };
    Request::check(&command).unwrap()
}

/// The status and the rule with which a command is refused; the dialog owns channel `c`, bridge `b`, playback `p` and
/// recording `r`.
fn refused_with(guard: &Guard, method: &str, url: &str, body: Option<&str>) -> Option<(u16, String)> {
    let owns = |object: &Object| {
        let id = match object.kind {
            ObjectKind::Channel => "c",
            ObjectKind::Bridge => "b",
            ObjectKind::Playback => "p",
            ObjectKind::Recording => "r",
        };
        object.id == id
    };
    let refusal = guard.check(&request(method, url, body), &owns).err()?;
    let rule = refusal.rule.unwrap_or_default();
    Some((refusal.status, rule.trim_start_matches("policy.applications.ivr.").to_owned()))
}

fn rule_of(guard: &Guard, method: &str, url: &str, body: Option<&str>) -> Option<String> {
    let (status, rule) = refused_with(guard, method, url, body)?;
    assert_eq!(status, 403, "{method} {url}");
    Some(rule)
}

#[test]
fn calls_are_everybodys_and_asterisk_itself_is_nobodys() {
    let guard = guard(json!({}));
    for (method, url) in [
        ("GET", "/channels"),
        ("POST", "/channels?endpoint=PJSIP/1&app=ivr"),
        ("DELETE", "/channels/1"),
        ("POST", "/bridges/b/addChannel?channel=1"),
        ("GET", "/recordings/stored/a%2Fb/file"),
        ("PUT", "/deviceStates/Stasis:x?deviceState=BUSY"),
        ("GET", "/endpoints"),
        ("GET", "/sounds"),
        ("GET", "/mailboxes"),
        ("GET", "/applications/ivr"),
        ("POST", "/applications/ivr/subscription?eventSource=endpoint:PJSIP/1"),
        ("POST", "/events/user/x?application=ivr"),
    ] {
        assert_eq!(refused_with(&guard, method, url, None), None, "{method} {url}");
    }
    for (method, url) in [
        ("GET", "/asterisk/info"),
        ("GET", "/%61sterisk/info"),
        ("DELETE", "/asterisk/modules/chan_pjsip.so"),
        ("POST", "/asterisk/variable?variable=X&value=1"),
        ("PUT", "/asterisk/config/dynamic/res_pjsip/auth/x"),
        ("POST", "/asterisk/logging/x"),
        ("GET", "/applications"),
        ("GET", "/applications/other"),
        ("POST", "/applications/other/subscription?eventSource=bridge:b"),
        ("PUT", "/applications/ivr/eventFilter"),
        ("GET", "/events?app=ivr"),
        ("GET", "/api-docs/resources.json"),
        ("GET", "/Channels"),
        ("GET", "/channels%2F1"),
        ("POST", "/amqp/ivr"),
    ] {
        assert_eq!(rule_of(&guard, method, url, None).as_deref(), Some("allow"), "{method} {url}");
    }
    assert_eq!(rule_of(&guard, "POST", "/events/user/x?application=other", None).as_deref(), Some("app"));
}

#[test]
fn the_configuration_allows_and_denies() {
    let guard = guard(json!({
        "allow": ["GET /asterisk/info", "* /asterisk/modules/**"],
        "deny": ["DELETE /recordings/**", "* /asterisk/modules/chan_*"],
    }));
    let rule = |method, url| rule_of(&guard, method, url, None);
    assert_eq!(rule("GET", "/asterisk/info"), None);
    assert_eq!(rule("PUT", "/asterisk/modules/res_x.so"), None);
    assert_eq!(rule("PUT", "/asterisk/modules/chan_x.so").as_deref(), Some("deny"));
    assert_eq!(rule("PUT", "/asterisk/modules/CHAN_x.so").as_deref(), Some("deny"));
    assert_eq!(rule("PUT", "/asterisk/modules/%63han_x.so").as_deref(), Some("deny"));
    assert_eq!(rule("DELETE", "/recordings/stored/x").as_deref(), Some("deny"));
    assert_eq!(rule("GET", "/asterisk/ping").as_deref(), Some("allow"));
}

#[test]
fn every_way_to_call_somebody_is_looked_at() {
    let guard = guard(json!({
        "endpoint": ["PJSIP/+31*@trunk", "Local/ivr@internal"], "context": ["internal"], "extension": ["+31*"],
        "caller_id": ["+3120*"], "app": ["ivr"], "external_host": ["media.lan:*"], "media": ["sound:*"],
    }));
    for (method, url, body) in [
        ("POST", "/channels?endpoint=PJSIP/%2B31201234567@trunk&app=ivr&callerId=%2B31201", None),
        ("POST", "/channels/new?app=ivr", Some(r#"{"endpoint":"Local/ivr@internal"}"#)),
        ("POST", "/channels/c/continue", None),
        ("POST", "/channels/c/continue?context=internal&extension=%2B3120&priority=1", None),
        ("POST", "/channels/externalMedia?app=ivr&external_host=media.lan:4000", None),
        ("POST", "/channels/c/play?media=sound:a,sound:b", None),
        ("POST", "/channels?endpoint=PJSIP/%2B3120@trunk", Some(r#"{"app":"ivr","context":null}"#)),
    ] {
        assert_eq!(refused_with(&guard, method, url, body), None, "{url} {body:?}");
    }
    let evil = "PJSIP/+49900@trunk";
    let json = |name: &str, value: &str| Some(json!({name: value}).to_string());
    for (rule, method, url, body) in [
        ("endpoint", "POST", format!("/channels?endpoint={evil}&app=ivr"), None),
        // A plus is a space.
        ("endpoint", "POST", "/channels?endpoint=PJSIP/+31201@trunk&app=ivr".into(), None),
        ("endpoint", "POST", "/channels?app=ivr".into(), json("endpoint", evil)),
        ("endpoint", "POST", "/channels/create?app=ivr".into(), json("endpoint", evil)),
        ("endpoint", "POST", "/channels/new?app=ivr".into(), json("endpoint", evil)),
        ("endpoint", "POST", "/channels/c/redirect".into(), json("endpoint", evil)),
        ("endpoint", "POST", "/endpoints/refer?refer_to=sip:%2B49900@x".into(), None),
        ("endpoint", "POST", "/endpoints/PJSIP/bob/refer".into(), None),
        ("endpoint", "PUT", "/endpoints/sendMessage?to=pjsip:x".into(), None),
        ("context", "POST", "/channels/c/continue?context=outgoing&extension=%2B31".into(), None),
        ("context", "POST", "/channels/c/continue?extension=%2B31".into(), None),
        ("context", "POST", "/channels/c/continue?extension=%2B31&context=internal&context=".into(), None),
        (
            "context",
            "POST",
            "/channels/c/continue?extension=%2B31&context=internal".into(),
            Some(r#"{"context":null}"#.into()),
        ),
        ("extension", "POST", "/channels/c/continue?context=internal".into(), None),
        ("extension", "POST", "/channels/c/continue?context=internal&extension=900".into(), None),
        ("caller_id", "POST", "/channels?callerId=112".into(), None),
        ("caller_id", "POST", "/channels/c/variable?variable=CALLERID(num)&value=112".into(), None),
        ("caller_id", "POST", "/channels".into(), Some(r#"{"variables":{"CALLERID(all)":"112"}}"#.into())),
        (
            "caller_id",
            "POST",
            "/channels".into(),
            Some(r#"{"variables":{"CALLERID(all)":{"value":"112"}}}"#.into()),
        ),
        (
            "caller_id",
            "POST",
            "/channels".into(),
            Some(r#"{"variables":{"PJSIP_HEADER(add,From)":"x"}}"#.into()),
        ),
        ("context", "POST", "/channels/c/variable?variable=__TRANSFER_CONTEXT&value=out".into(), None),
        ("app", "POST", "/channels/c/move?app=other".into(), None),
        ("app", "POST", "/channels/c/snoop?app=other".into(), None),
        ("external_host", "POST", "/channels/externalMedia?external_host=evil:1".into(), None),
        ("media", "POST", "/channels/c/play?media=sound:a,sound:https://x/y".into(), None),
        ("media", "POST", "/bridges/b/play".into(), Some(r#"{"media":["sound:a","recording:x"]}"#.into())),
    ] {
        assert_eq!(rule_of(&guard, method, &url, body.as_deref()).as_deref(), Some(rule), "{url} {body:?}");
    }
}

#[test]
fn a_file_is_played_by_its_path_where_a_rule_says_so() {
    let guard = guard(json!({"scope": "dialog", "media": ["sound:/opt/prompts/*"]}));
    let refused = |media: &str| rule_of(&guard, "POST", &format!("/channels/c/play?media={media}"), None);
    assert_eq!(refused("sound:/opt/prompts/hello"), None);
    assert_eq!(refused("sound:/opt/prompts/../x").as_deref(), Some("media"));
}

#[test]
fn what_becomes_a_line_of_sip_is_one_line() {
    let variables = |name: &str, value: &str| json!({"variables": {name: value}}).to_string();
    let header = "PJSIP_HEADER(add,X-Queue)";
    let evil = "7\r\nP-Asserted-Identity: <sip:112@trunk>";
    for guard in [guard(json!({})), guard(json!({"set_variables": ["**"], "caller_id": ["1*"]}))] {
        let set = |name: &str, value: &str| {
            refused_with(&guard, "POST", "/channels?endpoint=x", Some(&variables(name, value)))
        };
        assert_eq!(set(header, "7"), None);
        assert_eq!(set("text", "two\nlines"), None);
        let line = Some((400, String::new()));
        assert_eq!(set(header, evil), line);
        assert_eq!(set(&format!("PJSIP_HEADER(add,X-A: {evil})"), "7"), line);
        assert_eq!(set("CALLERID(name)", evil), line);
        let url = "/channels/c/variable?variable=CALLERID(name)&value=x%0d%0aFrom:%20112";
        assert_eq!(refused_with(&guard, "POST", url, None), line);
        let body = json!({"variable": header, "value": evil}).to_string();
        assert_eq!(refused_with(&guard, "POST", "/channels/c/variable", Some(&body)), line);
    }
}

#[test]
fn a_worker_shows_no_login_of_its_own() {
    let guard = guard(json!({}));
    for url in ["/channels?api_key=u:p", "/channels?API%5fKEY=u:p", "/channels?x=1&api_key="] {
        assert_eq!(refused_with(&guard, "GET", url, None), Some((400, String::new())), "{url}");
    }
}

#[test]
fn limits_say_which() {
    let small = guard(json!({"max_body": 20}));
    let body = r#"{"a":"aaaaaaaaaaaaaaaaaa"}"#;
    assert_eq!(refused_with(&small, "POST", "/channels", Some(body)), Some((413, "max_body".into())));
    assert_eq!(refused_with(&small, "POST", "/channels", Some("{}")), None);

    let slow = guard(json!({"commands_per_second": 2}));
    let answers: Vec<_> = (0..11).map(|_| refused_with(&slow, "GET", "/channels", None)).collect();
    assert!(answers[..10].iter().all(Option::is_none), "{answers:?}");
    assert_eq!(answers[10], Some((429, "commands_per_second".into())));

    let config = serde_json::from_value(json!({
        "default": {"originates_per_minute": 2, "endpoint": ["PJSIP/*"]}, "applications": {"ivr": {"endpoint": ["**"]}},
    }));
    let policy = Policy::new(&config.unwrap(), "ivr");
    // All dialogs of the application together.
    let (one, other) = (Guard::new(&policy), Guard::new(&policy));
    assert_eq!(refused_with(&one, "POST", "/channels?endpoint=Local/1", None), None);
    assert_eq!(refused_with(&other, "POST", "/channels/create?endpoint=Local/1", None), None);
    assert_eq!(refused_with(&one, "POST", "/channels/externalMedia?app=ivr", None), None);
    for url in ["/channels?endpoint=x", "/channels/new?endpoint=x", "/channels/c/redirect?endpoint=x"] {
        let refused = refused_with(&one, "POST", url, None);
        assert_eq!(refused, Some((429, "policy.default.originates_per_minute".into())), "{url}");
    }
    assert_eq!(refused_with(&one, "GET", "/channels", None), None);
}
