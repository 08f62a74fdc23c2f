//! What becomes of a caller whom no worker takes, as `dialog.unanswered` says: steps, of which the next one is for the case
//! that one fails.
//!
//! How they are written, and what may be, is in [`written`].

mod shown;
mod written;

use std::fmt;

use serde::Deserialize;

use written::Written;

/// What is done with a caller whom no worker takes: one step, and the next where Asterisk cannot do it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Unanswered {
    steps: Vec<Step>,
    /// How many of them were written. What nobody wrote comes after them.
    written: usize,
}

/// One thing that can be done with a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// On in the dialplan.
    Continue(Place),
    /// Hung up.
    Hangup(Cause),
    /// To another application.
    Move {
        /// The application.
        application: String,
        /// What its StasisStart says in `args`, separated by commas; may be empty.
        args: String,
    },
}

/// Where a call goes on in the dialplan; without anything behind the `Stasis()` that it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Otherwise the context that it is in.
    pub context: Option<String>,
    /// Otherwise the extension that it is in.
    pub extension: Option<String>,
    /// Where in the extension: the first priority, if another place is named at all.
    pub priority: Option<u64>,
    /// Where in the extension, by name.
    pub label: Option<String>,
}

/// Why a call is hung up, as the caller's side is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cause {
    /// Normal clearing, as Asterisk tells it when nothing is said.
    #[default]
    Normal,
    /// One of ARI's words.
    Reason(Reason),
    /// A number of Q.850.
    Number(u64),
}

/// ARI's words for causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are explained by Asterisk, and mean what they say")]
pub enum Reason {
    Normal,
    Busy,
    Congestion,
    NoAnswer,
    Timeout,
    Rejected,
    Unallocated,
    NormalUnspecified,
    NumberIncomplete,
    CodecMismatch,
    Interworking,
    Failure,
    AnsweredElsewhere,
}

impl Reason {
    /// The word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Busy => "busy",
            Self::Congestion => "congestion",
            Self::NoAnswer => "no_answer",
            Self::Timeout => "timeout",
            Self::Rejected => "rejected",
            Self::Unallocated => "unallocated",
            Self::NormalUnspecified => "normal_unspecified",
            Self::NumberIncomplete => "number_incomplete",
            Self::CodecMismatch => "codec_mismatch",
            Self::Interworking => "interworking",
            Self::Failure => "failure",
            Self::AnsweredElsewhere => "answered_elsewhere",
        }
    }

    /// The word for a number of Q.850, if there is one.
    pub(crate) fn of(cause: u64) -> Option<Self> {
        Some(match cause {
            1 => Self::Unallocated,
            16 => Self::Normal,
            17 => Self::Busy,
            18 => Self::Timeout,
            19 => Self::NoAnswer,
            21 => Self::Rejected,
            26 => Self::AnsweredElsewhere,
            28 => Self::NumberIncomplete,
            31 => Self::NormalUnspecified,
            34 => Self::Congestion,
            38 => Self::Failure,
            58 => Self::CodecMismatch,
            127 => Self::Interworking,
            _ => return None,
        })
    }
}

impl Default for Unanswered {
    fn default() -> Self {
        Self::new(Step::Continue(Place::default()), None)
    }
}

impl Unanswered {
    /// A step and what follows it: what was written, or else what leaves nobody in silence.
    fn new(first: Step, then: Option<Self>) -> Self {
        let (next, written) = match (then, &first) {
            (Some(then), _) => (then.steps, then.written),
            (None, Step::Move { .. }) => {
                (vec![Step::Continue(Place::default()), Step::Hangup(Cause::default())], 0)
            }
            (None, Step::Continue(_)) => (vec![Step::Hangup(Cause::default())], 0),
            (None, Step::Hangup(_)) => (Vec::new(), 0),
        };
        let mut steps = vec![first];
        steps.extend(next);
        Self { steps, written: written + 1 }
    }

    /// What is done with a caller in this application; never empty.
    ///
    /// An application to which a step moves calls is behind that step already: what follows it comes next. So no call
    /// goes in a circle, however often nobody takes it.
    pub(crate) fn steps_in(&self, application: &str) -> &[Step] {
        let leads_here =
            |step: &Step| matches!(step, Step::Move { application: to, .. } if to == application);
        let next = self.steps.iter().rposition(leads_here).map_or(0, |step| step + 1);
        // Something always follows a move.
        &self.steps[next..]
    }

