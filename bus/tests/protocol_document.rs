//! `docs/protocol.md` is the frozen text of the protocol: every example in it is read by our types, and written by them
//! again without a field lost or added.

use std::{collections::BTreeSet, fs, path::PathBuf};

use ari_bus::protocol::{
    AppStart, AttachReply, CommandResponse, Control, Event, FixedControl, HeartbeatReply, Incoming,
    OpenReply, parse_incoming,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What the document must have examples of, and how many: one for each form at least.
const KINDS: [(&str, usize); 16] = [
    ("AppStart", 3),
    ("Event", 3),
    ("ProxyEnded", 1),
    ("ProxyGone", 1),
    ("ProxyGap", 1),
    ("CommandResponse", 6),
    ("Command", 3),
    ("accept", 1),
    ("decline", 1),
    ("ack", 1),
    ("resend", 1),
    ("save", 1),
    ("release", 1),
    ("heartbeat", 1),
    ("attach", 1),
    ("open", 1),
];

/// The messages whose reply must be shown.
const REPLIES: [&str; 3] = ["heartbeat", "attach", "open"];

/// A fenced block, with what its opening line says.
struct Example {
    line: usize,
    message: String,
    reply: Option<String>,
    json: Value,
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every block of JSON in the document.
fn examples() -> Vec<Example> {
    let document = read("docs/protocol.md");
    let mut examples = Vec::new();
    let mut lines = document.lines().zip(1..);
    while let Some((opening, line)) = lines.next() {
        let Some(tags) = opening.strip_prefix("```json") else { continue };
        let text: Vec<&str> =
            lines.by_ref().map(|(line, _)| line).take_while(|line| !line.starts_with("```")).collect();
        let json = serde_json::from_str(&text.join("\n"))
            .unwrap_or_else(|error| panic!("line {line}: not JSON: {error}"));
        let tag =
            |name: &str| tags.split_whitespace().find_map(|tag| tag.strip_prefix(name)).map(str::to_owned);
        let message = tag("message=").unwrap_or_else(|| panic!("line {line}: a block without `message=`"));
        examples.push(Example { line, message, reply: tag("reply="), json });
    }
    examples
}

/// What a type makes of a value.
fn through<T: DeserializeOwned + Serialize>(value: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(value)?)
}

/// What our types make of an example.
fn read_and_written(example: &Example) -> Result<Value, String> {
    let text = example.json.to_string();
    let written = match example.message.as_str() {
        "AppStart" => through::<AppStart>(&example.json),
        "Event" | "ProxyEnded" | "ProxyGone" | "ProxyGap" => {
            serde_json::from_str::<Event<'_>>(&text).and_then(serde_json::to_value)
        }
        "CommandResponse" => serde_json::from_str::<CommandResponse>(&text).and_then(serde_json::to_value),
        "Command" => match parse_incoming(text.as_bytes()) {
            Incoming::Command(command) => serde_json::to_value(command),
            other => return Err(format!("{other:?}")),
        },
        "heartbeat" | "attach" | "open" => through::<FixedControl>(&example.json),
        word => match parse_incoming(text.as_bytes()) {
            Incoming::Control(Control::Other { .. }) => return Err("a word without a type".to_owned()),
            Incoming::Control(control) if control.word() == word => {
                serde_json::from_slice(&control.to_json())
            }
            other => return Err(format!("{other:?}")),
        },
    };
    written.map_err(|error| error.to_string())
}

/// An example as our types write it: what may be left out says its default, an object as a command's body is its text.
fn as_written(example: &Example) -> Value {
    let mut json = example.json.clone();
    match example.message.as_str() {
        "Command" => {
            if json.get("unique_id").is_none() {
                json["unique_id"] = json!("");
            }
            if json["body"].is_object() {
                json["body"] = json!(json["body"].to_string());
            }
        }
        "accept" | "attach" | "open" if json.get("bodies").is_none() => json["bodies"] = json!("string"),
        _ => {}
    }
    json
}

#[test]
fn every_example_survives_our_types() {
    for example in examples() {
        let at = format!("line {}: {}", example.line, example.message);
        let written = read_and_written(&example).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(written, as_written(&example), "{at}");
    }
}

#[test]
fn every_message_has_its_examples() {
    let examples = examples();
    let known: BTreeSet<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    for example in &examples {
        assert!(
            known.contains(&*example.message),
            "line {}: {} is no message",
            example.line,
            example.message
        );
    }
    for (kind, least) in KINDS {
        let there =
            examples.iter().filter(|example| example.message == kind && example.reply.is_none()).count();
        assert!(there >= least, "{kind}: {there} examples of {least} forms");
    }
    for word in REPLIES {
        assert!(examples.iter().any(|example| example.reply.as_deref() == Some(word)), "no reply to {word}");
    }
}

#[test]
fn every_optional_field_is_shown() {
    let examples = examples();
    for (message, fields) in [
        ("AppStart", &["start", "resume", "objects", "context", "unanswered"][..]),
        ("Event", &["ari_body", "ari", "seq", "synthetic"]),
        ("CommandResponse", &["response_body", "response", "encoding", "part", "parts"]),
        ("Command", &["unique_id", "body", "cmd_seq"]),
        ("accept", &["unique_id", "worker_id", "bodies"]),
        ("decline", &["unique_id", "responses", "reason"]),
        ("save", &["ack", "unique_id"]),
        ("attach", &["context", "bodies"]),
    ] {
        for field in fields {
            let shows = |example: &Example| example.message == message && example.json.get(field).is_some();
            assert!(examples.iter().any(shows), "no {message} with `{field}`");
        }
    }
    let has_body = |is: fn(&Value) -> bool| {
        examples.iter().any(|example| example.message == "Command" && is(&example.json["body"]))
    };
    assert!(has_body(Value::is_string) && has_body(Value::is_object), "a command's body has two forms");
}

#[test]
fn what_stands_in_strings_is_as_it_should_be() {
    for example in examples() {
        let at = format!("line {}: {}", example.line, example.message);
        let inner = |field: &str| {
            let text = example.json[field].as_str()?;
            let value: Value =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{at}: {field}: {error}"));
            Some(value)
        };
        if let Some(start) = inner("start") {
            assert_eq!(start["type"], "StasisStart", "{at}");
        }
        if let Some(ari) = inner("ari_body").or_else(|| example.json.get("ari").cloned()) {
            assert_eq!(ari["type"], example.json["type"], "{at}");
        }
        let Some(word) = &example.reply else { continue };
        let reply = inner("response_body").unwrap_or_default();
        let written = match word.as_str() {
            "heartbeat" => through::<HeartbeatReply>(&reply),
            "attach" => through::<AttachReply>(&reply),
            "open" => through::<OpenReply>(&reply),
            _ => panic!("{at}: nothing replies to {word}"),
        };
        assert_eq!(written.ok(), Some(reply), "{at}");
    }
}

#[test]
fn a_field_that_a_type_does_not_have_would_be_noticed() {
    let json = json!({ "application": "a", "dialog_id": "d", "server_id": "s", "new": 1 });
    let example = Example { line: 0, message: "AppStart".to_owned(), reply: None, json };
    assert_ne!(read_and_written(&example), Ok(as_written(&example)));
}

#[test]
fn the_programs_in_the_document_are_those_beside_the_sdk() {
    let document = read("docs/protocol.md");
    for name in ["nats_worker.py", "rabbitmq_worker.py"] {
        let program = read(&format!("client-sdk/examples/python/{name}"));
        assert!(document.contains(&format!("```python\n{program}```")), "{name} differs");
    }
}
