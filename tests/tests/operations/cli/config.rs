//! `config` and `completions`.

use ari_tests::{
    brokers::Kind,
    proxies::{Ari, config_json},
};
use serde_json::Value;

use super::run;

fn config() -> Value {
    let ari = Ari {
        websocket_url: "ws://127.0.0.1:8088/ari/events".to_owned(),
        rest_url: "http://127.0.0.1:8088/ari".to_owned(),
        user: "ari".to_owned(),
        password: "hunter2".to_owned(),
    };
    config_json(&ari, Kind::Nats, "nats://me:hunter2@bus:4222", "pbx-1", &["hello"])
}

#[tokio::test]
async fn it_says_what_each_key_came_to_and_shows_no_secret() {
    let (status, table) = run(&config(), &["config"]).await;
    assert_eq!(status, Some(0), "{table}");
    let line = |key: &str| {
        let found = table.lines().find(|line| line.split_whitespace().next() == Some(key));
        found.unwrap_or_else(|| panic!("no {key} in {table}")).split_whitespace().skip(1).collect::<Vec<_>>()
    };
    assert_eq!(line("server_id")[0], r#""pbx-1""#);
    assert_eq!(line("ws_password")[0], r#""***""#);
    assert_eq!(line("bus_config.url")[0], r#""nats://***@bus:4222""#);
    assert_eq!(line("log"), [r#""info""#, "default"]);
    assert!(!table.contains("hunter2"), "{table}");

    let (status, json) = run(&config(), &["config", "--json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, json["dialog.lease"]["value"].as_str()), (Some(0), Some("2s")));
    assert!(!json.to_string().contains("hunter2"), "{json}");
}

#[tokio::test]
async fn a_bad_one_is_one_line_and_status_64() {
    let mut bad = config();
    bad["dialog"]["lease"] = "soon".into();
    for command in [&["config"][..], &["check"], &[]] {
        let (status, said) = run(&bad, command).await;
        assert_eq!((status, said.lines().count()), (Some(64), 1), "{said}");
        assert!(said.contains("dialog.lease: \"soon\" is no duration"), "{said}");
    }
    let (status, said) = run(&config(), &["--take-over", "config"]).await;
    assert_eq!(status, Some(2), "{said}");
}

#[tokio::test]
async fn each_shell_can_complete_each_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (status, script) = run(&config(), &["completions", shell]).await;
        assert_eq!(status, Some(0), "{script}");
        for command in ["config", "check", "watch", "send", "log", "take-over"] {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
    }
}
