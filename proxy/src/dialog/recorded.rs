//! The commands of a dialog that had a `unique_id`, and their answers: each runs once, whoever repeats it, in whatever
//! term. No I/O.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use ari_bus::protocol::Answer;
use uuid::Uuid;

use super::handover::form::RecordedForm;
use crate::limits::{ANSWER_BYTES_RECORDED, COMMANDS_RECORDED};

/// What a dialog remembers of its commands.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    entries: HashMap<Arc<str>, Entry>,
    /// Those that are answered, the oldest first.
    order: VecDeque<Arc<str>>,
    /// How many of these, from the oldest on, have lost their answers.
    emptied: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    digest: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It waits for its turn, on behalf of the owner in this term; if that term is void, in vain.
    Waiting { term: u64, asked: u64 },
    /// Asterisk has it. The term in which somebody asked for it last: the owner in that one gets the answer too.
    Running { asked: u64 },
    /// It was answered at this moment of good time; the answer itself is kept while there is room.
    Answered { answer: Option<Answer>, at: Duration },
}

/// What is to be done with a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new: it takes its turn.
    New,
    /// It is under way: its answer will come.
    UnderWay,
    /// It was answered: this, again.
    Answered(Answer),
    /// It was answered, and nobody remembers how.
    Forgotten,
    /// Another command has this id.
    Other,
}

/// What tells two messages apart that have the same id. The same in every release: one process tells another.
pub(super) fn digest(parts: &[&[u8]]) -> u64 {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + size_of::<u64>()).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes).as_u64_pair().0
}

impl Recorded {
    /// A command with an id has come in this term; terms before `valid` are void.
    pub(super) fn take(&mut self, unique_id: &str, digest: u64, term: u64, valid: u64) -> Known {
        if self.entries.len() >= 2 * COMMANDS_RECORDED {
            // Those of workers that lost the dialog, and that nobody repeats.
            self.entries
                .retain(|_, entry| !matches!(entry.state, State::Waiting { term, .. } if term < valid));
        }
        let Some(entry) = self.entries.get_mut(unique_id) else {
            let entry = Entry { digest, state: State::Waiting { term, asked: term } };
            self.entries.insert(unique_id.into(), entry);
            return Known::New;
        };
        if entry.digest != digest {
            return Known::Other;
        }
        match &mut entry.state {
            State::Waiting { term: other, asked } if *other < valid => {
                (*other, *asked) = (term, term);
                Known::New
            }
            State::Waiting { asked, .. } | State::Running { asked } => {
                *asked = term;
                Known::UnderWay
            }
            State::Answered { answer: Some(answer), .. } => Known::Answered(answer.clone()),
            State::Answered { answer: None, .. } => Known::Forgotten,
        }
    }

    /// A command does not wait for its turn any more, and its worker has been told.
    pub(super) fn pass_over(&mut self, unique_id: &str, passed: u64) {
        if let Some(Entry { state: State::Waiting { term, .. }, .. }) = self.entries.get(unique_id)
            && *term == passed
        {
            self.entries.remove(unique_id);
        }
    }

    /// A command has its turn.
    pub(super) fn begin(&mut self, unique_id: &str) {
        if let Some(Entry { state, .. }) = self.entries.get_mut(unique_id)
            && let State::Waiting { asked, .. } = *state
        {
            *state = State::Running { asked };
        }
    }

    /// A command was answered; returns the term in which somebody asked for it last. The answer stands, also one that says
    /// that Asterisk never had it: whoever repeats what its worker did then shall find what that one found.
    pub(super) fn answer(&mut self, unique_id: &str, answer: &Answer, at: Duration) -> Option<u64> {
        let (id, entry) = self.entries.get_key_value(unique_id)?;
        let asked = if let State::Running { asked } = entry.state { Some(asked) } else { None };
        let (id, digest) = (Arc::clone(id), entry.digest);
        self.bytes += answer.body.len();
        let state = State::Answered { answer: Some(answer.clone()), at };
        self.entries.insert(Arc::clone(&id), Entry { digest, state });
        self.order.push_back(id);
        self.make_room();
        asked
    }

    /// The ids of commands whose answers an owner did not get that was last heard of at this moment.
    pub(super) fn unanswered(&self, heard: Duration) -> Vec<String> {
        let mut ids: Vec<String> = self
            .entries
            .iter()
            .filter(|(_, entry)| !matches!(entry.state, State::Answered { at, .. } if at < heard))
            .map(|(id, _)| id.to_string())
            .collect();
        ids.sort_unstable();
        ids
    }

    /// All of it, those that were answered in their order.
    pub(super) fn hand_over(&self) -> Vec<RecordedForm> {
        let form = |unique_id: &str, entry: &Entry| RecordedForm {
            unique_id: unique_id.to_owned(),
            digest: entry.digest,
            waits: match entry.state {
                State::Waiting { term, .. } => Some(term),
                State::Running { asked } => Some(asked),
                State::Answered { .. } => None,
            },
            answer: match &entry.state {
                State::Answered { answer, .. } => answer.as_ref().map(Into::into),
                State::Waiting { .. } | State::Running { .. } => None,
            },
        };
        let answered = self.order.iter().filter_map(|id| Some((id, self.entries.get(id)?)));
        let others = self.entries.iter().filter(|(_, entry)| !matches!(entry.state, State::Answered { .. }));
        answered.chain(others).map(|(id, entry)| form(id, entry)).collect()
    }

