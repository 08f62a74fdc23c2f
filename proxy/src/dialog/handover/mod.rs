//! The handover: everything that this process has goes to the one that takes its place, without a gap, while calls go on.
//!
//! The new process asks the one that acts ([`give`]) and connects to Asterisk, which changes over at once. The old one has every
//! event from before, the new one holds those from then on ([`take`]). The old one's dialogs come to rest ([`Freeze`]) and are
//! sent over as they are ([`form`]), in their terms, with what was not acknowledged, recorded and read. Then the new one reads
//! the topics of the workers, takes the claim and goes on ([`adopt`]): workers notice nothing. Whoever has the claim in the
//! end has the calls; until then the old process can go on as if nothing had been.

mod adopt;
mod copies;
pub(crate) mod form;
mod freeze;
mod give;
mod parts;
mod take;

pub(crate) use copies::Copies;
pub(crate) use freeze::Freeze;
pub(super) use freeze::Resting;
pub(crate) use give::{Given, Giver, give};
pub(super) use parts::hand_over;
pub(crate) use take::{Granted, ask, take};
