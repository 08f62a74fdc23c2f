//! What is counted: things that an operator may ask about and that are no part of a call's normal course.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Counter {
    /// Dialogs opened.
    DialogsOpened,
    /// Dialogs that a worker accepted.
    DialogsAccepted,
    /// Dialogs offered again because their worker was silent or gave them back.
    DialogsResumed,
    /// Dialogs that no worker took in time.
    DialogsUnwanted,
    /// Offers published, repeated ones included.
    Offers,
    /// Events received from Asterisk.
    EventsReceived,
    /// Events that belong to no dialog.
    EventsWithoutDialog,
    /// Events dropped because a dialog's queue was full or its worker could not be reached.
    EventsLost,
    /// Frames from Asterisk that are no events.
    BrokenFrames,
    /// Commands passed to Asterisk.
    Commands,
    /// Commands answered with an error of ours.
    CommandsRefused,
    /// Commands that the policy forbids, answered 403.
    CommandsForbidden,
    /// Commands over a limit of the policy, answered 413 or 429.
    CommandsLimited,
    /// Messages on commands topics that could not be answered: no JSON, no command, for no dialog.
    Noise,
    /// Answers that could not be delivered, and commands whose dialog ended before they were answered.
    AnswersLost,
}

/// The number of counters, one more than the last.
const COUNTERS: usize = Counter::AnswersLost as usize + 1;

/// Names as they are logged, in the order of the enum.
const NAMES: [&str; COUNTERS] = [
    "dialogs_opened",
    "dialogs_accepted",
    "dialogs_resumed",
    "dialogs_unwanted",
    "offers",
    "events_received",
    "events_without_dialog",
    "events_lost",
    "broken_frames",
    "commands",
    "commands_refused",
    "commands_forbidden",
    "commands_limited",
    "noise",
    "answers_lost",
];

/// All counters of one proxy.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; COUNTERS]);

impl Counters {
    /// Counts one.
    pub(crate) fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts several.
    pub(crate) fn add(&self, counter: Counter, number: usize) {
        self.0[counter as usize].fetch_add(u64::try_from(number).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How often it was counted.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, counter)) in NAMES.iter().zip(&self.0).enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{name}={}", counter.load(Ordering::Relaxed))?;
        }
        Ok(())
    }
}
