//! What can go wrong in the testbed, each said so that a person knows what to do next.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The testbed's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the testbed could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not started by root.
    #[error(
        "the testbed must run as root: it makes a Debian root folder and starts the real servers in it \
         (debootstrap, chroot). Run the same command as root, for example with `sudo -E`"
    )]
    NotRoot,

    /// No Debian mirror is known to this machine.
    #[error(
        "found no Debian mirror: the sources that apt is set to on this machine name none that serves \
         Debian's main archive. Set {variable} to the address of a Debian mirror and run again"
    )]
    NoMirror {
        /// The environment variable which names a mirror.
        variable: &'static str,
    },

    /// Neither `ARI_TESTBED_CACHE` nor `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("there is no place for the testbed's cache: set {variable} to a folder on a disk with 2 GB free")]
    NoCacheFolder {
        /// The environment variable which names the folder.
        variable: &'static str,
    },

    /// A command of the preparation failed.
    #[error("`{command}` failed ({status}). The last it said:\n{tail}")]
    Preparation {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// The end of its output.
        tail: String,
    },

    /// The cache is in use, hence cannot be removed.
    #[error("{} is in use by another process: end it (a test run, `ari-testbed up`) and run again", .0.display())]
    InUse(PathBuf),

    /// A server ended while it was starting, or could not be started.
    #[error("{server} did not start: {reason}. The last of its log:\n{tail}")]
    NotStarted {
        /// Which server.
        server: &'static str,
        /// What was seen.
        reason: String,
        /// The end of its log.
        tail: String,
    },

    /// A server was not ready in time.
    #[error(
        "{server} was not ready within {} s (machine overloaded, or a configuration it cannot serve). \
         The last of its log:\n{tail}",
        deadline.as_secs()
    )]
    NotReady {
        /// Which server.
        server: &'static str,
        /// The time it had.
        deadline: Duration,
        /// The end of its log.
        tail: String,
    },

    /// Another process has the address.
    #[error("{server} found its address taken by another process. The last of its log:\n{tail}")]
    AddressTaken {
        /// Which server.
        server: &'static str,
        /// The end of its log.
        tail: String,
    },

    /// A server did not end in time.
    #[error("{server} did not end within {} s of being told to. The last of its log:\n{tail}", deadline.as_secs())]
    NotEnded {
        /// Which server.
        server: &'static str,
        /// The time it had.
        deadline: Duration,
        /// The end of its log.
        tail: String,
    },

    /// A server did not stand still in time.
    #[error("{server} did not stand still within {} s of being paused", deadline.as_secs())]
    NotPaused {
        /// Which server.
        server: &'static str,
        /// The time it had.
        deadline: Duration,
    },

    /// The server is not running.
    #[error("{0} is not running: start it (again) first")]
    NotRunning(&'static str),

    /// The server is running already.
    #[error("{0} is running already: stop or kill it first")]
    Running(&'static str),

    /// A server gave an answer that the testbed cannot use.
    #[error("asked {server} for {question} and cannot use its answer: {answer}")]
    Answer {
        /// Which server.
        server: &'static str,
        /// What was asked.
        question: String,
        /// What it said.
        answer: String,
    },

    /// No port is free.
    #[error("found no free port on 127.0.0.1 between {first} and {last}: end something that holds them")]
    NoPort {
        /// The lowest tried.
        first: u16,
        /// The highest tried.
        last: u16,
    },

    /// A server's HTTP interface could not be asked.
    #[error("could not ask {url}: {source}")]
    Http {
        /// What was asked.
        url: String,
        /// Why not.
        source: reqwest::Error,
    },

    /// The operating system refused something.
    #[error("could not {doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// Why it could not be.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: what was being done when the system refused.
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::System { doing: doing.into(), source }
    }

    /// As [`Error::system`], for the many things done with a path.
    pub(crate) fn path(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::System { doing: format!("{doing} {}", path.display()), source }
    }
}
