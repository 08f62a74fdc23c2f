//! What is allowed and what is refused, one command after the other; and that no spelling gets round a rule.

use ari_bus::protocol::ObjectKind;
use proptest::prelude::*;
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
fn an_odd_spelling_gets_round_nothing() {
    let guard = guard(json!({"endpoint": ["PJSIP/1"]}));
    for (url, body) in [
        ("/channels?endpoint=PJSIP/1&endpoint=PJSIP/2", None),
        ("/channels?endpoint=PJSIP/2&endpoint=PJSIP/1", None),
        ("/channels?end%70oint=PJSIP/2", None),
        ("/channels?Endpoint=PJSIP/2", None),
        ("/channels?+endpoint=PJSIP/2", None),
        ("/channels?endpoint=PJSIP/1%20", None),
        ("/channels?endpoint=pjsip/2", None),
        ("/channels?endpoint=PJSIP/1", Some(r#"{"endpoint":"PJSIP/2"}"#)),
        ("/channels?endpoint=PJSIP/2", Some(r#"{"endpoint":"PJSIP/1"}"#)),
        ("/channels", Some(r#"{"endpoint":"PJSIP/1","endpoint":"PJSIP/2"}"#)),
        ("/channels", Some(r#"{"end\u0070oint":"PJSIP/2"}"#)),
        ("/channels", Some(r#"{"ENDPOINT":"PJSIP/2"}"#)),
        ("/channels", Some(r#"{"endpoint":["PJSIP/1","PJSIP/2"]}"#)),
        ("/channels", Some(r#"{"endpoint":{"x":1}}"#)),
        ("/channels", Some(r#"{"endpoint":7}"#)),
        ("/%63hannels?endpoint=PJSIP/2", None),
        ("/channels/%63reate?endpoint=PJSIP/2", None),
    ] {
        assert_eq!(rule_of(&guard, "POST", url, body).as_deref(), Some("endpoint"), "{url} {body:?}");
    }
    for body in
        ["[]", "\"x\"", "endpoint=PJSIP/2", r#"{"endpoint":"PJSIP/2""#, r#"{"variables":[{"name":"X"}]}"#]
    {
        let refused = refused_with(&guard, "POST", "/channels?endpoint=PJSIP/1", Some(body));
        assert_eq!(refused, Some((400, String::new())), "{body}");
    }
    for url in ["/channels?endpoint=PJSIP/1%0d%0aX:y", "/channels?callerId=x%0ay"] {
        assert_eq!(refused_with(&guard, "POST", url, None).map(|(status, _)| status), Some(400), "{url}");
    }
}

#[test]
fn functions_that_reach_beyond_the_call_are_no_variables() {
    let guard = guard(json!({}));
    let set = |name: &str| {
        let body = json!({"variable": name, "value": "x"}).to_string();
        let by_parameter = rule_of(&guard, "POST", "/channels/c/variable", Some(&body));
        let body = json!({"variables": {name: "x"}}).to_string();
        assert_eq!(by_parameter, rule_of(&guard, "POST", "/channels?endpoint=x", Some(&body)), "{name}");
        by_parameter
    };
    let get = |name: &str| {
        let encoded: String = form_urlencoded(name);
        let one = rule_of(&guard, "GET", &format!("/channels/c/variable?variable={encoded}"), None);
        let several = rule_of(&guard, "GET", &format!("/channels/c/variables?variables=A,{encoded},B"), None);
        assert_eq!(one, several, "{name}");
        one
    };
    for name in
        ["X", "_X", "__X", "x y", "CALLERID(num)", "PJSIP_HEADER(add,Alert-Info)", "CHANNEL(language)"]
    {
        assert_eq!(set(name), None, "{name}");
    }
    for name in ["X", "x y", "CALLERID(num)", "CHANNEL(rtp,dest)", "PJSIP_HEADER(read,From)"] {
        assert_eq!(get(name), None, "{name}");
    }
    for name in [
        "SHELL(id)",
        "FILE(/etc/passwd)",
        "GLOBAL(X)",
        "DB(a/b)",
        "_DB(a/b)",
        "ENV(PATH)",
        "EVAL(${SHELL(id)})",
        "CHANNEL(hangup_handler_push)",
        "X${SHELL(id)}",
        "SHARED(X,c2)",
        "CURL(http://x)",
        "ARI_PROXY",
        "_ARI_PROXY",
        "CALLERID (num)",
        " DB(a/b)",
        "DB(a/b) ",
    ] {
        assert_eq!(set(name).as_deref(), Some("set_variables"), "{name}");
    }
    for name in
        ["SHELL(id)", "ENV(PATH)", "DB(a/b)", "EVAL(${SHELL(id)})", "${ENV(PATH)}", "CHANNEL(a,DB(x),b"]
    {
        assert_eq!(get(name).as_deref(), Some("read_variables"), "{name}");
    }
}

fn form_urlencoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

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
fn variables_are_an_object() {
    let guard = guard(json!({}));
    for variables in [json!(["GLOBAL(X)=1"]), json!("GLOBAL(X)=1"), json!([{"GLOBAL(X)": "1"}]), json!(7)] {
        let body = json!({"variables": variables}).to_string();
        let refused = refused_with(&guard, "POST", "/channels?endpoint=x", Some(&body));
        assert_eq!(refused, Some((400, String::new())), "{body}");
    }
    assert_eq!(refused_with(&guard, "POST", "/channels?endpoint=x", Some(r#"{"variables":null}"#)), None);
    assert_eq!(refused_with(&guard, "GET", "/channels/c/variables", Some(r#"{"variables":"a,b"}"#)), None);
}

#[test]
fn a_worker_shows_no_login_of_its_own() {
    let guard = guard(json!({}));
    for url in ["/channels?api_key=u:p", "/channels?API%5fKEY=u:p", "/channels?x=1&api_key="] {
        assert_eq!(refused_with(&guard, "GET", url, None), Some((400, String::new())), "{url}");
    }
}

#[test]
fn a_variable_runs_no_program() {
    let guard = guard(json!({"allow": ["* /asterisk/variable"]}));
    for (method, url, rule) in [
        ("POST", "/channels/c/variable?variable=MONITOR_EXEC&value=id", "set_variables"),
        ("POST", "/channels/c/variable?variable=__MONITOR_EXEC_ARGS&value=id", "set_variables"),
        // Also where the configuration opens Asterisk's own variables.
        ("POST", "/asterisk/variable?variable=FILE(/etc/x)&value=1", "set_variables"),
        ("GET", "/asterisk/variable?variable=SHELL(id)", "read_variables"),
    ] {
        assert_eq!(rule_of(&guard, method, url, None).as_deref(), Some(rule), "{url}");
    }
    for (method, url) in
        [("GET", "/asterisk/variable?variable=X"), ("POST", "/asterisk/variable?variable=X&value=1")]
    {
        assert_eq!(rule_of(&guard, method, url, None), None, "{url}");
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

/// A parameter as Asterisk reads it, written once more and without any of our code: a JSON field wins, of several the last.
fn as_asterisk_reads(name: &str, query: &[(String, String)], body: Option<&str>) -> Option<String> {
    let body: Value = body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
    if let Some(field) = body.get(name) {
        return field.as_str().map(str::to_owned);
    }
    query.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.clone())
}

/// A text with some of its characters percent-encoded.
fn encoded(text: &str, which: u64) -> String {
    let bit = |at: usize| which >> (at % 64) & 1 == 1;
    text.bytes()
        .enumerate()
        .map(|(at, byte)| match byte {
            b' ' if bit(at) => "+".to_owned(),
            byte if bit(at) || !byte.is_ascii_alphanumeric() => format!("%{byte:02x}"),
            byte => char::from(byte).to_string(),
        })
        .collect()
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("endpoint"), 1 => Just("Endpoint"), 1 => Just(" endpoint"), 1 => Just("other")]
        .prop_map(str::to_owned)
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just("PJSIP/1"), 1 => Just("PJSIP/2"), 1 => Just("pjsip/1"), 1 => Just(""), 1 => Just("PJSIP/1 ")]
        .prop_map(str::to_owned)
}

fn fields() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => values().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!(7)),
        1 => prop::collection::vec(values(), 0..3).prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn what_asterisk_would_call_is_what_was_looked_at(
        query in prop::collection::vec((names(), values(), any::<u64>()), 0..4),
        body in prop::option::of(prop::collection::vec((names(), fields()), 0..4)),
        path in prop_oneof![Just("/channels"), Just("/channels/new"), Just("/%63hannels/create"), Just("/channels/c/redirect")],
    ) {
        let pairs: Vec<(String, String)> = query.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect();
        let url: Vec<String> =
            query.iter().map(|(name, value, which)| format!("{}={}", encoded(name, *which), encoded(value, which.rotate_left(7)))).collect();
        let url = format!("{path}?{}", url.join("&"));
        let body = body.map(|fields| {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
            format!("{{{}}}", fields.join(","))
        });
        let guard = guard(json!({"endpoint": ["PJSIP/1"]}));
        let refused = refused_with(&guard, "POST", &url, body.as_deref());
        let called = as_asterisk_reads("endpoint", &pairs, body.as_deref()).filter(|called| !called.is_empty());
        // Whom Asterisk would call was allowed.
        if let Some(called) = called.filter(|called| called != "PJSIP/1") {
            prop_assert_eq!(&refused, &Some((403, "endpoint".to_owned())), "{} {:?} calls {}", url, body, called);
        }
        // Nothing else is refused than what holds something that is not allowed.
        if refused.is_some() {
            let odd = format!("{pairs:?} {body:?}");
            prop_assert!(["PJSIP/2", "pjsip/1", "PJSIP/1 ", "7"].iter().any(|value| odd.contains(value)), "{}", odd);
        }
    }

    #[test]
    fn no_command_panics(url in "/[a-z]{0,8}(/[a-zA-Z%0-9]{0,6}){0,3}([?][a-z=&%0-9+]{0,30})?", body in ".{0,40}") {
        let guard = guard(json!({"scope": "dialog", "endpoint": ["a*"], "context": [], "caller_id": []}));
        for method in [Method::GET, Method::POST] {
            let request = Request { method, url: url.clone(), body: Some(body.clone()) };
            let _ = guard.check(&request, &|_| true);
        }
    }
}
