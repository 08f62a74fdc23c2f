//! Ids of commands, and of the objects that they make. A handler that repeats its step after a resume repeats them, so that
//! the proxy answers with what it has recorded instead of calling somebody twice.
//!
//! An id is made of the dialog, the step (how often the handler has tried to save), and what is asked for, and counts how often just
//! that was asked for in this step. So it does not depend on the order in which futures happen to be polled. What never left
//! this worker gives its id back: for whoever repeats the step, it never was.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tracing::warn;
use uuid::Uuid;

use crate::limits::IDS_COUNTED;

/// What ids are made in; any other would do as well, and changing it would make every call that is resumed by a newer
/// worker run its commands again.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1d_2a52_7f0e_5b6f_9b47_0c5e_3a1d_84f2);

/// The ids of one call.
pub(crate) struct Ids {
    /// The dialog's lasting id; empty where ids are random.
    root: String,
    /// What else they depend on: a context that is not this crate's, since its owner may have counted in the same way.
    salt: String,
    /// The step that this worker began with.
    first: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    step: u64,
    /// What was issued in this step, by its content.
    issued: HashMap<Uuid, Issued>,
    full: bool,
}

/// How often one content was issued.
#[derive(Default)]
struct Issued {
    times: u64,
    /// Those of them that were given back.
    back: BTreeSet<u64>,
}

/// An id that was issued.
#[derive(Debug)]
pub(crate) struct Id {
    text: String,
    /// `None` for a random one.
    place: Option<Place>,
}

/// What an id that is not random was made of.
#[derive(Debug, Clone, Copy)]
struct Place {
    step: u64,
    /// Stands for what was asked for, and for the step.
    content: Uuid,
    /// How often that was asked for before.
    nth: u64,
}

impl Id {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl Ids {
    /// Ids that a repetition repeats, from this step on.
    pub(crate) fn repeatable(root: &str, step: u64, salt: &str) -> Self {
        let state = Mutex::new(State { step, ..State::default() });
        Self { root: root.to_owned(), salt: salt.to_owned(), first: step, state }
    }

    /// Ids that nothing repeats: version 1.
    pub(crate) fn random() -> Self {
        Self { root: String::new(), salt: String::new(), first: 0, state: Mutex::default() }
    }

    /// How many saves were attempted.
    pub(crate) fn step(&self) -> u64 {
        self.lock().step
    }

    /// What the ids depend on beside the dialog, the step and what is asked for.
    pub(crate) fn salt(&self) -> &str {
        &self.salt
    }

    /// Whether this worker is still in the step that it began with: another may have begun that before.
    pub(crate) fn is_in_first_step(&self) -> bool {
        self.step() == self.first
    }

    /// A save is attempted: the next step begins.
    pub(crate) fn advance(&self, step: u64) {
        *self.lock() = State { step, ..State::default() };
    }

    /// The `unique_id` of a command. What has no side effects is asked again: its answer of that time says nothing of now.
    pub(crate) fn command(&self, method: &str, url: &str, body: Option<&str>) -> Id {
        let fields = [method, url, body.unwrap_or_default(), if body.is_some() { "body" } else { "" }];
        let place = self.issue(method != "GET", &fields);
        let text = match place {
            Some(Place { step, content, nth }) => format!("{step}.{nth}.{}", content.simple()),
            None => Uuid::now_v7().simple().to_string(),
        };
        Id { text, place }
    }

    /// The id of an object that a command makes, chosen before, so that its events can be told from the first on.
    pub(crate) fn object(&self, what: &str, content: &str) -> Id {
        let place = self.issue(true, &["object", what, content]);
        let id = place.map_or_else(Uuid::now_v7, |Place { content, nth, .. }| {
            Uuid::new_v5(&content, &nth.to_le_bytes())
        });
        Id { text: id.to_string(), place }
    }

    /// What has this id never left this worker: the next that asks for the same gets it.
    pub(crate) fn give_back(&self, id: &Id) {
        let Some(Place { step, content, nth }) = id.place else { return };
        let mut state = self.lock();
        if state.step == step
            && let Some(issued) = state.issued.get_mut(&content)
        {
            issued.back.insert(nth);
        }
    }

    /// What an id is made of; `None` where it is to be random.
    fn issue(&self, repeatable: bool, fields: &[&str]) -> Option<Place> {
        if !repeatable || self.root.is_empty() {
            return None;
        }
        let mut state = self.lock();
        let step = state.step;
        let content = self.content(step, fields);
        if state.issued.len() >= IDS_COUNTED && !state.issued.contains_key(&content) {
            if !std::mem::replace(&mut state.full, true) {
                warn!(
                    "a handler that never saves has issued so many commands that a resume would repeat the next ones"
                );
            }
            return None;
        }
        let issued = state.issued.entry(content).or_default();
        let nth = issued.back.pop_first().unwrap_or_else(|| {
            issued.times += 1;
            issued.times - 1
        });
        Some(Place { step, content, nth })
    }

