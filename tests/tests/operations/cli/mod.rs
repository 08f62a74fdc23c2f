//! The command line of the daemon: what its commands print, and how they end.

mod check;
mod config;
mod logs;
mod operate;
mod secrets;
mod stream;

use ari_tests::{
    programs,
    programs::Running,
    wait::{DEADLINE, ok},
};
use serde_json::Value;

/// Runs a command of the daemon to its end: its exit status, and all that it printed.
async fn run(config: &Value, arguments: &[&str]) -> (Option<i32>, String) {
    let running = Running::daemon(programs!(), config, arguments);
    let status = ok(running.ended(DEADLINE).await);
    (status.code(), running.output())
}
