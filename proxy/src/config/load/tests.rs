//! What is read from files and the environment, and how what is wrong there is told.

use std::io::Write as _;

use secrecy::ExposeSecret;

use super::*;

const SEED: &str = r#"{
    "origin": "http://foo.com", "server_id": "bar", "applications": ["foo"],
    "websocket_url": "ws://localhost:8080/ari/events", "stasis_url": "http://localhost:8080/ari",
    "ws_user": "user", "ws_password": "secret", "message_bus": "RABBITMQ|NATS",
    "bus_config": {"url": "", "queue": ""}
}"#;

fn load_text(text: &str) -> Result<Config, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    load(file.path()).map_err(|error| error.to_string())
}

fn error_of(from: &str, to: &str) -> String {
    let text = SEED.replace("RABBITMQ|NATS", "NATS").replace(from, to);
    let error = load_text(&text).unwrap_err();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

/// As a variable of the environment has it.
#[test]
fn a_switch_may_be_a_text() {
    let text = SEED.replace("RABBITMQ|NATS", "NATS");
    for (value, marks) in [(r#""false""#, false), (r#""true""#, true), ("false", false)] {
        let switch = format!(r#""asterisk": {{"mark_channels": {value}}}, "server_id""#);
        let config = load_text(&text.replace(r#""server_id""#, &switch)).unwrap();
        assert_eq!(config.asterisk.mark_channels, marks, "{value}");
    }
}

#[test]
fn the_seeds_file_works_with_one_bus_chosen() {
    let config = load_text(&SEED.replace("RABBITMQ|NATS", "RABBITMQ")).unwrap();
    assert_eq!(config.applications, ["foo"]);
    assert_eq!(config.bus_config.url.expose_secret(), "amqp://guest:guest@127.0.0.1:5672/%2f");
    let config = load_text(&SEED.replace("RABBITMQ|NATS", "NATS")).unwrap();
    assert_eq!(config.bus_config.url.expose_secret(), "nats://127.0.0.1:4222");
}

#[test]
fn every_error_names_its_key() {
    let names =
        |count| format!("{:?}", (0..count).map(|n| format!("{n:02}{}", "x-".repeat(45))).collect::<Vec<_>>());
    let sample = load_text(SEED).unwrap_err();
    assert!(sample.contains("message_bus: \"RABBITMQ|NATS\" is not one bus"), "{sample}");
    for (from, to, key) in [
        (r#""server_id": "bar","#, "", "server_id: is missing"),
        (r#""server_id": "bar""#, r#""server_id": "worker""#, "server_id: \"worker\""),
        (r#"["foo"]"#, r#"["a b"]"#, "applications[0]: \"a b\""),
        (r#"["foo"]"#, r#"["a","a"]"#, "applications[1]: \"a\""),
        (r#"["foo"]"#, "[]", "applications: names no"),
        (r#"["foo"]"#, "7", "applications: "),
        ("ws://localhost", "http://localhost", "websocket_url: must begin with ws://"),
        ("ws://localhost", "ws://a:b@localhost", "websocket_url: must hold no credentials"),
        ("http://localhost:8080/ari", "nonsense", "stasis_url: is not a URL"),
        (r#""queue": """#, r#""quue": """#, "bus_config.quue: is not a key"),
        (r#""origin""#, r#""oirgin""#, "oirgin: is not a key"),
        (r#"{"url": """#, r#"{"url": "amqp://x""#, "bus_config.url: must begin with nats://"),
        (r#""secret""#, "83749211", "ws_password: is a number, expected a string"),
        (r#""secret""#, "null", "ws_password: is null, expected a string"),
        (r#""secret""#, "{\"a\": 1}", "ws_password: is an object, expected a string"),
        (r#"{"url": "", "queue": ""}"#, r#""nats://x""#, "bus_config: is a string, expected an object"),
        (r#"{"url": """#, r#"{"url": "", "url": "nats://a""#, "bus_config.url: stands there twice"),
        (r#""ws_user""#, r#""ws_user": "a", "ws_user""#, "ws_user: stands there twice"),
        (r#"["foo"]"#, &names(60), "applications: are too many for one websocket: "),
        (r#"{"url": """#, r#"{"url": [7]"#, "bus_config.url: is a list, expected a string"),
        ("/ari/events", "/ari/events#x", "websocket_url: must not hold a #"),
        ("/ari/events", "/ari/events?a=b#", "websocket_url: must not hold a #"),
        (r#""origin""#, r#""a\nb": 1, "origin""#, "a\\nb: is not a key"),
        (r#"["foo"]"#, r#"["amq.foo"]"#, "applications[0]: \"amq.foo\" begins with"),
        (
            r#""ws_user""#,
            r#""policy": {"applications": {"ivr": {}}}, "ws_user""#,
            "policy.applications.ivr: is no application",
        ),
        (
            r#""ws_user""#,
            r#""policy": {"default": {"endpoints": []}}, "ws_user""#,
            "policy.default.endpoints: is not a key",
        ),
        (
            r#""ws_user""#,
            r#""policy": {"default": {"allow": ["asterisk"]}}, "ws_user""#,
            "policy.default.allow: \"asterisk\" is no method and path",
        ),
        (
            r#""ws_user""#,
            r#""policy": {"default": {"endpoint": [""]}}, "ws_user""#,
            "policy.default.endpoint: \"\" is an empty pattern",
        ),
        (r#""ws_user""#, r#""policy": {"default": {"endpoint": 7}}, "ws_user""#, "policy.default.endpoint: "),
        (
            r#""ws_user""#,
            r#""policy": {"default": {"scope": "all"}}, "ws_user""#,
            "policy.default.scope: \"all\" is none of any, dialog",
        ),
        (
            r#""ws_user""#,
            r#""policy": {"applications": {"foo": {"commands_per_second": 0}}}, "ws_user""#,
            "policy.applications.foo.commands_per_second: is no whole number between 1 and",
        ),
        (
            r#""ws_user""#,
            r#""policy": {"default": {"max_body": 50000}}, "ws_user""#,
            "policy.default.max_body: is no whole number between 0 and 40960",
        ),
        (r#""ws_user""#, r#""log": "loud", "ws_user""#, "log: \"loud\" is neither a level (off, "),
        (r#""ws_user""#, r#""log": "info,loud", "ws_user""#, "log: \"info,loud\" is neither"),
        (r#""ws_user""#, r#""log": "foo=bar=baz", "ws_user""#, "log: \"foo=bar=baz\" is neither"),
        (r#""ws_user""#, r#""log": "a\nb", "ws_user""#, "log: \"a\\nb\" is neither"),
        (r#""ws_user""#, r#""log": " , ", "ws_user""#, "log: \" , \" is neither"),
        (r#""queue": """#, r#""prefix": "ari.""#, "bus_config.prefix: makes a topic that"),
        (r#""queue": """#, r#""prefix": "amq.""#, "bus_config.prefix: makes a topic that"),
        (r#""queue": """#, r#""prefix": "$""#, "bus_config.prefix: makes a topic that"),
        (r#""queue": """#, r#""prefix": "a b""#, "bus_config.prefix: "),
        (
            r#""ws_user""#,
            r#""dialog": {"linger": "soon"}, "ws_user""#,
            "dialog.linger: \"soon\" is no duration",
        ),
    ] {
        let error = error_of(from, to);
        assert!(error.contains(key), "{error}\n  lacks {key}");
    }
    let syntax = load_text("{\n\"origin\": }").unwrap_err();
    assert!(syntax.contains("line 2 column"), "{syntax}");
    let missing = load(Path::new("no/such/config.json")).unwrap_err().to_string();
    assert!(missing.contains("no/such/config.json") && missing.contains("config.json.example"), "{missing}");
}

#[test]
fn no_error_shows_a_secret() {
    const BUS: &str = r#"{"url": "", "queue": ""}"#;
    for (from, to) in [
        (r#"{"url": """#, r#"{"url": "amqp://me:83749211@x""#),
        (r#"{"url": """#, r#"{"url": 83749211"#),
        (BUS, r#""nats://me:83749211@host""#),
        (BUS, "83749211"),
        (BUS, r#"["83749211"]"#),
        (r#""secret""#, "83749211"),
        (r#""secret""#, "-83749211"),
        (r#""secret""#, "83749211.5"),
        (r#""secret""#, "83749211837492118374921183749211"),
        (r#""secret""#, "[83749211]"),
        (r#""secret""#, r#"{"83749211": "83749211"}"#),
        (r#""NATS""#, r#""nats://me:83749211@host""#),
        (r#""NATS""#, "83749211"),
        (r#""server_id": "bar""#, &format!(r#""server_id": "nats://me:83749211@host{}""#, "x".repeat(100))),
        (r#"["foo"]"#, r#"["nats://me:83749211@host"]"#),
        (r#""ws_user""#, r#""log": "nats://me:83749211@host", "ws_user""#),
        (r#""ws_user""#, r#""stop_timeout": "nats://me:83749211@host", "ws_user""#),
    ] {
        let error = error_of(from, to);
        assert!(!error.contains("83749211"), "{to}: {error}");
    }
    let whole = load_text(r#""nats://me:83749211@host""#).unwrap_err();
    assert!(whole.ends_with(": not a JSON object"), "{whole}");
}

#[test]
fn asterisks_urls_are_kept_as_they_were_understood() {
    for (websocket, rest, understood) in [
        ("ws://localhost/ari/events\\r", "http://localhost/ari ", "localhost"),
        (" WS://LOCALHOST/ari/events ", "HTTP://LOCALHOST:80/ari\\n", "localhost"),
        ("ws:localhost/ari/events", "http:localhost/ari", "localhost"),
        ("ws://b\u{fc}ro/ari/events", "http://b\u{fc}ro/ari", "xn--bro-hoa"),
    ] {
        let text = SEED.replace("RABBITMQ|NATS", "NATS");
        let text = text.replace("ws://localhost:8080/ari/events", websocket);
        let config = load_text(&text.replace("http://localhost:8080/ari", rest)).unwrap();
        assert_eq!(config.websocket_url, format!("ws://{understood}/ari/events"), "{websocket:?}");
        assert_eq!(config.stasis_url, format!("http://{understood}/ari"), "{rest:?}");
    }
}

#[test]
fn a_bus_may_have_several_servers_and_a_password_a_comma() {
    for (bus, url) in
        [("NATS", "nats://a:1,b:2"), ("NATS", "tls://a:1, nats://b"), ("RABBITMQ", "amqp://u:a,b@c")]
    {
        let text =
            SEED.replace("RABBITMQ|NATS", bus).replace(r#"{"url": """#, &format!("{{\"url\": \"{url}\""));
        assert_eq!(load_text(&text).unwrap().bus_config.url.expose_secret(), url);
    }
}

#[test]
fn what_can_be_logged_is_taken() {
    for (log, taken) in [
        ("debug", "debug"),
        ("OFF", "OFF"),
        ("info, ari_proxy=debug", "info,ari_proxy=debug"),
        ("ari_proxy::dialog", "ari_proxy::dialog"),
        ("warn,[call]=trace", "warn,[call]=trace"),
    ] {
        let text = SEED.replace("RABBITMQ|NATS", "NATS");
        let text = text.replace(r#""ws_user""#, &format!(r#""log": "{log}", "ws_user""#));
        assert_eq!(load_text(&text).unwrap().log, taken);
    }
}

const LISTEN: &str = r#"{
    "applications": ["foo"], "message_bus": "NATS",
    "websocket_listen": {"address": "0.0.0.0:8089", "asterisks": [{"server_id": "pbx-1", "password": "secret"}]}
}"#;

#[test]
fn the_http_listener_is_off_loopback_or_behind_a_token() {
    let seed = SEED.replace("RABBITMQ|NATS", "NATS");
    let with = |http: &str| load_text(&seed.replacen('{', &format!("{{\"http\": {http}, "), 1));
    assert!(load_text(&seed).unwrap().http.is_none());
    assert_eq!(with("{}").unwrap().http.unwrap().listen.to_string(), "127.0.0.1:8090");
    assert!(with(r#"{"listen": "[::1]:80"}"#).is_ok());
    assert!(with(r#"{"listen": "0.0.0.0:80", "token": "0123456789abcdef"}"#).is_ok());
    for (http, problem) in [
        (r#"{"listen": "0.0.0.0:80"}"#, "http.token: is missing: http.listen is no loopback"),
        (r#"{"token": ""}"#, "http.token: must have 16 to 1000 characters"),
        (r#"{"token": "secret"}"#, "http.token: must have 16 to 1000 characters"),
        (r#"{"token": "secret 0123456789"}"#, "http.token: holds a space"),
        (r#"{"listen": "8090"}"#, "http.listen: \"8090\" is no address"),
        (r#"{"adress": "127.0.0.1:80"}"#, "http.adress: is not a key"),
        ("true", "http: is a boolean, expected an object"),
    ] {
        let error = with(http).unwrap_err();
        assert!(error.contains(problem), "{error}\n  lacks {problem}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn asterisk_may_dial_in() {
    let config = load_text(LISTEN).unwrap();
    let listen = config.websocket_listen.unwrap();
    assert_eq!((listen.address.port(), &*listen.asterisks[0].server_id), (8089, "pbx-1"));
    let with =
        |rest: &str| load_text(&LISTEN.replace(r#""message_bus""#, &format!("{rest}, \"message_bus\"")));
    assert!(with(r#""asterisk": {"rest": "websocket"}"#).is_ok());
}

#[test]
fn what_contradicts_it_or_lacks_is_named() {
    let asterisks = r#"[{"server_id": "pbx-1", "password": "secret"}]"#;
    let tls = |tls: &str| format!(r#""address": "0.0.0.0:8089", "tls": {tls}"#);
    let message_bus = r#""message_bus""#;
    for (from, to, key) in [
        (
            message_bus,
            r#""server_id": "a", "message_bus""#,
            "server_id: must not stand beside websocket_listen",
        ),
        (message_bus, r#""websocket_url": "ws://x", "message_bus""#, "websocket_url: must not stand beside"),
        (message_bus, r#""stasis_url": "http://x", "message_bus""#, "stasis_url: must not stand beside"),
        (message_bus, r#""ws_user": "x", "message_bus""#, "ws_user: must not stand beside"),
        (message_bus, r#""ws_password": "secret", "message_bus""#, "ws_password: must not stand beside"),
        (message_bus, r#""asterisk": {"rest": "http"}, "message_bus""#, "asterisk.rest: must be websocket"),
        (message_bus, r#""asterisk": {"rest": "ws"}, "message_bus""#, "asterisk.rest: \"ws\" is none of"),
        ("0.0.0.0:8089", "8089", "websocket_listen.address: \"8089\" is no address"),
        (r#""address": "0.0.0.0:8089","#, "", "websocket_listen.address: is missing"),
        (asterisks, "[]", "websocket_listen.asterisks: names nobody"),
        ("pbx-1", "worker", "websocket_listen.asterisks[0].server_id: \"worker\""),
        ("pbx-1", "a:b", "websocket_listen.asterisks[0].server_id: \"a:b\" holds"),
        ("pbx-1", "", "websocket_listen.asterisks[0].server_id: "),
        (
            r#"}]"#,
            r#"}, {"server_id": "pbx-1", "password": "secret"}]"#,
            "websocket_listen.asterisks[1].server_id: \"pbx-1\" stands",
        ),
        (r#", "password": "secret""#, "", "websocket_listen.asterisks[0].password: is missing"),
        (r#""password": "secret""#, r#""password": """#, "websocket_listen.asterisks[0].password: is empty"),
        (
            r#""password": "secret""#,
            r#""pasword": "secret""#,
            "websocket_listen.asterisks[0].pasword: is not a key",
        ),
        (
            r#""password": "secret""#,
            r#""password": 1"#,
            "websocket_listen.asterisks[0].password: is a number",
        ),
        (
            r#""address": "0.0.0.0:8089""#,
            &tls(r#"{"certificate": "no/such", "key": "k"}"#),
            "websocket_listen.tls.certificate: cannot read no/such",
        ),
        (
            r#""address": "0.0.0.0:8089""#,
            &tls(r#"{"key": "k"}"#),
            "websocket_listen.tls.certificate: is missing",
        ),
    ] {
        let error = load_text(&LISTEN.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(key), "{error}\n  lacks {key}");
        assert!(!error.contains("secret"), "{error}");
    }
    for key in ["websocket_url", "stasis_url", "ws_user", "ws_password"] {
        let mut without: serde_json::Value =
            serde_json::from_str(&SEED.replace("RABBITMQ|NATS", "NATS")).unwrap();
        without.as_object_mut().unwrap().remove(key);
        let error = load_text(&without.to_string()).unwrap_err();
        assert!(error.ends_with(&format!(": {key}: is missing")), "{error}");
    }
}

#[test]
fn an_object_is_not_written_as_a_list() {
    for (section, key) in [
        (r#""stream": []"#, "stream"),
        (r#""policy": {"default": []}"#, "policy.default"),
        (r#""policy": {"applications": {"foo": [null]}}"#, "policy.applications.foo"),
        (r#""dialog": {"unanswered": ["hangup"]}"#, "dialog.unanswered"),
        (r#""bus_config": {"tls": []}"#, "bus_config.tls"),
    ] {
        let error = error_of(r#""bus_config": {"url": "", "queue": ""}"#, section);
        assert!(error.ends_with(&format!("{key}: is a list, expected an object")), "{section}: {error}");
    }
}