    fn content(&self, step: u64, fields: &[&str]) -> Uuid {
        let step = step.to_string();
        let head = [self.root.as_str(), self.salt.as_str(), step.as_str()];
        let mut name = Vec::new();
        for field in head.iter().chain(fields) {
            // With its length before it, no field can pass for part of another.
            name.extend((field.len() as u64).to_le_bytes());
            name.extend(field.as_bytes());
        }
        Uuid::new_v5(&NAMESPACE, &name)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the counts as whole as they were.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    type Command = (String, String, Option<String>);

    fn commands() -> impl Strategy<Value = Vec<Command>> {
        let command = ("POST|PUT|DELETE", "/[ab]{0,2}", prop::option::of("[ab]{0,2}"));
        prop::collection::vec(command, 0..30)
    }

    fn issue(ids: &Ids, commands: &[Command]) -> Vec<String> {
        let issue = |(method, url, body): &Command| ids.command(method, url, body.as_deref()).text;
        commands.iter().map(issue).collect()
    }

    proptest! {
        #[test]
        fn the_same_commands_have_the_same_ids_in_any_order_and_none_has_anothers(
            (commands, shuffled) in commands().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
            step in 0u64..3,
        ) {
            let ids = issue(&Ids::repeatable("root", step, ""), &commands);
            let again = issue(&Ids::repeatable("root", step, ""), &shuffled);
            let sorted = |mut ids: Vec<String>| { ids.sort(); ids };
            prop_assert_eq!(sorted(ids.clone()), sorted(again.clone()));
            // Each content has the same ids, whichever of its repetitions was polled first.
            for command in &commands {
                let of = |all: &[Command], ids: &[String]| {
                    let own = all.iter().zip(ids).filter(|(other, _)| *other == command);
                    own.map(|(_, id)| id.clone()).collect::<HashSet<_>>()
                };
                prop_assert_eq!(of(&commands, &ids), of(&shuffled, &again));
            }
            prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
            let begins = format!("{step}.");
            prop_assert!(ids.iter().all(|id| id.starts_with(&begins)));
        }
    }

    fn both(ids: &Ids) -> [String; 2] {
        [ids.command("POST", "/x", None), ids.object("playback", "x")].map(|id| id.text)
    }

    #[test]
    fn step_dialog_and_context_make_other_ids() {
        let of = |root: &str, step: u64, salt: &str| both(&Ids::repeatable(root, step, salt));
        let all = [of("a", 0, ""), of("a", 1, ""), of("b", 0, ""), of("a", 0, "x")].concat();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        let ids = Ids::repeatable("a", 0, "");
        assert_eq!(both(&ids), of("a", 0, ""));
        ids.advance(1);
        assert_eq!(both(&ids), of("a", 1, ""));
        assert_ne!(both(&ids), both(&ids));
    }

    #[test]
    fn what_never_left_gives_its_id_back_for_the_same_and_nothing_else() {
        let ids = Ids::repeatable("a", 0, "");
        let ask = || ids.command("POST", "/x", None);
        let [first, second] = [ask(), ask()];
        ids.give_back(&first);
        ids.give_back(&first);
        assert_ne!(ids.command("POST", "/y", None).text, first.text);
        assert_eq!(ask().text, first.text);
        assert!(![&first, &second].map(|id| &id.text).contains(&&ask().text), "both are in use");
        let object = ids.object("playback", "x");
        ids.give_back(&object);
        assert_eq!(ids.object("playback", "x").text, object.text);
        ids.advance(1);
        ids.give_back(&first);
        assert!(ask().text.starts_with("1.0."), "the step of that id is over");
    }

    #[test]
    fn what_only_asks_and_what_version_1_does_has_an_id_of_its_own_each_time() {
        let [one, two] = [(), ()].map(|()| Ids::repeatable("a", 0, "").command("GET", "/x", None).text);
        assert_ne!(one, two);
        let [one, two] = [(), ()].map(|()| Ids::random().command("POST", "/x", None).text);
        assert_ne!(one, two);
    }

    #[test]
    fn a_handler_without_end_takes_no_memory_without_end() {
        let ids = Ids::repeatable("a", 0, "");
        for n in 0..IDS_COUNTED + 5 {
            ids.command("POST", &n.to_string(), None);
        }
        assert_eq!(ids.lock().issued.len(), IDS_COUNTED);
        assert!(ids.command("POST", "0", None).text.starts_with("0.1."));
    }
}
