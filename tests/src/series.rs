//! What a proxy tells Prometheus, read.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;

use crate::{operator::Operator, wait::ok};

/// A reading of all series.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<(String, Labels, f64)>);

/// The labels of one series.
pub type Labels = BTreeMap<String, String>;

impl Series {
    /// Reads what `/metrics` answers now, in the older text format.
    ///
    /// # Panics
    /// When nobody answers, or not in that format.
    pub async fn of(operator: &Operator) -> Self {
        Self::read(&text(operator, "").await.1)
    }

    /// Reads a text.
    ///
    /// # Panics
    /// When a line is none of the format.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).map(series).collect())
    }

    /// The sum of all series of a name whose labels have these values.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has =
            |of: &Labels| labels.iter().all(|(name, value)| of.get(*name).is_some_and(|is| is == value));
        self.0.iter().filter(|(is, of, _)| is == name && has(of)).map(|(_, _, value)| value).sum()
    }

    /// The values that a label has in the series of a name.
    #[must_use]
    pub fn values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let of_name = self.0.iter().filter(|(is, _, _)| is == name);
        of_name.filter_map(|(_, labels, _)| labels.get(label).cloned()).collect()
    }

    /// How many series there are.
    #[must_use]
    pub fn number(&self) -> usize {
        self.0.len()
    }
}

/// What `/metrics` answers to this header `Accept`: the type and the text.
///
/// # Panics
/// When nobody answers.
pub async fn text(operator: &Operator, accept: &str) -> (String, String) {
    let answer = ok(operator.request(Method::GET, "/metrics").header("accept", accept).send().await);
    assert_eq!(answer.status(), 200);
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    (kind.to_owned(), ok(answer.text().await))
}

/// `name{label="value",…} 1.5`.
fn series(line: &str) -> (String, Labels, f64) {
    let Some((series, value)) = line.rsplit_once(' ') else { panic!("no series: {line}") };
    let Ok(value) = value.parse() else { panic!("no number: {line}") };
    let Some((name, mut rest)) = series.split_once('{') else {
        return (series.to_owned(), Labels::new(), value);
    };
    let mut labels = Labels::new();
    while rest != "}" {
        let Some((label, after)) = rest.trim_start_matches(',').split_once("=\"") else {
            panic!("no label: {line}")
        };
        let mut end = 0;
        let mut escaped = false;
        for (at, letter) in after.char_indices() {
            end = at;
            if letter == '"' && !escaped {
                break;
            }
            escaped = letter == '\\' && !escaped;
        }
        let value = after[..end].replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
        labels.insert(label.to_owned(), value);
        rest = &after[end + 1..];
    }
    (name.to_owned(), labels, value)
}
