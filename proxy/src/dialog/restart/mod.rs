//! A proxy process that follows another: calls outlive that one, in Asterisk and in their workers.
//!
//! Workers bring their dialogs ([`attach`]). What is in Stasis and nobody brings is offered to the pool ([`orphans`]), together
//! with what belongs to it: the channels are marked ([`mark`]). Until that is clear, events that may be for such calls are
//! held ([`settling`]).

mod attach;
mod mark;
mod orphans;
mod settling;

pub(crate) use attach::attach;
pub(crate) use mark::Marks;
pub(super) use mark::VARIABLE;
pub(super) use orphans::adopt;
pub(super) use settling::end;
pub(crate) use settling::{Settling, hold_all, look, settle};
