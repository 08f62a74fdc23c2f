//! A child process, and all that it starts, which cannot outlive this process.
//!
//! Destructors do not run when a test is killed or exits with its servers in statics. So each child gets
//! a guard: a shell which waits on a pipe that only this process holds open, and kills the child's
//! process group when the pipe closes, however that came about.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Waits until it is told to go (the guard stands by then), and becomes the command it was given.
const WAIT_FOR_GUARD: &str = r#"read -r go && exec "$@" </dev/null"#;

/// Waits until its pipe closes, then kills the process group it was given. The signals which a terminal
/// sends are not for it.
const GUARD: &str = r#"trap '' HUP INT QUIT TERM; while read -r line; do :; done; kill -s KILL -- "-$1""#;

/// The search path inside and outside the root: Debian's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a killed process may take to be gone: the kernel frees its memory and sockets first, which
/// takes long on a machine that swaps.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// How often an ended process is looked for. Only this process's own children are asked about: cheap.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// A child with its guard; it is killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    guard: Child,
    group: Pid,
    ended: Option<ExitStatus>,
}

/// A command, to be run in the testbed's root.
#[derive(Debug, Clone, Default)]
pub(crate) struct InRoot {
    /// Program and arguments, as seen inside the root.
    pub(crate) arguments: Vec<OsString>,
    /// The whole environment besides `PATH`, `LANG` and `HOME`.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl InRoot {
    /// A command of these words.
    pub(crate) fn new<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> InRoot {
        let arguments = arguments.into_iter().map(|word| word.as_ref().to_owned()).collect();
        InRoot { arguments, environment: Vec::new() }
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> InRoot {
        self.environment.push((name, value.into()));
        self
    }

    /// The command for a short-lived tool, to be run and waited for at once.
    pub(crate) fn tool(&self, root: &Path) -> Command {
        let mut command = Command::new("chroot");
        command.arg(root).args(&self.arguments);
        self.set_environment(&mut command);
        command
    }

    fn set_environment(&self, command: &mut Command) {
        command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").env("HOME", "/root");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Starts it as a server: with its own process numbers, so that whatever it starts dies with it, and
    /// its own mounts, so that `/proc` in the root is nobody else's and nothing has to be unmounted.
    pub(crate) fn spawn_server(&self, root: &Path, output: &fs::File) -> io::Result<Process> {
        let mut mount_proc = OsString::from("--mount-proc=");
        mount_proc.push(root.join("proc"));
        let mut own: Vec<OsString> =
            ["unshare", "--mount", "--pid", "--fork", "--kill-child"].map(OsString::from).into();
        own.push(mount_proc);
        self.spawn(own, root, output)
    }

    /// Starts it with the process numbers of this machine, which tell it from others of its kind.
    pub(crate) fn spawn_client(&self, root: &Path, output: &fs::File) -> io::Result<Process> {
        self.spawn(Vec::new(), root, output)
    }

    fn spawn(&self, mut words: Vec<OsString>, root: &Path, output: &fs::File) -> io::Result<Process> {
        words.extend(["chroot".into(), root.into()]);
        words.extend(self.arguments.iter().cloned());
        Process::spawn(&words, |command| {
            self.set_environment(command);
            command.stdout(output.try_clone()?).stderr(output.try_clone()?);
            Ok(())
        })
    }
}

impl Process {
    /// Starts a command; `with` sets its environment and where its output goes.
    pub(crate) fn spawn(
        words: &[OsString],
        with: impl FnOnce(&mut Command) -> io::Result<()>,
    ) -> io::Result<Process> {
        let mut command = Command::new("sh");
        command.args(["-c", WAIT_FOR_GUARD, "sh"]).args(words);
        with(&mut command)?;
        let mut child = command.stdin(Stdio::piped()).process_group(0).spawn()?;
        let group = Pid::from_child(&child);

        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh", &group.as_raw_nonzero().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let guard = match guard {
            Ok(guard) => guard,
            Err(error) => {
                // It has not been told to go and ends by itself when its pipe closes.
                drop(child.stdin.take());
                let _ = child.wait();
                return Err(error);
            }
        };
        let go = child.stdin.take();
        let process = Process { child, guard, group, ended: None };
        go.ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"go\n")?;
        Ok(process)
    }

    /// The child's standard output, if that was piped; once.
    pub(crate) fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// How it ended, or `None` while it runs.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// The number of the server itself, seen from outside its own numbers: the child of `unshare`.
    pub(crate) fn server(&self) -> Option<Pid> {
        let parent = self.child.id().to_string();
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if state(&entry.path()).is_some_and(|(_, of)| of == parent) {
                return Pid::from_raw(number);
            }
        }
        None
    }

    /// Sends a signal to the server itself; false when there is none.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        self.server().is_some_and(|server| kill_process(server, signal).is_ok())
    }

    /// Whether each thread of the server has been stopped: SIGSTOP comes to each in that one's own time, and one of
    /// them might still answer.
    pub(crate) fn is_paused(&self) -> bool {
        self.server().is_some_and(is_paused)
    }

    /// Sends a signal to the child itself, which is the command where no server stands in between.
    pub(crate) fn signal_itself(&self, signal: Signal) -> rustix::io::Result<()> {
        kill_process(self.group, signal)
    }

    /// How many files and sockets the child itself has open.
    pub(crate) fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.group.as_raw_nonzero()))?.count())
    }

    /// Whether each thread of the child itself has been stopped.
    pub(crate) fn is_paused_itself(&self) -> bool {
        is_paused(self.group)
    }

    /// Kills the server; it is gone, its ports free, once [`Process::ended`] says so.
    ///
    /// The server is killed first and its group only when that was in vain: its parent then still waits
    /// for it, and has ended only after the server is gone for good.
    pub(crate) fn kill(&self) {
        if !self.signal(Signal::KILL) {
            let _ = kill_process_group(self.group, Signal::KILL);
        }
    }
}

fn is_paused(process: Pid) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())) else {
        return false;
    };
    // A thread that is gone has nothing to say.
    threads.flatten().filter_map(|thread| state(&thread.path())).all(|(state, _)| state == "T")
}

/// The state of the process or thread in this folder of `/proc`, and its parent.
fn state(folder: &Path) -> Option<(String, String)> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // "pid (name, which may hold anything) state parent …"
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut words = after_name.split_whitespace().map(str::to_owned);
    Some((words.next()?, words.next()?))
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None)) {
            self.kill();
            let deadline = Instant::now() + GONE_WITHIN;
            while matches!(self.ended(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(POLL);
            }
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = self.child.wait();
    }
}
