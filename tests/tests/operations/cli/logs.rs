//! Each line of the log that a person gets is in docs/operations.md, at its level, and the table has no other.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ari_tests::wait::ok;

/// The top of the workspace.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The sources of a folder and of those below it, without tests and the demo.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in ok(fs::read_dir(folder)) {
        let path = ok(entry).path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "demo" {
            sources(&path, found);
        } else if name.ends_with(".rs") && !["tests.rs", "testing.rs"].contains(&&*name) {
            found.push(path);
        }
    }
}

/// The last string of a macro's arguments, which begin here: the line that is logged, with `…` for each value in it.
fn message(arguments: &str) -> String {
    let (mut depth, mut last, mut rest) = (1, "", arguments);
    while depth > 0 {
        let at = rest.find(['"', '(', ')', '[', ']', '{', '}']);
        let at = at.unwrap_or_else(|| panic!("the arguments do not end: {arguments}"));
        let (sign, behind) = (&rest[at..=at], &rest[at + 1..]);
        rest = behind;
        match sign {
            "(" | "[" | "{" => depth += 1,
            "\"" => {
                let mut escaped = false;
                let is_end = |c: char| {
                    let end = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    end
                };
                let end = behind.find(is_end).unwrap_or_else(|| panic!("a string does not end: {behind}"));
                if depth == 1 {
                    last = &behind[..end];
                }
                rest = &behind[end + 1..];
            }
            _ => depth -= 1,
        }
    }
    let mut line = String::new();
    for (number, part) in last.split("\\\n").enumerate() {
        line.push_str(if number == 0 { part } else { part.trim_start() });
    }
    let mut shown = String::new();
    for (number, part) in line.split('{').enumerate() {
        match part.split_once('}') {
            Some((_, behind)) if number > 0 => shown.push_str(&format!("…{behind}")),
            _ => shown.push_str(part),
        }
    }
    shown
}

/// Each line that the code logs at these levels, with its level.
fn logged() -> BTreeMap<String, &'static str> {
    let mut files = Vec::new();
    for folder in ["proxy/src", "bus/src"] {
        sources(&top().join(folder), &mut files);
    }
    let mut lines = BTreeMap::new();
    for file in files {
        let text = ok(fs::read_to_string(&file));
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for level in ["info", "warn", "error"] {
            let call = format!("{level}!(");
            for (at, _) in code.match_indices(&call) {
                let before = code[..at].chars().next_back();
                if before.is_none_or(|c| !c.is_alphanumeric() && c != '_') {
                    lines.insert(message(&code[at + call.len()..]), level);
                }
            }
        }
    }
    // What is wrong with the configuration has words of its own.
    lines.remove("…");
    lines
}

/// Each line that the table has, with its level.
fn documented() -> BTreeMap<String, String> {
    let text = ok(fs::read_to_string(top().join("docs/operations.md")));
    let Some((_, log)) = text.split_once("\n## The log\n") else { panic!("docs/operations.md has no log") };
    let rows = log.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let clean = |line: &str| match line.strip_prefix("` ").and_then(|line| line.strip_suffix(" `")) {
        Some(quoted) => quoted.to_owned(),
        None => line.to_owned(),
    };
    rows.map(|(line, rest)| (clean(line), rest.split(" | ").next().unwrap_or_default().to_owned())).collect()
}

#[test]
fn the_table_of_the_log_is_whole() {
    let (logged, documented) = (logged(), documented());
    assert!(logged.len() > 50, "the code is not read: {logged:#?}");
    let missing: Vec<_> = logged
        .iter()
        .filter(|(line, level)| documented.get(*line).map(String::as_str) != Some(**level))
        .collect();
    assert!(missing.is_empty(), "docs/operations.md lacks, or has at another level: {missing:#?}");
    let extra: Vec<_> = documented.keys().filter(|line| !logged.contains_key(*line)).collect();
    assert!(extra.is_empty(), "docs/operations.md has lines that no code logs: {extra:#?}");
}

#[test]
fn a_message_is_read_as_it_is_logged() {
    assert_eq!(message(r#"a = ?b("no"), "one {x} and \"two\" {}", y); "other""#), "one … and \\\"two\\\" …");
    assert_eq!(message("\"one \\\n   two\")"), "one two");
}
