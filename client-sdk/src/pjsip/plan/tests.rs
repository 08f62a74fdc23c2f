//! Against a model of an Asterisk: whatever was declared before, one step makes of an object what it would be if it were new.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SET: &str = "office";

/// An object in the model, by attributes.
type Kept = BTreeMap<String, Vec<String>>;

/// Sets what is declared as Asterisk does, and writes the mark.
fn put(kept: &mut Kept, object: &Object, wanted: impl Fn(&str) -> bool) {
    for attribute in object.attributes().iter().filter(|attribute| wanted(&attribute.name)) {
        for value in &attribute.values {
            let now = kept.entry(attribute.name.clone()).or_default();
            match attribute.name.as_str() {
                "allow" => *now = vec![format!("({})", value.trim_start_matches("!all,").replace(',', "|"))],
                "direct_media" => *now = vec![(value == "yes").to_string()],
                "qualify_timeout" => *now = vec![format!("{value}.000000")],
                name if ADDED_TO.contains(&name) => now.push(value.clone()),
                _ => *now = vec![value.clone()],
            }
        }
    }
    for (name, value) in Mark::of(object).fields(SET) {
        kept.insert(name, vec![value]);
    }
}

fn shown(kept: &Kept) -> Shown {
    kept.iter()
        .filter(|(name, _)| *name != "set_var")
        .map(|(name, values)| (name.clone(), values.clone()))
        .collect()
}

/// What stands in a new one.
fn fresh(object: &Object) -> Kept {
    let mut kept: Kept =
        [("dtmf_mode", "rfc4733"), ("context", "default"), ("allow", "(opus)"), ("direct_media", "true")]
            .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
            .into();
    put(&mut kept, object, |_| true);
    kept
}

/// Does what has to be done; whether that was anything.
fn settle(kept: &mut Kept, object: &Object) -> bool {
    let before = shown(kept);
    match step(object, &before) {
        Step::Nothing => return false,
        Step::Change(names) => put(kept, object, |name| names.contains(&name)),
        Step::Replace(_) => *kept = fresh(object),
    }
    true
}

prop_compose! {
    fn declared()(
        values in prop::collection::vec(
            prop_oneof![
                ("dtmf_mode|context", "[a-c]"),
                (Just("direct_media".to_owned()), "yes|no"),
                (Just("qualify_timeout".to_owned()), "[1-3]"),
                (Just("allow".to_owned()), "ulaw|alaw|ulaw,alaw|alaw,ulaw"),
                ("contact|set_var", "[a-c]"),
            ],
            0..6,
        ),
    ) -> Object {
        let mut object = Object::new(Kind::Endpoint, "alice");
        for (name, value) in values {
            if ADDED_TO.contains(&name.as_str()) {
                object.add(&name, value);
            } else {
                object.set(name, value);
            }
        }
        object
    }
}

proptest! {
    #[test]
    fn one_step_makes_it_what_a_new_one_would_be(declared in prop::collection::vec(declared(), 1..6)) {
        let mut kept = fresh(&declared[0]);
        for object in &declared {
            settle(&mut kept, object);
            prop_assert_eq!(&kept, &fresh(object));
            prop_assert!(!settle(&mut kept, object), "it is never settled");
        }
    }

    #[test]
    fn what_somebody_else_changed_is_changed_back(object in declared(), which in "dtmf_mode|context|contact", value in "[x-z]") {
        let mut kept = fresh(&object);
        kept.insert(which.clone(), vec![value]);
        let declared = object.attributes().iter().any(|attribute| attribute.name == which);
        prop_assert_eq!(settle(&mut kept, &object), declared);
        prop_assert!(!declared || kept == fresh(&object));
    }
}

fn auth(password: &str) -> Object {
    let mut object = Object::new(Kind::Auth, "alice");
    object.set("password", password);
    object
}

#[test]
fn a_password_is_never_taken_for_another_one() {
    for (old, new) in [("007", "7"), ("yes", "true"), ("a, b", "a,b"), ("Secret", "secret"), ("(x)", "x")] {
        let (old, new) = (auth(old), auth(new));
        let mut kept = BTreeMap::new();
        put(&mut kept, &old, |_| true);
        assert_eq!(step(&new, &shown(&kept)), Step::Change(vec!["password"]));
        assert_eq!(step(&old, &shown(&kept)), Step::Nothing);
        // Nor when it was changed behind our back.
        kept.insert("password".to_owned(), new.attributes()[0].values.clone());
        assert_eq!(step(&old, &shown(&kept)), Step::Change(vec!["password"]));
    }
}

#[test]
fn a_transport_is_never_made_anew() {
    let mut object = Object::new(Kind::Transport, "udp");
    object.set("tos", "ef");
    let mut kept = BTreeMap::new();
    put(&mut kept, &object, |_| true);
    let mut object = Object::new(Kind::Transport, "udp");
    object.add("local_net", "10.0.0.0/8");
    kept.insert("local_net".to_owned(), vec![String::new()]);
    assert_eq!(step(&object, &shown(&kept)), Step::Change(vec!["local_net"]));
}
