//! A program of the tests' own in a process of its own, to be killed, paused and told to end as servers are.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::{POLL, Process};
use crate::{Error, Result, tail};

/// How long a killed program may take to be gone, and a paused one until each of its threads has stopped.
const SIGNAL_DEADLINE: Duration = Duration::from_secs(10);

/// A running program; it is killed when dropped, and when this process ends.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    process: Mutex<Process>,
    output: tempfile::NamedTempFile,
}

impl Program {
    /// Starts one with these arguments, and these variables besides those of this process. What it prints is kept.
    pub fn start(
        name: &'static str,
        path: &Path,
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Result<Program> {
        let failed = || Error::system(format!("start {name}"));
        let output = tempfile::NamedTempFile::new().map_err(failed())?;
        let mut words: Vec<OsString> = vec![path.into()];
        words.extend(arguments.iter().map(OsString::from));
        let process = Process::spawn(&words, |command| {
            // Appended to, so that the shell's words and the program's stand one behind the other.
            let file = File::options().append(true).open(output.path())?;
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            command.stdout(file.try_clone()?).stderr(file);
            Ok(())
        });
        Ok(Program { name, process: Mutex::new(process.map_err(failed())?), output })
    }

    /// Kills it (SIGKILL); it is gone when this returns.
    pub async fn kill(&self) -> Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.ended(SIGNAL_DEADLINE).await
    }

    /// Stops it in its tracks (SIGSTOP): it does nothing from when this returns, and its connections stay open.
    pub async fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let until = Instant::now() + SIGNAL_DEADLINE;
        while !self.process().is_paused_itself() {
            if Instant::now() > until {
                return Err(Error::NotPaused { server: self.name, deadline: SIGNAL_DEADLINE });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Lets it go on after [`pause`](Self::pause) (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Tells it to end (SIGTERM), and does not wait.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Waits until it has ended, by itself or not.
    pub async fn ended(&self, deadline: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + deadline;
        loop {
            if let Some(status) = self.status()? {
                return Ok(status);
            }
            if Instant::now() > until {
                return Err(Error::NotEnded { server: self.name, deadline, tail: tail(&self.output()) });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// How it ended; `None` while it runs, paused or not.
    pub fn status(&self) -> Result<Option<ExitStatus>> {
        self.process().ended().map_err(Error::system(format!("wait for {}", self.name)))
    }

    /// How many files and sockets it has open.
    pub fn open_files(&self) -> Result<usize> {
        self.process().open_files().map_err(Error::system(format!("look at the files of {}", self.name)))
    }

    /// What it has printed, to stdout and to stderr.
    pub fn output(&self) -> String {
        fs::read(self.output.path())
            .map_or_else(|_| String::new(), |text| String::from_utf8_lossy(&text).into())
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        // One that has ended and was waited for has no number any more: it may be somebody else's.
        if self.status()?.is_some() {
            return Err(Error::NotRunning(self.name));
        }
        let sent = self.process().signal_itself(signal);
        sent.map_err(|error| Error::system(format!("signal {}", self.name))(io::Error::from(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::start("shell", Path::new("/bin/sh"), &["-c", script], &[("WORD", "hello".to_owned())])
            .unwrap()
    }

    #[tokio::test]
    async fn a_program_s_output_and_status_are_kept() {
        let program = shell("echo $WORD; echo error >&2; exit 3");
        assert_eq!(program.ended(SIGNAL_DEADLINE).await.unwrap().code(), Some(3));
        assert_eq!(program.output(), "hello\nerror\n");
        assert!(matches!(program.terminate(), Err(Error::NotRunning(_))));
    }

    #[tokio::test]
    async fn a_program_is_paused_and_told_to_end() {
        let program = shell("trap 'echo ends; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        while program.output() != "ready\n" {
            tokio::time::sleep(POLL).await;
        }
        program.pause().await.unwrap();
        program.terminate().unwrap();
        assert_eq!(program.status().unwrap(), None);
        program.resume().unwrap();
        assert!(program.ended(SIGNAL_DEADLINE).await.unwrap().success());
        assert_eq!(program.output(), "ready\nends\n");
    }

    #[tokio::test]
    async fn a_killed_program_is_gone() {
        use std::os::unix::process::ExitStatusExt;
        let program = shell("while :; do sleep 1; done");
        program.pause().await.unwrap();
        assert_eq!(program.kill().await.unwrap().signal(), Some(9));
    }
}
