//! The daemon beside Asterisk: hands its calls to workers on a message bus, and their commands back.
//!
//! [`Fleet::run`] is the whole of it; the binary adds the command line, logs and signals.

mod applications;
mod asterisk;
pub mod check;
mod claim;
pub mod config;
mod dialog;
mod discretion;
mod fields;
mod fleet;
mod http;
mod limits;
mod log_control;
pub mod metrics;
mod pauses;
mod policy;
mod proxy;
#[cfg_attr(not(feature = "sabotage"), allow(unreachable_pub))]
mod sabotage;
mod stream;
#[cfg(test)]
mod testing;

pub use asterisk::dial_in::ListenError;
pub use discretion::may_be_logged;
pub use fleet::Fleet;
pub use http::HttpError;
pub use log_control::LogControl;
pub use metrics::{Metric, Metrics};
pub use proxy::{Proxy, StartError};
#[cfg(feature = "sabotage")]
pub use sabotage::Sabotage;