    /// What another process has handed over, all of it answered before this moment of good time.
    pub(super) fn take_over(forms: Vec<RecordedForm>, at: Duration) -> Self {
        let mut recorded = Self::default();
        for RecordedForm { unique_id, digest, waits, answer } in forms {
            let id: Arc<str> = unique_id.into();
            let state = match waits {
                Some(term) => State::Waiting { term, asked: term },
                None => {
                    let answer: Option<Answer> = answer.map(Into::into);
                    recorded.bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
                    recorded.order.push_back(Arc::clone(&id));
                    State::Answered { answer, at }
                }
            };
            recorded.entries.insert(id, Entry { digest, state });
        }
        // Those without an answer may stand between others: then some answers go that need not.
        recorded.make_room();
        recorded
    }

    /// Answers go first, then the ids themselves.
    fn make_room(&mut self) {
        while self.order.len() > COMMANDS_RECORDED {
            let Some(oldest) = self.order.pop_front() else { break };
            self.emptied = self.emptied.saturating_sub(1);
            if let Some(Entry { state: State::Answered { answer: Some(answer), .. }, .. }) =
                self.entries.remove(&oldest)
            {
                self.bytes -= answer.body.len();
            }
        }
        while self.bytes > ANSWER_BYTES_RECORDED
            && let Some(id) = self.order.get(self.emptied)
        {
            self.emptied += 1;
            if let Some(Entry { state: State::Answered { answer, .. }, .. }) = self.entries.get_mut(id)
                && let Some(answer) = answer.take()
            {
                self.bytes -= answer.body.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(size: usize) -> Answer {
        Answer { status: 200, body: vec![b'x'; size].into() }
    }

    fn run(recorded: &mut Recorded, id: &str, size: usize) -> Answer {
        assert_eq!(recorded.take(id, 1, 1, 1), Known::New);
        recorded.begin(id);
        recorded.answer(id, &answer(size), Duration::ZERO);
        answer(size)
    }

    #[test]
    fn a_command_runs_once_and_is_answered_as_often_as_it_comes() {
        let mut recorded = Recorded::default();
        assert_eq!(recorded.take("a", 1, 1, 1), Known::New);
        assert_eq!(recorded.take("a", 1, 1, 1), Known::UnderWay);
        recorded.begin("a");
        assert_eq!(recorded.take("a", 1, 2, 2), Known::UnderWay);
        let asked = recorded.answer("a", &answer(3), Duration::ZERO);
        assert_eq!(asked, Some(2), "the second owner waits for it too");
        assert_eq!(recorded.take("a", 1, 2, 2), Known::Answered(answer(3)));
        assert_eq!(recorded.take("a", 2, 2, 2), Known::Other);
    }

    #[test]
    fn one_that_never_had_its_turn_is_new_for_the_next_owner() {
        let mut recorded = Recorded::default();
        recorded.take("a", 1, 1, 1);
        assert_eq!(recorded.take("a", 1, 2, 2), Known::New);
        recorded.pass_over("a", 1);
        assert_eq!(recorded.take("a", 1, 2, 2), Known::UnderWay, "the second one still waits");
        recorded.pass_over("a", 2);
        assert_eq!(recorded.take("a", 1, 3, 3), Known::New);
    }

    #[test]
    fn what_the_last_owner_cannot_know_is_unanswered() {
        let mut recorded = Recorded::default();
        for id in ["known", "late", "running", "waiting"] {
            recorded.take(id, 1, 1, 1);
        }
        for (id, at) in [("known", 1), ("late", 5)] {
            recorded.begin(id);
            recorded.answer(id, &answer(0), Duration::from_secs(at));
        }
        recorded.begin("running");
        assert_eq!(recorded.unanswered(Duration::from_secs(5)), ["late", "running", "waiting"]);
    }

    #[test]
    fn past_the_bounds_answers_go_first_and_a_command_still_does_not_run_again() {
        let mut recorded = Recorded::default();
        run(&mut recorded, "first", ANSWER_BYTES_RECORDED);
        let second = run(&mut recorded, "second", 1);
        assert_eq!(recorded.take("first", 1, 1, 1), Known::Forgotten);
        assert_eq!(recorded.take("second", 1, 1, 1), Known::Answered(second));
        for number in 0..COMMANDS_RECORDED {
            run(&mut recorded, &number.to_string(), 0);
        }
        assert_eq!(recorded.entries.len(), COMMANDS_RECORDED);
        assert_eq!((recorded.bytes, recorded.take("second", 1, 1, 1)), (0, Known::New));
    }
}
