//! The daemon beside Asterisk: hands its calls to workers on a message bus, and their commands back.
//!
//! [`Proxy::run`] is the whole of it; the binary adds the command line, logs and signals.

mod asterisk;
mod claim;
pub mod config;
mod counters;
mod dialog;
mod fields;
mod limits;
mod pauses;
mod proxy;
#[cfg_attr(not(feature = "sabotage"), allow(unreachable_pub))]
mod sabotage;
#[cfg(test)]
mod testing;

pub use counters::{Counter, Counters};
pub use proxy::{Proxy, StartError};
#[cfg(feature = "sabotage")]
pub use sabotage::Sabotage;
