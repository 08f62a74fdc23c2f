//! The offers of one dialog, each a term of its own: their ids, and what they leave on the bus.

use std::collections::BTreeMap;

use ari_bus::{Retention, protocol::Names};

use super::handover::form::{TermForm, TermsForm};

/// The terms of one dialog so far.
#[derive(Debug, Default)]
pub(super) struct Terms {
    terms: BTreeMap<u64, Term>,
    /// Those before this one are over, accepted or not.
    open: u64,
    /// The last one of an earlier process; 0 where there was none.
    before: u64,
}

#[derive(Debug)]
struct Term {
    /// The id of its offer.
    dialog_id: String,
    /// Whether the broker keeps its topics until they are deleted.
    kept: bool,
    /// Whether a version-1 worker spoke in it, whoever the owner is: that worker declares all three topics.
    version_1: bool,
}

impl Terms {
    /// No terms yet, but those of an earlier process, up to this one.
    pub(super) fn after(before: u64) -> Self {
        Self { before, ..Self::default() }
    }

    /// What another process is told of them.
    pub(super) fn hand_over(&self) -> TermsForm {
        let terms = self.terms.iter().map(|(number, term)| TermForm {
            number: *number,
            dialog_id: term.dialog_id.clone(),
            kept: term.kept,
            version_1: term.version_1,
        });
        TermsForm { open: self.open, before: self.before, terms: terms.collect() }
    }

    /// The terms of a dialog that another process had.
    pub(super) fn take_over(TermsForm { open, before, terms }: TermsForm) -> Self {
        let term =
            |TermForm { number, dialog_id, kept, version_1 }| (number, Term { dialog_id, kept, version_1 });
        Self { terms: terms.into_iter().map(term).collect(), open, before }
    }

    /// The number of the next term.
    pub(super) fn next(&self) -> u64 {
        self.terms.last_key_value().map_or(self.before, |(last, _)| *last).saturating_add(1)
    }

    /// Adds a term.
    pub(super) fn add(&mut self, term: u64, dialog_id: &str) {
        self.terms.insert(term, Term { dialog_id: dialog_id.to_owned(), kept: false, version_1: false });
    }

    /// The dialog id of a term's offer.
    pub(super) fn dialog_id(&self, term: u64) -> Option<&str> {
        self.terms.get(&term).map(|term| term.dialog_id.as_str())
    }

    /// All terms, with the dialog ids of their offers.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &str)> {
        self.terms.iter().map(|(number, term)| (*number, term.dialog_id.as_str()))
    }

    /// The dialog ids of all offers.
    pub(super) fn dialog_ids(&self) -> impl Iterator<Item = &str> {
        self.terms.values().map(|term| term.dialog_id.as_str())
    }

    /// Whether an accept of this term's offer still counts.
    pub(super) fn is_open(&self, term: u64) -> bool {
        term >= self.open
    }

    /// Ends all terms so far; returns the topics that are there until somebody deletes them.
    pub(super) fn close(&mut self, names: &Names) -> Vec<String> {
        self.open = self.next();
        let topics = self.kept_topics(names);
        self.terms.values_mut().for_each(|term| term.kept = false);
        topics
    }

    /// Whether this is the last term so far.
    pub(super) fn is_last(&self, term: u64) -> bool {
        self.terms.keys().next_back() == Some(&term)
    }

    /// Notes that the commands topic of a term was declared.
    pub(super) fn note_declared(&mut self, term: u64, retention: Retention) {
        if let Some(term) = self.terms.get_mut(&term) {
            term.kept = retention == Retention::Kept;
        }
    }

    /// Notes that a version-1 worker spoke in a term.
    pub(super) fn note_version_1(&mut self, term: u64) {
        if let Some(term) = self.terms.get_mut(&term) {
            term.version_1 = true;
        }
    }

    /// The topics that are there until somebody deletes them.
    pub(super) fn kept_topics(&self, names: &Names) -> Vec<String> {
        let mut topics = Vec::new();
        for Term { dialog_id, version_1, .. } in self.terms.values().filter(|term| term.kept) {
            topics.push(names.commands(dialog_id));
            if *version_1 {
                topics.extend([names.events(dialog_id), names.responses(dialog_id)]);
            }
        }
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_keeps_is_deleted_and_nothing_else() {
        let mut terms = Terms::default();
        for (term, dialog_id) in [(1, "s.one"), (2, "s.two"), (3, "s.three")] {
            terms.add(term, dialog_id);
        }
        terms.note_declared(1, Retention::Kept);
        terms.note_declared(2, Retention::Kept);
        // A worker that lost, or came too late, has declared its topics all the same.
        terms.note_version_1(1);
        let names = Names::new("p.");
        let topics = terms.kept_topics(&names);
        assert_eq!(topics, ["p.commands_s.one", "p.events_s.one", "p.responses_s.one", "p.commands_s.two"]);
        terms.note_declared(1, Retention::Dropped);
        assert_eq!(terms.kept_topics(&names), ["p.commands_s.two"]);
        assert!(terms.is_last(3) && !terms.is_last(2));
    }
}
