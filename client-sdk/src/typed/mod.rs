//! What the generated part of [`ari`](crate::ari) is made with: ids, values of a list, times, and the reading of events.

mod event;
mod id;
mod text;
pub(crate) mod timestamp;
mod unit;
mod value;

pub use event::RawEvent;
pub(crate) use event::{events, read};
pub(crate) use id::id;
pub(crate) use text::{pairs, settings, texts, tuples};
pub use unit::Timeout;
pub(crate) use unit::{milliseconds, seconds};
pub(crate) use value::{choice, value};
