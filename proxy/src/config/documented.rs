//! What the documentation says of the configuration is what is read: its examples, and the table of the event stream's keys.

use std::{collections::BTreeSet, fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::{Map, Value, json};

use super::{Config, StreamConfig, load};

/// Where they stand. Of the blocks of `json` those count that say nothing behind that word.
const PAGES: [&str; 6] =
    ["README.md", "docs/dial-in.md", "docs/http.md", "docs/policy.md", "docs/stream.md", "docs/tls.md"];

/// The folder that the examples keep their files in.
const FOLDER: &str = "/etc/ari-proxy";

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap()
}

fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```json\n").skip(1);
    blocks.filter_map(|block| block.split("```").next().map(str::to_owned)).collect()
}

/// A folder with the files that an example names.
fn furnish(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    for name in ["ca.pem", "server.pem"] {
        fs::write(folder.join(name), &certificate).unwrap();
    }
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
    fs::write(folder.join("proxy.creds"), "what it is the bus will say").unwrap();
}

/// The smallest configuration with what an example says in its place.
fn with_example(example: &str) -> Value {
    // Some show a few keys alone.
    let whole =
        if example.trim_start().starts_with('{') { example.to_owned() } else { format!("{{{example}}}") };
    let example: Map<String, Value> = serde_json::from_str(&whole).unwrap();
    let mut config: Map<String, Value> = serde_json::from_str(&page("config.json.example")).unwrap();
    if example.contains_key("websocket_listen") {
        config.retain(|key, _| {
            !matches!(&**key, "server_id" | "websocket_url" | "stasis_url") && !key.starts_with("ws_")
        });
    }
    config.extend(example);
    config.into()
}

#[test]
fn each_example_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let mut taken = 0;
    for name in PAGES {
        for example in blocks(&page(name)) {
            let example = example.replace(FOLDER, &folder.path().to_string_lossy());
            let file = folder.path().join("config.json");
            fs::write(&file, with_example(&example).to_string()).unwrap();
            load(&file).unwrap_or_else(|error| panic!("{name}: {error}:\n{example}"));
            taken += 1;
        }
    }
    assert!(taken >= PAGES.len(), "one of each page: {taken}");
}

/// The keys that a section has, from what it says of one that it has not.
fn keys_of(section: &str, with: &Value) -> Vec<String> {
    let mut with = with.clone();
    with["no such key"] = json!(1);
    let error = match section {
        "stream" => serde_json::from_value::<StreamConfig>(with).unwrap_err(),
        below => serde_json::from_value::<StreamConfig>(json!({ below: with })).unwrap_err(),
    };
    let error = error.to_string();
    let known = error.split_once("expected ").map(|(_, known)| known).unwrap_or_default();
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The cells of the table of keys, and the keys of each row in full.
fn rows(page: &str) -> Vec<(Vec<String>, String, String)> {
    let table = page.lines().filter(|line| line.starts_with("| `stream."));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let mut keys = Vec::<String>::new();
        for key in cells[0].split('`').skip(1).step_by(2) {
            let parent = keys.last().and_then(|last| last.rsplit_once('.')).map_or("", |(parent, _)| parent);
            keys.push(if key.starts_with('.') { format!("{parent}{key}") } else { key.to_owned() });
        }
        (keys, cells[1].trim().trim_matches('`').to_owned(), cells[2].to_owned())
    };
    table.map(row).collect()
}

#[test]
fn the_table_of_the_stream_has_each_key_and_its_default() {
    let rows = rows(&page("docs/stream.md"));
    let said: BTreeSet<String> = rows.iter().flat_map(|(keys, ..)| keys.iter().cloned()).collect();
    let mut known: BTreeSet<String> = keys_of("stream", &json!({})).into_iter().collect();
    for (section, with) in [("ami", json!({"user": "u", "secret": "s"})), ("keys", json!({}))] {
        assert!(known.remove(section));
        known.extend(keys_of(section, &with).into_iter().map(|key| format!("{section}.{key}")));
    }
    assert_eq!(said, known.into_iter().map(|key| format!("stream.{key}")).collect());
    let (_, _, jetstream) = rows.iter().find(|(keys, ..)| keys[0] == "stream.jetstream").unwrap();
    for key in keys_of("jetstream", &json!({})) {
        assert!(jetstream.contains(&format!("`{key}`")), "{key}: {jetstream}");
    }

    let shown = |config: &StreamConfig| format!("{config:?}");
    let mut compared = 0;
    for (keys, default, _) in &rows {
        let key = keys[0].trim_start_matches("stream.");
        // What is no value is told in words.
        let value: Value = match serde_json::from_str(default) {
            Ok(value) => value,
            Err(_) if key == "preset" => default.as_str().into(),
            Err(_) => continue,
        };
        if !key.contains('.') {
            let config: StreamConfig = serde_json::from_value(json!({ key: value })).unwrap();
            assert_eq!(shown(&config), shown(&StreamConfig::default()), "{key}");
            compared += 1;
        }
    }
    assert!(compared > 6, "{compared} defaults");
}

/// The smallest file is one that a newcomer copies.
#[test]
fn the_example_file_is_taken() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config.json.example");
    let config: Config = load(&file).unwrap();
    assert!(config.stream.is_none() && config.http.is_none());
}
