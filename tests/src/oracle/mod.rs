//! What happened, by numbers that Asterisk put into the events and handlers into their commands: independent of our own
//! numbering.

mod findings;
mod numbers;
mod record;
mod rules;
#[cfg(test)]
mod tests;

pub use findings::{Fault, Findings};
pub use numbers::{Verdict, is_last, number};
pub use record::{CallRecord, Ledger, Request};
pub use rules::{Gaps, judge};
