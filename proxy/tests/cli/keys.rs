//! The keys that say how calls are kept, and what becomes of a call that nobody takes: from the file, from the environment,
//! and what a wrong word is told.

use serde_json::{Value, json};

use super::{
    refusal, stops_promptly,
    support::{Binary, config, free_port, write},
};

/// Each key with a value that cannot be used, what is said of it, its variable, and one that can.
const KEYS: [(&str, &str, &str, &str, &str); 9] = [
    ("dialog.lease", "soon", r#""soon" is no duration such as "500ms""#, "ARI_PROXY_DIALOG__LEASE", "3s"),
    (
        "dialog.outage_patience",
        "never",
        r#""never" is no duration such as"#,
        "ARI_PROXY_DIALOG__OUTAGE_PATIENCE",
        "1m",
    ),
    (
        "dialog.v1_orphans",
        "keep",
        r#""keep" is none of offer, continue, leave"#,
        "ARI_PROXY_DIALOG__V1_ORPHANS",
        "offer",
    ),
    (
        "dialog.unanswered.action",
        "ring",
        r#""ring" is none of continue, hangup, move"#,
        "ARI_PROXY_DIALOG__UNANSWERED__ACTION",
        "hangup",
    ),
    (
        "dialog.unanswered.cause",
        "0",
        "is no whole number between 1 and 127",
        "ARI_PROXY_DIALOG__UNANSWERED__CAUSE",
        "17",
    ),
    (
        "bus_config.tls.ca",
        "no/such",
        "cannot read no/such: there is no such file",
        "ARI_PROXY_BUS_CONFIG__TLS__CA",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/authority.pem"),
    ),
    (
        "bus_config.login.external",
        "perhaps",
        "is neither true nor false",
        "ARI_PROXY_BUS_CONFIG__LOGIN__EXTERNAL",
        "false",
    ),
    (
        "bus_config.login.token_file",
        "no/such",
        "cannot read no/such: there is no such file",
        "ARI_PROXY_BUS_CONFIG__LOGIN__TOKEN_FILE",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ),
    (
        "bus_config.topology",
        "mixed",
        r#""mixed" is none of dedicated, shared"#,
        "ARI_PROXY_BUS_CONFIG__TOPOLOGY",
        "shared",
    ),
];

/// Puts a value where a key with dots says.
fn set(config: &mut Value, key: &str, value: Value) {
    *key.split('.').fold(config, |object, name| &mut object[name]) = value;
}

/// A configuration in which what surrounds these keys is right.
fn around() -> Value {
    let mut config = config(free_port(), free_port());
    config["dialog"] = json!({ "unanswered": { "action": "hangup" } });
    config
}

#[test]
fn a_wrong_word_is_told_in_one_line_wherever_it_stands() {
    for (key, wrong, problem, variable, _) in KEYS {
        let mut config = around();
        set(&mut config, key, wrong.into());
        let (line, path) = refusal(&config, None);
        assert!(line.contains(&format!("{path}: {key}: {problem}")), "{line}");
        let (line, _) = refusal(&around(), Some((variable, wrong)));
        assert!(line.contains(&format!("environment variable {variable}: {key}: {problem}")), "{line}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let mut config = around();
    let mut binary = Binary::new();
    for (key, wrong, _, variable, right) in KEYS {
        set(&mut config, key, wrong.into());
        binary = binary.env(variable, right);
    }
    let file = write(&config.to_string());
    let mut proxy = binary.args(["--config", file.path().to_str().unwrap()]).start();
    proxy.wait_for_line("the bus is away");
    stops_promptly(proxy);
}

#[test]
fn the_readmes_example_can_be_used() {
    let readme = include_str!("../../../README.md");
    let blocks = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let example = blocks.filter(|block| block.contains("unanswered")).map(|block| {
        let Value::Object(example) = serde_json::from_str(block).unwrap() else { panic!("{block}") };
        example
    });
    let mut examples = 0;
    for example in example {
        let mut config = config(free_port(), free_port());
        config.as_object_mut().unwrap().extend(example);
        let file = write(&config.to_string());
        let mut proxy = Binary::new().args(["--config", file.path().to_str().unwrap()]).start();
        proxy.wait_for_line("the bus is away");
        stops_promptly(proxy);
        examples += 1;
    }
    assert_eq!(examples, 1);
}

#[test]
fn what_becomes_of_a_call_that_nobody_takes_is_checked() {
    let nested = |depth: usize| {
        (1..depth).fold(json!({"action": "continue"}), |then, _| json!({"action": "continue", "then": then}))
    };
    let twice = json!({"action": "move", "application": "b",
        "then": {"action": "move", "application": "c", "then": {"action": "move", "application": "b"}}});
    for (unanswered, problem) in [
        (json!("hangup"), ": is a string, expected an object"),
        (json!({}), ".action: is missing"),
        (json!({"action": 7}), ".action: "),
        (json!({"action": "nats://me:hunter2@x"}), ".action: is a URL"),
        (json!({"action": "continue", "contxt": "x"}), ".contxt: is not a key"),
        (json!({"action": "continue", "context": ""}), ".context: is empty"),
        (json!({"action": "continue", "extension": "x".repeat(80)}), ".extension: is longer than 79 bytes"),
        (json!({"action": "continue", "label": "a\nb"}), ".label: holds a control character"),
        (json!({"action": "continue", "priority": 0}), ".priority: is no whole number between 1"),
        (json!({"action": "continue", "priority": 1.5}), ".priority: is no whole number between 1"),
        (json!({"action": "continue", "priority": 1, "label": "x"}), ": priority and label are both there"),
        (json!({"action": "continue", "reason": "busy"}), r#": reason says nothing about "continue""#),
        (json!({"action": "hangup", "reason": "bored"}), r#".reason: "bored" is none of normal, busy, "#),
        (json!({"action": "hangup", "reason": "busy", "cause": 17}), ": reason and cause are both there"),
        (json!({"action": "hangup", "cause": 128}), ".cause: is no whole number between 1 and 127"),
        (json!({"action": "move"}), ": application is missing: where to move calls"),
        (json!({"action": "move", "application": "a b"}), r#".application: "a b" holds a space"#),
        (json!({"action": "move", "application": "nats://me:hunter2@x"}), ".application: is a URL"),
        (json!({"action": "move", "application": "b", "args": "x".repeat(501)}), ".args: is longer than 500"),
        // The proxy serves `foo`, and nothing else.
        (json!({"action": "move", "application": "foo"}), r#".application: "foo" is this proxy's only"#),
        (twice, r#".then.then.application: "b" stands there twice"#),
        (
            json!({"action": "move", "application": "b", "then": {"action": "dance"}}),
            r#".then.action: "dance" is"#,
        ),
        (nested(5), ": has more than 4 steps"),
        (nested(100), "has more than 4 steps"),
    ] {
        let mut config = config(1, 2);
        config["dialog"] = json!({ "unanswered": unanswered });
        let (line, path) = refusal(&config, None);
        assert!(line.contains(&format!("{path}: dialog.unanswered")) && line.contains(problem), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}
