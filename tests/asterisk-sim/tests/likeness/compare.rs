//! The differences between what was seen of the two.

use std::collections::{BTreeMap, BTreeSet};

use super::{shape::Shape, side::Seen};

/// What differs, one line each, and how much was compared.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) differences: Vec<String>,
    pub(crate) answers: usize,
    pub(crate) events: usize,
    pub(crate) orders: usize,
    pub(crate) keys: usize,
}

pub(crate) fn compare(script: &str, real: &Seen, fake: &Seen) -> Comparison {
    let mut found = Comparison::default();
    for (real, fake) in real.answers.iter().zip(&fake.answers) {
        found.answers += 1;
        let place = format!("{script} | {}", real.request);
        if real.status != fake.status {
            found.differences.push(format!("{place}: status {} real, {} fake", real.status, fake.status));
        }
        found.shapes(&place, &real.shape, &fake.shape);
    }
    for kind in names(real.events.keys(), fake.events.keys()) {
        let place = format!("{script} | {kind}");
        match (real.events.get(&kind), fake.events.get(&kind)) {
            (Some(real), Some(fake)) => {
                found.events += 1;
                found.variants(&place, real, fake);
            }
            (Some(_), None) => found.differences.push(format!("{place}: only real")),
            (None, _) => found.differences.push(format!("{place}: only fake")),
        }
    }
    for id in names(real.orders.keys(), fake.orders.keys()) {
        let order = |seen: &Seen| seen.orders.get(&id).map_or("nothing".to_owned(), |kinds| kinds.join(" "));
        let (real, fake) = (order(real), order(fake));
        found.orders += 1;
        if real != fake {
            found.differences.push(format!("{script} | order of {id}: real {real}, fake {fake}"));
        }
    }
    let missed = |seen: &Seen, side: &str| {
        let line = |what: &String| format!("{script} | {what}: awaited in vain on the {side} one");
        seen.missed.iter().map(line).collect::<Vec<_>>()
    };
    found.differences.extend(missed(real, "real"));
    found.differences.extend(missed(fake, "fake"));
    found
}

fn names<'a>(
    one: impl Iterator<Item = &'a String>,
    other: impl Iterator<Item = &'a String>,
) -> BTreeSet<String> {
    one.chain(other).cloned().collect()
}

impl Comparison {
    /// Events of one type may come in several shapes, with or without a key: each must be there on both sides.
    fn variants(&mut self, place: &str, real: &BTreeSet<Shape>, fake: &BTreeSet<Shape>) {
        let all = |variants: &BTreeSet<Shape>| variants.iter().flatten().cloned().collect::<Shape>();
        let (before, place) = (self.differences.len(), place.to_owned());
        self.shapes(&place, &all(real), &all(fake));
        if self.differences.len() > before {
            return;
        }
        // The keys are the same, but not all of them in the same events.
        let everywhere = |key: &String| real.union(fake).all(|variant| variant.contains(key));
        let brief = |variant: &Shape| {
            let keys: Vec<&str> = variant.iter().filter(|key| !everywhere(key)).map(String::as_str).collect();
            format!("[{}]", keys.join(", "))
        };
        let lines = |one: &BTreeSet<Shape>, other: &BTreeSet<Shape>, side: &str| {
            let only = one
                .difference(other)
                .map(|variant| format!("{place}: only {side} has one with {}", brief(variant)));
            only.collect::<Vec<_>>()
        };
        self.differences.extend(lines(real, fake, "real"));
        self.differences.extend(lines(fake, real, "fake"));
    }

    fn shapes(&mut self, place: &str, real: &Shape, fake: &Shape) {
        self.keys += real.union(fake).count();
        self.differences.extend(real.difference(fake).map(|key| format!("{place}: only real has {key}")));
        self.differences.extend(fake.difference(real).map(|key| format!("{place}: only fake has {key}")));
    }
}

#[test]
fn a_missing_field_a_wrong_type_and_a_wrong_order_are_seen() {
    use serde_json::json;

    use super::shape::shape;
    let seen = |event: serde_json::Value, order: &[&str]| {
        let mut seen = Seen::default();
        seen.events.entry("Dial".into()).or_default().insert(shape(&event));
        seen.orders.insert("c1".into(), order.iter().map(|kind| (*kind).to_owned()).collect());
        seen
    };
    let real = seen(json!({ "a": 1, "b": "x" }), &["A", "B"]);
    assert!(compare("s", &real, &seen(json!({ "a": 2, "b": "y" }), &["A", "B"])).differences.is_empty());
    let fake = seen(json!({ "a": "1" }), &["B", "A"]);
    let expected = [
        "s | Dial: only real has a: integer",
        "s | Dial: only real has b: string",
        "s | Dial: only fake has a: string",
        "s | order of c1: real A B, fake B A",
    ];
    assert_eq!(compare("s", &real, &fake).differences, expected);
    let silent = Seen { orders: BTreeMap::new(), ..seen(json!({ "a": 1, "b": "x" }), &[]) };
    assert_eq!(compare("s", &real, &silent).differences, ["s | order of c1: real A B, fake nothing"]);
}

#[test]
fn keys_that_stand_in_other_events_are_seen() {
    use serde_json::json;

    use super::shape::shape;
    let seen = |events: [serde_json::Value; 2]| {
        let mut seen = Seen::default();
        seen.events.insert("Dial".into(), events.iter().map(shape).collect());
        seen
    };
    let real = seen([json!({ "a": 1, "b": 1 }), json!({ "c": 1 })]);
    let fake = seen([json!({ "a": 1 }), json!({ "b": 1, "c": 1 })]);
    assert!(compare("s", &real, &real).differences.is_empty());
    assert_eq!(compare("s", &real, &fake).differences.len(), 4);
}
