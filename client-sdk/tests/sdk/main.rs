//! The SDK against a proxy of our own on a bus in memory: what it says, and what it does when the other side is late, silent or
//! wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attach;
mod call;
mod channel_events;
mod commands;
mod common;
mod delivery;
mod drain;
mod find;
mod flow;
mod handles;
mod heartbeat;
mod hostile;
mod operations;
mod outages;
mod outlive;
mod pool;
mod repeat;
mod resume;
mod router;
mod supervised;
mod typed;
mod typed_models;
mod version1;