    /// The applications that steps move calls to, each with the key that names it.
    pub(crate) fn moves(&self) -> impl Iterator<Item = (String, &str)> {
        self.steps.iter().enumerate().filter_map(|(depth, step)| match step {
            Step::Move { application, .. } => {
                let key = format!("dialog.unanswered{}.application", ".then".repeat(depth));
                Some((key, application.as_str()))
            }
            _ => None,
        })
    }
}

impl fmt::Display for Step {
    /// What was done, for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continue(place) if *place == Place::default() => f.write_str("it goes on in the dialplan"),
            Self::Continue(place) => {
                let text = |part: &Option<String>| part.clone().unwrap_or_default();
                let at = place.priority.map_or_else(|| text(&place.label), |priority| priority.to_string());
                let place = [text(&place.context), text(&place.extension), at].join(",");
                write!(f, "it goes on in the dialplan at {place:?}")
            }
            Self::Hangup(Cause::Normal) => f.write_str("hung up"),
            Self::Hangup(Cause::Reason(reason)) => write!(f, "hung up, reason {}", reason.as_str()),
            Self::Hangup(Cause::Number(cause)) => write!(f, "hung up, cause {cause}"),
            Self::Move { application, .. } => write!(f, "moved to the application {application:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(json: Value) -> Result<Unanswered, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    fn steps(json: Value) -> Vec<String> {
        read(json).unwrap().steps_in("a").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_nobody_wrote_ends_with_a_hangup() {
        const GO_ON: &str = "it goes on in the dialplan";
        assert_eq!(read(json!({"action": "continue"})), Ok(Unanswered::default()));
        assert_eq!(steps(json!({"action": "continue"})), [GO_ON, "hung up"]);
        assert_eq!(steps(json!({"action": "hangup"})), ["hung up"]);
        assert_eq!(
            steps(json!({"action": "move", "application": "b"})),
            ["moved to the application \"b\"", GO_ON, "hung up"]
        );
        let then = json!({"action": "hangup", "cause": 34});
        assert_eq!(
            steps(json!({"action": "move", "application": "b", "args": "x,y", "then": then})),
            ["moved to the application \"b\"", "hung up, cause 34"]
        );
        let then = json!({"action": "continue", "context": "sales", "extension": "100", "priority": "2"});
        assert_eq!(
            steps(json!({"action": "hangup", "reason": "busy", "then": then})),
            ["hung up, reason busy", "it goes on in the dialplan at \"sales,100,2\"", "hung up"]
        );
    }

    #[test]
    fn a_call_that_was_moved_goes_on_behind_that_step() {
        let last = json!({"action": "hangup", "reason": "no_answer"});
        let second = json!({"action": "move", "application": "c", "then": last});
        let unanswered = read(json!({"action": "move", "application": "b", "then": second})).unwrap();
        let count = |application| unanswered.steps_in(application).len();
        assert_eq!((count("a"), count("b"), count("c")), (3, 2, 1));
        let moves: Vec<_> = unanswered.moves().collect();
        assert_eq!(
            moves,
            [
                ("dialog.unanswered.application".to_owned(), "b"),
                ("dialog.unanswered.then.application".to_owned(), "c"),
            ]
        );
        // Nothing was written behind the move: what nobody wrote is there.
        let alone = read(json!({"action": "move", "application": "b"})).unwrap();
        assert_eq!(alone.steps_in("b").len(), 2);
    }

    #[test]
    fn every_word_of_a_reason_is_read_as_it_is_sent() {
        const WORDS: [&str; 13] = [
            "normal",
            "busy",
            "congestion",
            "no_answer",
            "timeout",
            "rejected",
            "unallocated",
            "normal_unspecified",
            "number_incomplete",
            "codec_mismatch",
            "interworking",
            "failure",
            "answered_elsewhere",
        ];
        for word in WORDS {
            let reason: Reason = serde_json::from_value(json!(word)).unwrap();
            assert_eq!(reason.as_str(), word);
        }
    }
}
