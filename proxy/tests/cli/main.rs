//! The binary as a person runs it: the demo, bad configurations, texts, and a proxy whose servers are not there yet.
#![allow(clippy::unwrap_used)]

mod keys;
mod support;

#[cfg(feature = "demo")]
use std::time::Duration;
use std::{collections::HashSet, time::Instant};

use serde_json::{Value, json};
use support::{
    Binary, PATIENCE, Running, SEVERAL_ATTEMPTS, SmallBroker, config, deaf_asterisk, free_port, write,
};

/// The exit code for a configuration that cannot be used.
const BAD_CONFIG: i32 = 64;

#[cfg(feature = "demo")]
#[test]
fn the_demo_shows_a_whole_call_and_succeeds() {
    let began = Instant::now();
    let ran = Binary::new().args(["demo"]).run();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // Seven seconds, and some for a busy machine.
    assert!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    assert!(!ran.stdout.contains('\u{1b}'), "escape codes in a pipe:\n{}", ran.stdout);
    assert_eq!(ran.stderr, "", "the logs are quiet");
    let wide: Vec<_> = ran.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:?}");
    let untold: Vec<_> =
        ran.stdout.lines().filter(|line| line.ends_with(" bytes") || line.contains("Ack")).collect();
    assert!(untold.is_empty(), "not told in words: {untold:?}");
    // Commands and events are independent of each other: each are in order among themselves.
    in_order(
        &ran.stdout,
        &[
            "joins the pool",
            "dials 1000",
            "StasisStart: PJSIP/bob",
            "AppStart: who takes dialog pbx.",
            "accept: I do",
            "channel.answer()",
            "/answer",
            "answer to #1: 204",
            "/play",
            "answer to #2: 201",
            ".finished()",
            r#"{"dtmf":"1234"}"#,
            "answer to #3: 204",
            "POST /ari/channels",
            "answer to #4: 204",
            "DELETE /ari/channels",
            "answer to #5: 204",
            "channel.hangup()",
            "answer to #6: 204",
            "the dialog is over",
            "✔ 6 commands reached Asterisk",
            "What next",
        ],
    );
    in_order(
        &ran.stdout,
        &[
            "ari.worker.",
            "#1 StasisStart",
            "somebody answers",
            "ChannelDtmfReceived 5",
            "PlaybackFinished sound:hello-world",
            "the line is dead",
            "StasisEnd",
        ],
    );
}

