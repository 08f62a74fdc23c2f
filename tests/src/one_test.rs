//! One test of the binary that runs, in a process of its own: to be killed, or to have an environment of its own.

use std::process::Command;

use crate::wait::ok;

/// The command that runs one test, which is ignored otherwise; `module` is what `module_path!()` says where the test is.
///
/// # Panics
/// When the system does not tell what runs.
#[must_use]
pub fn one_test(module: &str, test: &str) -> Command {
    // The harness knows its tests by their paths inside the crate.
    let name = match module.split_once("::") {
        Some((_, inside)) => format!("{inside}::{test}"),
        None => test.to_owned(),
    };
    let mut command = Command::new(ok(std::env::current_exe()));
    command.args(["--exact", &name, "--ignored"]);
    command
}
