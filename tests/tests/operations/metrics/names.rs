//! Names: those of the code, of the documentation, of the board, and of ARI.

use std::{collections::BTreeSet, fs, path::PathBuf};

use ari_proxy::metrics::{EVENT_TYPES, Kind, Label, Metric, OPERATIONS, PREFIX};
use ari_tests::wait::ok;
use serde_json::Value;

/// Every series has it.
const SERVER_ID: &str = "server_id";

fn file(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    ok(fs::read_to_string(root.join(path)))
}

/// The metric that has a series of this name.
fn metric_of(series: &str) -> Option<Metric> {
    let is_it = |metric: &Metric| {
        let name = metric.name();
        match series.strip_prefix(&name) {
            Some("") => metric.definition().kind != Kind::Histogram,
            Some("_bucket" | "_sum" | "_count") => metric.definition().kind == Kind::Histogram,
            _ => false,
        }
    };
    Metric::ALL.iter().copied().find(is_it)
}

fn labels(metric: Metric) -> BTreeSet<&'static str> {
    metric.definition().labels.iter().map(|label| label.name()).collect()
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Every word of a text that looks like a metric's name.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|letter| !is_of_name(letter)).filter(|word| word.starts_with(&format!("{PREFIX}_"))).collect()
}

#[test]
fn the_documentation_has_each_metric_with_its_labels_and_no_other() {
    let docs = file("docs/metrics.md");
    let rows: Vec<Vec<&str>> = docs
        .lines()
        .filter(|line| line.starts_with(&format!("| `{PREFIX}_")))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    for metric in Metric::ALL {
        let name = format!("`{}`", metric.name());
        let row: Vec<_> = rows.iter().filter(|row| row[0] == name).collect();
        assert_eq!(row.len(), 1, "{name} has {} rows in docs/metrics.md", row.len());
        let told: BTreeSet<&str> = row[0][1]
            .split(',')
            .map(|label| label.trim().trim_matches('`'))
            .filter(|label| !label.is_empty())
            .collect();
        assert_eq!(told, labels(*metric), "the labels of {name}");
        assert!(
            row[0].len() == 4 && row[0][2..].iter().all(|cell| cell.len() > 3),
            "{name}: what does it mean, what is to be done?"
        );
    }
    assert_eq!(rows.len(), Metric::ALL.len(), "a row of docs/metrics.md is of no metric");
    for path in ["docs/metrics.md", "docs/http.md", "docs/architecture.md", "README.md"] {
        let text = file(path);
        for name in names(&text) {
            let exists = metric_of(name).is_some() || Metric::ALL.iter().any(|metric| metric.name() == name);
            assert!(exists, "{path} speaks of {name}, which does not exist");
        }
    }
}

#[test]
fn the_documentation_tells_each_value_of_each_label() {
    let docs = file("docs/metrics.md");
    for label in [Label::Outcome, Label::Loss, Label::State, Label::Process] {
        for value in label.values() {
            assert!(
                docs.contains(&format!("`{value}`")),
                "docs/metrics.md does not tell {}=\"{value}\"",
                label.name()
            );
        }
    }
}

/// Those that nobody needs to look at all the time.
const NOT_ON_THE_BOARD: &[&str] = &["ari_proxy_broken_frames_total", "ari_proxy_mail_waiting"];

#[test]
fn the_board_asks_for_what_there_is_and_for_all_that_matters() {
    let board: Value = ok(serde_json::from_str(&file("deploy/grafana/ari-proxy.json")));
    let mut questions = Vec::new();
    collect(&board, "expr", &mut questions);
    collect(&board, "query", &mut questions);
    assert!(questions.len() > 20, "the board asks {} questions", questions.len());
    let mut asked = BTreeSet::new();
    for question in &questions {
        let here: Vec<Metric> = names(question)
            .into_iter()
            .map(|name| {
                metric_of(name)
                    .unwrap_or_else(|| panic!("the board asks for {name}, which does not exist: {question}"))
            })
            .collect();
        for label in labels_in(question) {
            let known = here
                .iter()
                .any(|metric| labels(*metric).contains(&*label) || label == SERVER_ID || label == "le");
            assert!(known, "the board asks for the label {label}, which none of its metrics has: {question}");
        }
        asked.extend(here.iter().map(|metric| metric.name()));
    }
    for metric in Metric::ALL {
        let name = metric.name();
        assert_ne!(
            asked.contains(&name),
            NOT_ON_THE_BOARD.contains(&&*name),
            "{name}: on the board, or listed as not there?"
        );
    }
}

/// Every text under a key, however deep.
fn collect(value: &Value, key: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == key && text.contains(PREFIX) => into.push(text.clone()),
                    _ => collect(value, key, into),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, key, into)),
        _ => {}
    }
}

/// The labels that a question names: in braces, and behind `by`.
fn labels_in(question: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in question.split('{').skip(1) {
        let selectors = part.split('}').next().unwrap_or_default();
        for selector in selectors.split(',') {
            let label: String = selector.trim().chars().take_while(|letter| is_of_name(*letter)).collect();
            found.extend(Some(label).filter(|label| !label.is_empty()));
        }
    }
    for part in question.split("by (").skip(1) {
        let labels = part.split(')').next().unwrap_or_default();
        found.extend(labels.split(',').map(|label| label.trim().to_owned()));
    }
    if let Some(values) = question.strip_prefix("label_values(") {
        found.extend(values.trim_end_matches(')').split(',').nth(1).map(|label| label.trim().to_owned()));
    }
    found
}

/// The lists in the proxy are those of Asterisk's description.
#[test]
fn types_and_operations_are_those_of_asterisk() {
    let described = file("client-sdk/src/ari/described.txt");
    let types: BTreeSet<&str> =
        described.lines().filter_map(|line| line.strip_prefix("model ")?.strip_suffix(": event")).collect();
    let ours: BTreeSet<&str> = EVENT_TYPES.into_iter().collect();
    assert_eq!(ours, types);
    let operation = |line: &'_ str| -> Option<String> {
        let (_, what) = line.strip_prefix("operation ")?.split_once(": ")?;
        let (what, _) = what.split_once(" -> ")?;
        what.contains(" /").then(|| what.to_owned())
    };
    let operations: BTreeSet<String> = described.lines().filter_map(operation).collect();
    assert_eq!(OPERATIONS.map(str::to_owned).into_iter().collect::<BTreeSet<_>>(), operations);
}
