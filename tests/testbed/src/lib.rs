//! Starts a real Asterisk, NATS, RabbitMQ and SIPp for the tests, and stops, kills, pauses and restarts
//! them.
//!
//! The servers are Debian's, from a root folder which is made once with debootstrap (a minute or two, with
//! its progress on standard error) and kept in a cache folder: `$ARI_TESTBED_CACHE`, else
//! `~/.cache/ari-proxy/testbed`. An old Asterisk has a root of its own there ([`Release`]). Each server has a folder and free ports of its own on 127.0.0.1, so that
//! any number of them run side by side, and none outlives the process that started it, even if that was
//! killed. It needs root's rights and says so. With `ARI_TESTBED_KEEP` set, the servers' folders stay for a
//! look at their logs, below `run/ari` in the root.
//!
//! ```no_run
//! # async fn test() -> ari_testbed::Result<()> {
//! use ari_testbed::{Asterisk, AsteriskOptions, Nats};
//!
//! let nats = Nats::start().await?;
//! let asterisk = Asterisk::start(AsteriskOptions::new().application("hello")).await?;
//! println!("{} {}", nats.url(), asterisk.ari_url());
//! nats.kill().await?;
//! nats.start_again().await?; // on the same port
//! # Ok(())
//! # }
//! ```
//!
//! A test binary whose tests share a server keeps it in a static; it is gone with the binary:
//!
//! ```no_run
//! use ari_testbed::Nats;
//! use tokio::sync::OnceCell;
//!
//! async fn nats() -> &'static Nats {
//!     static NATS: OnceCell<Nats> = OnceCell::const_new();
//!     NATS.get_or_init(|| async { Nats::start().await.unwrap_or_else(|error| panic!("{error}")) }).await
//! }
//! ```

mod asterisk;
mod error;
mod http;
mod nats;
mod ports;
mod process;
mod program;
mod promtool;
mod rabbitmq;
mod root;
mod server;
mod sipp;

pub use asterisk::{Asterisk, AsteriskOptions, CONTINUED};
pub use error::{Error, Result};
pub use nats::Nats;
pub use ports::free_tcp_port;
pub use program::Program;
pub use promtool::check_metrics;
pub use rabbitmq::{Queue, RabbitMq};
pub use root::{CACHE_VARIABLE, MIRROR_VARIABLE, Release, Root, cache_folder};
pub use server::Server;
pub use sipp::{Scenario, Sipp, SippOptions, SippReport};

/// How many lines of a log an error shows: enough to see the cause, few enough to read.
const TAIL_LINES: usize = 30;

/// The end of a log.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// What to say when this machine refused the mounts that each server, and debootstrap, has for itself.
fn no_mounts(output: &str) -> Option<&'static str> {
    let refused = output.contains("unshare") && output.contains("not permitted");
    refused.then_some("root may not mount anything here; a container must be run with --privileged")
}
