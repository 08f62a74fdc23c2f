//! What is known of each call: what Asterisk sent, what reached it, what handlers wrote down, and how the call ended.

use std::{collections::HashMap, time::Instant};

use asterisk_sim::{CallEnd, RecordedRequest, Simulator};

use crate::handlers::{Entry, SIGN, STEP};

/// A command of a handler as it reached Asterisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The number of the event that it belongs to; 0 if to none.
    pub n: u64,
    /// Worker and term, where it is signed; otherwise it is a step.
    pub signed: Option<(String, u64)>,
    /// When it arrived.
    pub at: Instant,
}

impl Request {
    /// What a handler sent in a request, and the channel it is about; `None` for any other request.
    #[must_use]
    pub fn read(request: &RecordedRequest) -> Option<(&str, Self)> {
        let channel = request.path.strip_prefix("/channels/")?.strip_suffix("/variable")?;
        let parameter =
            |name: &str| request.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        if request.method != "POST" {
            return None;
        }
        let of = Self::of(parameter("variable")?, parameter("value")?, request.at)?;
        Some((channel, of))
    }

    /// What a handler meant by setting a variable; `None` for any other variable.
    #[must_use]
    pub fn of(variable: &str, value: &str, at: Instant) -> Option<Self> {
        match variable {
            STEP => Some(Self { n: value.parse().ok()?, signed: None, at }),
            SIGN => {
                let mut words = value.splitn(3, '.');
                let n = words.next()?.parse().ok()?;
                Some(Self { n, signed: Some((words.next()?.to_owned(), words.next()?.parse().ok()?)), at })
            }
            _ => None,
        }
    }

    /// Whether this worker signed it.
    #[must_use]
    pub fn is_of(&self, worker: &str) -> bool {
        self.signed.as_ref().is_some_and(|(name, _)| name == worker)
    }
}

/// What reached the fake Asterisk, by channel, read on from where it was looked at last.
#[derive(Debug, Default)]
pub struct Ledger {
    requests: HashMap<String, Vec<Request>>,
    next: u64,
}

impl Ledger {
    /// Reads what came since the last time; returns how many requests of handlers those were.
    pub fn read(&mut self, simulator: &Simulator) -> usize {
        let requests = simulator.requests_since(self.next);
        let Some(last) = requests.last() else { return 0 };
        self.next = last.number + 1;
        let mut new = 0;
        for (channel, request) in requests.iter().filter_map(Request::read) {
            self.requests.entry(channel.to_owned()).or_default().push(request);
            new += 1;
        }
        new
    }

    /// The requests of a call, in the order of their arrival.
    #[must_use]
    pub fn of(&self, channel: &str) -> &[Request] {
        self.requests.get(channel).map_or(&[], Vec::as_slice)
    }

    /// The last step of a call.
    #[must_use]
    pub fn last_step(&self, channel: &str) -> Option<&Request> {
        self.of(channel).iter().rev().find(|request| request.signed.is_none())
    }

    /// How many calls have taken a step.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.requests.keys().filter(|channel| self.last_step(channel).is_some()).count()
    }
}

/// One call.
#[derive(Debug, Clone, Default)]
pub struct CallRecord {
    /// Its channel.
    pub channel: String,
    /// Asterisk sent the numbered events from 1 to this.
    pub sent: u64,
    /// What reached Asterisk, in that order.
    pub requests: Vec<Request>,
    /// What handlers wrote of it, in that order.
    pub entries: Vec<Entry>,
    /// How it ended, if it has.
    pub end: Option<CallEnd>,
}
