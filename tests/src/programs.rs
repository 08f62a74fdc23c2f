//! Proxies, workers and the SDK's examples as processes of their own, to be killed, paused and told to end. Not to be taken for
//! [`process`](crate::process), which is a part of this one.

use std::{
    io::Write as _,
    ops::Deref,
    path::{Path, PathBuf},
};

use ari_testbed::Program;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::{
    handlers::Handler,
    wait::{DEADLINE, ok},
};

/// Where the programs are: [`programs!`](crate::programs!) tells, which cargo lets know where tests are.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// The proxy's.
    pub proxy: &'static str,
    /// The worker's.
    pub worker: &'static str,
}

/// Where this build's [`Programs`](crate::programs::Programs) are.
#[macro_export]
macro_rules! programs {
    () => {
        $crate::programs::Programs {
            proxy: env!("CARGO_BIN_EXE_test-proxy"),
            worker: env!("CARGO_BIN_EXE_test-worker"),
        }
    };
}

impl Programs {
    /// Where the SDK's example of this name is: cargo builds them beside the programs, but does not tell where.
    ///
    /// # Panics
    /// When it was not built.
    #[must_use]
    pub fn example(&self, name: &str) -> PathBuf {
        let path = Path::new(self.worker).with_file_name("examples").join(name);
        assert!(path.exists(), "{} is not there: cargo build -p ari-client --examples", path.display());
        path
    }
}

/// What the programs log unless `RUST_LOG` says otherwise; seen when a test fails.
const LOG: &str = "warn,async_nats=off,lapin=off";

fn log() -> [(&'static str, String); 2] {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| LOG.to_owned());
    [("RUST_LOG", filter), ("NO_COLOR", "1".to_owned())]
}

/// A program that shows what it printed when its test fails.
#[derive(Debug)]
pub struct Running {
    program: Program,
    name: String,
    /// What it reads while it starts.
    _config: Option<NamedTempFile>,
}

impl Running {
    /// Starts a proxy.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn proxy(programs: Programs, config: &Value) -> Self {
        Self::proxy_with(programs, config, &[])
    }

    /// Starts a proxy that takes over from the one that runs.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn successor(programs: Programs, config: &Value) -> Self {
        Self::proxy_with(programs, config, &["--take-over"])
    }

    /// Starts a proxy that logs as this filter says.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn proxy_logging(programs: Programs, config: &Value, filter: &str) -> Self {
        let [_, colours] = log();
        Self::proxy_as(programs, config, &[], &[("RUST_LOG", filter.to_owned()), colours])
    }

    fn proxy_with(programs: Programs, config: &Value, options: &[&str]) -> Self {
        Self::proxy_as(programs, config, options, &log())
    }

    fn proxy_as(
        programs: Programs,
        config: &Value,
        options: &[&str],
        variables: &[(&'static str, String)],
    ) -> Self {
        let mut file = ok(NamedTempFile::new());
        ok(file.write_all(config.to_string().as_bytes()));
        let path = file.path().to_string_lossy().into_owned();
        let arguments = [&[path.as_str()], options].concat();
        let program = ok(Program::start("a proxy", Path::new(programs.proxy), &arguments, variables));
        Self { program, name: "the proxy".to_owned(), _config: Some(file) }
    }

    /// Starts a worker.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn worker(programs: Programs, worker: &Worker<'_>) -> Self {
        let Worker { name, bus_url, application, limit, handler, diary } = worker;
        let [filter, colours] = log();
        let variables = [
            ("ARI_WORKER_NAME", (*name).to_owned()),
            ("ARI_WORKER_BUS_URL", (*bus_url).to_owned()),
            ("ARI_WORKER_APPLICATIONS", (*application).to_owned()),
            ("ARI_WORKER_LIMIT", limit.to_string()),
            filter,
            colours,
        ];
        let arguments = [handler.name(), &diary.to_string_lossy()];
        let program = ok(Program::start("a worker", Path::new(programs.worker), &arguments, &variables));
        Self { program, name: (*name).to_owned(), _config: None }
    }

    /// Starts one of the SDK's examples as a user does, with its settings in the environment.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn example(
        programs: Programs,
        name: &str,
        arguments: &[&str],
        settings: &[(&'static str, String)],
    ) -> Self {
        let variables = [&log()[..], settings].concat();
        let program = ok(Program::start("an example", &programs.example(name), arguments, &variables));
        Self { program, name: name.to_owned(), _config: None }
    }

    /// Tells it to end, and waits until it has; it must have done so in good order.
    ///
    /// # Panics
    /// When it has not.
    pub async fn stop(self) {
        ok(self.terminate());
        let status = ok(self.ended(DEADLINE).await);
        assert!(status.success(), "{} ended with {status}", self.name);
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Deref for Running {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<&str> = output.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LINES)..];
            println!("--- {} ({:?}) printed last:\n{}", self.name, self.status(), shown.join("\n"));
        }
    }
}

/// How many lines of each program a failure shows.
const LINES: usize = 60;

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct Worker<'a> {
    /// Its name, which its commands and its diary carry; without dots.
    pub name: &'a str,
    /// Where it finds the bus.
    pub bus_url: &'a str,
    /// The application whose pool it joins.
    pub application: &'a str,
    /// How many calls it takes at once.
    pub limit: usize,
    /// What it does with them.
    pub handler: Handler,
    /// Where it writes what happened.
    pub diary: &'a Path,
}
