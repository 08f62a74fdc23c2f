//! What the event stream is published with, on real brokers, read by plain clients of theirs that know nothing of us.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say so and end")]

mod jetstream;
mod nats;
mod outages;
mod rabbitmq;
mod reader;
mod refusals;
mod support;
mod throughput;
