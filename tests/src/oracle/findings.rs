//! What is wrong, all of it, in one report.

use std::{collections::BTreeMap, fmt};

/// How many faults of a kind a report shows: enough to see what they have in common.
const SHOWN: usize = 8;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An event was handed to no handler.
    Missing {
        /// Its number.
        n: u64,
    },
    /// An event was handed to a handler after it had been acknowledged or saved.
    HandedAgain {
        /// Its number.
        n: u64,
        /// The term in which it came again.
        term: u64,
        /// The number up to which all was acknowledged.
        acked: u64,
    },
    /// Within a term, an event came behind a later one or behind itself.
    OutOfOrder {
        /// Its number.
        n: u64,
        /// The term.
        term: u64,
        /// The number that came before.
        after: u64,
    },
    /// A handler began with less than what was saved before it.
    StateLost {
        /// The term that it began.
        term: u64,
        /// What it was given as the number of the next event.
        resumed: Option<u64>,
        /// The number up to which all was saved.
        acked: u64,
    },
    /// A handler was told that events are missing, where none may be.
    Gap {
        /// The `ProxyGap`.
        body: String,
    },
    /// An event's request never reached Asterisk.
    NotRequested {
        /// Its number.
        n: u64,
    },
    /// A request reached Asterisk more than once.
    RequestedAgain {
        /// Its number.
        n: u64,
        /// Who signed it, if it is no step.
        signed: Option<(String, u64)>,
        /// How often it came.
        times: usize,
    },
    /// A request reached Asterisk behind a later one.
    RequestOutOfOrder {
        /// Its number.
        n: u64,
        /// The number that came before.
        after: u64,
    },
    /// A request of an old term reached Asterisk when a new one had begun to act.
    Late {
        /// Its number.
        n: u64,
        /// Its worker.
        worker: String,
        /// Its term.
        term: u64,
        /// The term that had begun.
        newer: u64,
    },
    /// A request has a number that Asterisk never sent.
    Invented {
        /// That number.
        n: u64,
    },
    /// The call did not end as planned.
    WrongEnd {
        /// How it ended, if it did.
        end: String,
    },
}

impl Fault {
    fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "events handed to nobody",
            Self::HandedAgain { .. } => "events handed again after they were acknowledged",
            Self::OutOfOrder { .. } => "events out of order",
            Self::StateLost { .. } => "handlers that began with less than what was saved",
            Self::Gap { .. } => "announced gaps",
            Self::NotRequested { .. } => "requests that never came",
            Self::RequestedAgain { .. } => "requests that came more than once",
            Self::RequestOutOfOrder { .. } => "requests out of order",
            Self::Late { .. } => "requests of an old term",
            Self::Invented { .. } => "requests that nothing asked for",
            Self::WrongEnd { .. } => "calls without their planned end",
        }
    }
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Calls that were looked at.
    pub calls: usize,
    /// Numbered events that Asterisk sent.
    pub events: u64,
    /// How often one was handed to a handler.
    pub handed: usize,
    /// Steps that reached Asterisk.
    pub requests: usize,
    /// Requests whose senders were told that their fate is not known.
    pub unknown: usize,
    /// Calls of which a loss was announced.
    pub gaps: usize,
    /// Events missing where that was announced.
    pub announced: usize,
    /// What is wrong, each with its channel.
    pub faults: Vec<(String, Fault)>,
}

impl Findings {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many faults fit.
    pub fn count(&self, which: impl Fn(&Fault) -> bool) -> usize {
        self.faults.iter().filter(|(_, fault)| which(fault)).count()
    }

    /// Ends the test unless nothing is wrong.
    ///
    /// # Panics
    /// When something is; the text tells all of it.
    #[track_caller]
    pub fn must_be_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, events, handed, requests, unknown, gaps, announced, faults } = self;
        write!(f, "{calls} calls, {events} events, {handed} times handed, {requests} steps")?;
        if *unknown > 0 {
            write!(f, ", {unknown} of unknown fate")?;
        }
        if *gaps > 0 {
            write!(f, ", {announced} events missing in {gaps} calls that were told so")?;
        }
        if faults.is_empty() {
            return f.write_str(", nothing wrong");
        }
        let mut kinds = BTreeMap::<_, Vec<_>>::new();
        for (channel, fault) in faults {
            kinds.entry(fault.kind()).or_default().push((channel, fault));
        }
        for (kind, faults) in kinds {
            write!(f, "\n{} {kind}:", faults.len())?;
            for (channel, fault) in faults.iter().take(SHOWN) {
                write!(f, "\n  {channel}: {fault:?}")?;
            }
            if faults.len() > SHOWN {
                f.write_str("\n  …")?;
            }
        }
        Ok(())
    }
}
