//! TLS and logins against the real servers: each that is right works, each that is wrong gives one line which says what to do, and whatever
//! the processes ever wrote, with the logs of all libraries on, holds none of the secrets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say so and end")]

mod asterisk;
mod calls;
mod daemon;
mod files;
mod jwt;
mod nats;
mod rabbitmq;
mod workers;
