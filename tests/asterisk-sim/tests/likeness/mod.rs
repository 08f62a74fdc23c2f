//! Puts the same calls through a real Asterisk and the simulator and compares what is seen of both.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code, though not inside a test function")]

pub(crate) mod compare;
pub(crate) mod script;
pub(crate) mod scripts;
pub(crate) mod shape;
pub(crate) mod side;