/// The moments are in a text, one after the other.
#[cfg(feature = "demo")]
fn in_order(text: &str, moments: &[&str]) {
    let mut rest = text;
    for moment in moments {
        let at = rest.find(moment).unwrap_or_else(|| panic!("{moment:?} is not in its place:\n{text}"));
        rest = &rest[at + moment.len()..];
    }
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_has_colours_where_they_are_wanted_and_logs_where_they_are_asked_for() {
    let full_speed = || Binary::new().args(["demo", "--pace", "0"]);
    let coloured = full_speed().env("CLICOLOR_FORCE", "1").env("RUST_LOG", "info").run();
    assert_eq!(coloured.code, Some(0), "{coloured:?}");
    assert!(coloured.stdout.contains('\u{1b}'), "no colours");
    assert!(coloured.stderr.contains("connected to Asterisk"), "{coloured:?}");
    assert!(!coloured.stderr.contains('\u{1b}'), "escape codes in the logs: {}", coloured.stderr);
    let plain = full_speed().env("NO_COLOR", "1").run();
    assert!(!plain.stdout.contains('\u{1b}'), "{}", plain.stdout);
}

#[test]
fn help_and_version_are_there() {
    let help = Binary::new().args(["--help"]).run();
    assert_eq!(help.code, Some(0));
    for text in ["config.json", "--config <FILE>", "ARI_PROXY_BUS_CONFIG__URL", "Exit status"] {
        assert!(help.stdout.contains(text), "{text}:\n{}", help.stdout);
    }
    let version = Binary::new().args(["--version"]).run();
    assert_eq!(version.stdout, format!("ari-proxy {}\n", env!("CARGO_PKG_VERSION")));
    #[cfg(feature = "demo")]
    {
        let demo = Binary::new().args(["demo", "--help"]).run();
        for text in ["--pace", "simulated Asterisk", "Exit status", "RUST_LOG"] {
            assert!(demo.stdout.contains(text), "{text}:\n{}", demo.stdout);
        }
    }
}

/// Runs the binary on a configuration that it refuses; returns the one line that it says.
fn refusal(json: &Value, variable: Option<(&str, &str)>) -> (String, String) {
    let file = write(&json.to_string());
    let path = file.path().to_str().unwrap().to_owned();
    let mut binary = Binary::new().args(["--config", &path]);
    if let Some((name, value)) = variable {
        binary = binary.env(name, value);
    }
    let ran = binary.run();
    assert_eq!(ran.code, Some(BAD_CONFIG), "{ran:?}");
    assert_eq!((ran.stderr.lines().count(), &*ran.stdout), (1, ""), "{ran:?}");
    (ran.stderr, path)
}

#[test]
fn a_bad_configuration_is_told_in_one_line() {
    let seed = json!({
        "origin": "http://foo.com", "server_id": "bar", "applications": ["foo"],
        "websocket_url": "ws://localhost:8080/ari/events", "stasis_url": "http://localhost:8080/ari",
        "ws_user": "user", "ws_password": "secret", "message_bus": "RABBITMQ|NATS",
        "bus_config": { "url": "", "queue": "" },
    });
    let (line, path) = refusal(&seed, None);
    assert!(line.contains(&path) && line.contains(r#"message_bus: "RABBITMQ|NATS""#), "{line}");

    for (key, value, problem) in [
        ("mesage_bus", json!("NATS"), "mesage_bus: is not a key"),
        ("server_id", json!(7), "server_id: is a number, expected a string"),
        ("applications", json!(["a b"]), r#"applications[0]: "a b" holds a space"#),
        ("bus_config", json!({ "url": "amqp://me:hunter2@x" }), "bus_config.url: must begin with nats://"),
        ("dialog", json!({ "linger": "soon" }), r#"dialog.linger: "soon" is no duration"#),
        ("ws_password", json!(83_749_211), "ws_password: is a number, expected a string"),
        ("bus_config", json!("nats://me:hunter2@x"), "bus_config: is a string, expected an object"),
        ("bus_config", json!({ "url": "nats://" }), "bus_config.url: server 1 of the NATS URL is not"),
        ("bus_config", json!({ "url": "nats:hunter2" }), "bus_config.url: must begin with nats://"),
        (
            "bus_config",
            json!({ "prefix": "amq." }),
            r#"bus_config.prefix: makes a topic that cannot be used: "amq.foo""#,
        ),
        ("log", json!("foo=bar=baz"), r#"log: "foo=bar=baz" is neither a level"#),
        ("log", json!("loud"), r#"log: "loud" is neither a level"#),
        ("two\nlines", json!(1), r"two\nlines: is not a key"),
        ("websocket_url", json!("ws://localhost:8080/ari/events#x"), "websocket_url: must not hold a #"),
    ] {
        let mut config = seed.clone();
        config["message_bus"] = "NATS".into();
        config[key] = value;
        let (line, path) = refusal(&config, None);
        assert!(line.contains(&path) && line.contains(problem), "{line}");
        assert!(!line.contains("hunter2") && !line.contains("83749211"), "{line}");
    }
    // Only the bus itself finds this one.
    let mut config = config(1, 2);
    config["message_bus"] = "RABBITMQ".into();
    config["bus_config"]["url"] = "amqp://me:hunter2@x/?heartbeat=often".into();
    let (line, path) = refusal(&config, None);
    let said = format!("ari-proxy: {path}: bus_config.url: the RabbitMQ URL cannot be read");
    assert!(line.starts_with(&said) && !line.contains("hunter2"), "{line}");
    assert_eq!(line.matches("cannot be read").count(), 1, "{line}");
}

#[test]
fn a_bad_variable_is_named_as_such() {
    for (name, value, problem) in [
        ("ARI_PROXY_BUS_CONFIG__URL", "http://hunter2@x", "bus_config.url: must begin"),
        ("ARI_PROXY_BUS_CONFIG__URL", "nats:hunter2", "bus_config.url: "),
        ("ARI_PROXY_BUS_CONFIG", "nats://me:hunter2@x", "bus_config: is a string, expected an object"),
        ("ARI_PROXY_WS_PASSWORD__X", "hunter2", "ws_password: is a string already"),
        ("ARI_PROXY_APPLICATIONS", "foo,amq.x", r#"applications[1]: "amq.x" begins with"#),
        ("ARI_PROXY_LOG", "loud", r#"log: "loud" is neither"#),
    ] {
        let (line, _) = refusal(&config(1, 2), Some((name, value)));
        assert!(line.contains(&format!("environment variable {name}: {problem}")), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
    // What stands in the file is not replaced without a word.
    let mut config = config(1, 2);
    config["bus_config"] = json!("nats://me:hunter2@x");
    let (line, _) = refusal(&config, Some(("ARI_PROXY_BUS_CONFIG__QUEUE", "pool")));
    let problem = "bus_config: is a string already";
    assert!(line.contains(&format!("environment variable ARI_PROXY_BUS_CONFIG__QUEUE: {problem}")), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let ran = Binary::new().args(["--config", "no/such/config.json"]).run();
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(BAD_CONFIG), 1), "{ran:?}");
    assert!(ran.stderr.contains("no/such/config.json"), "{ran:?}");

    // What a newcomer meets first: no config.json in this folder.
    let ran = Binary::new().run();
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(BAD_CONFIG), 1), "{ran:?}");
    assert!(ran.stderr.contains("config.json.example"), "{ran:?}");

    // It is there, but no file: an example would not help.
    let ran = Binary::new().args(["--config", "/"]).run();
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(BAD_CONFIG), 1), "{ran:?}");
    assert!(!ran.stderr.contains("config.json.example"), "{ran:?}");

    let file = write("{\"origin\":\n nonsense}");
    let path = file.path().to_str().unwrap();
    let ran = Binary::new().args(["--config", path]).run();
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(BAD_CONFIG), 1), "{ran:?}");
    assert!(ran.stderr.contains(path) && ran.stderr.contains("line 2"), "{ran:?}");
}

#[test]
fn a_proxy_without_its_servers_says_so_once_and_stops_when_told() {
    let bus = free_port();
    let file = write(&config(bus, free_port()).to_string());
    let mut proxy = Binary::new().args(["--config", file.path().to_str().unwrap()]).start();
    proxy.wait_for_line(&format!("127.0.0.1:{bus}"));
    once(&proxy.warnings_after(SEVERAL_ATTEMPTS), "the bus is away");
    assert_eq!(proxy.code_now(), None, "it keeps trying");
    stops_promptly(proxy);
}

#[test]
fn a_proxy_without_an_asterisk_says_so_once_and_stops_when_told() {
    let broker = SmallBroker::start();
    let file = write(&config(broker.port(), free_port()).to_string());
    let mut proxy = Binary::new().args(["--config", file.path().to_str().unwrap()]).start();
    proxy.wait_for_line("connected to the bus");
    proxy.wait_for_line("cannot connect to Asterisk");
    once(&proxy.warnings_after(SEVERAL_ATTEMPTS), "cannot connect to Asterisk");
    assert_eq!(proxy.code_now(), None, "it keeps trying");
    stops_promptly(proxy);
}

#[test]
fn a_log_that_nobody_takes_stops_nothing() {
    let broker = SmallBroker::start();
    let (asterisk, connections) = deaf_asterisk();
    let file = write(&config(broker.port(), asterisk).to_string());
    let path = file.path().to_str().unwrap();
    let proxy = Binary::new().args(["--config", path]).start_without_stderr();
    // Between two attempts to connect it has logged that the first one failed.
    for _ in 0..2 {
        connections.recv_timeout(PATIENCE).unwrap();
    }
    stops_promptly(proxy);
    let refused = Binary::new().args(["--config", "no/such/config.json"]).without_stderr().run();
    assert_eq!(refused.code, Some(BAD_CONFIG), "{refused:?}");
}

/// Exactly one warning says this, and no other is said twice.
fn once(warnings: &[String], text: &str) {
    assert_eq!(warnings.iter().filter(|warning| warning.contains(text)).count(), 1, "{warnings:#?}");
    let different: HashSet<_> = warnings.iter().collect();
    assert_eq!(different.len(), warnings.len(), "{warnings:#?}");
}

fn stops_promptly(proxy: Running) {
    let told = Instant::now();
    let (code, log) = proxy.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(told.elapsed() < PATIENCE / 5, "it took {:?}:\n{log}", told.elapsed());
}
