//! The life of a server: started, killed, stopped, paused, started again on the same ports.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::http::Http;
use crate::process::{InRoot, POLL, Process};
use crate::root::{Instance, Release, Root};
use crate::{Error, Result, no_mounts, tail};

/// How often a starting server is asked whether it is ready.
const READY_POLL: Duration = Duration::from_millis(20);

/// How long a server may take to end when told to: RabbitMQ closes its queues, Asterisk its channels.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// How long a killed server may take to be gone; only an overloaded machine needs more than a moment.
const KILL_DEADLINE: Duration = Duration::from_secs(10);

/// How long a paused server may take until each of its threads has stopped.
const PAUSE_DEADLINE: Duration = Duration::from_secs(10);

/// How many times a start goes on to other ports. Another process has to take a port in the moment
/// between looking and starting: twice in a row is rare enough.
const PORT_ATTEMPTS: usize = 5;

/// Where what a server prints goes, in its folder.
pub(crate) const CONSOLE: &str = "console.log";

/// What the servers print when a port is not theirs to take.
const TAKEN: [&str; 2] = ["ddress already in use", "eaddrinuse"];

/// What differs between the kinds of servers.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// Its name in paths.
    pub(crate) folder: &'static str,
    /// Where its log is, in its folder.
    pub(crate) log: &'static str,
    /// What it logs once it serves.
    pub(crate) ready: &'static str,
    /// How long it may take until then.
    pub(crate) start_deadline: Duration,
}

/// How one server is started.
#[derive(Debug)]
pub(crate) struct Launch {
    /// What starts it.
    pub(crate) command: InRoot,
    /// What answers once it serves, besides its log saying so.
    pub(crate) probe: Option<Http>,
}

/// A real server in a process of its own: what [`Asterisk`](crate::Asterisk), [`Nats`](crate::Nats) and
/// [`RabbitMq`](crate::RabbitMq) have in common. It is killed when dropped, and when this process ends.
#[derive(Debug)]
pub struct Server {
    kind: &'static Kind,
    launch: Launch,
    // Before its folder, so that it is gone when that is removed.
    process: Mutex<Option<Process>>,
    instance: Instance,
}

impl Server {
    /// Starts a server of a Debian release that `configure` sets up in a new folder, on ports which it chooses.
    pub(crate) async fn start<T>(
        kind: &'static Kind,
        release: Release,
        configure: impl Fn(&Instance) -> Result<(Launch, T)>,
    ) -> Result<(Server, T)> {
        let root = Root::shared(release).await?;
        let mut attempt = 0;
        loop {
            let instance = Instance::new(&root, kind.folder)?;
            let (launch, setup) = configure(&instance)?;
            let server = Server { kind, launch, instance, process: Mutex::new(None) };
            attempt += 1;
            match server.start_again().await {
                Ok(()) => return Ok((server, setup)),
                Err(Error::AddressTaken { .. }) if attempt < PORT_ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts it again after [`kill`](Server::kill) or [`stop`](Server::stop): same folder, same ports, and
    /// ready when this returns.
    pub async fn start_again(&self) -> Result<()> {
        let logged = self.log().len();
        let printed = self.instance.read(CONSOLE).len();
        {
            let mut running = self.process();
            // One that has ended by itself, crashed perhaps, may be started again.
            if running.as_mut().is_some_and(|process| matches!(process.ended(), Ok(None))) {
                return Err(Error::Running(self.kind.name));
            }
            running.take();
            let path = self.instance.path(CONSOLE);
            let console =
                File::options().create(true).append(true).open(&path).map_err(Error::path("open", &path))?;
            let process = self.launch.command.spawn_server(self.root().path(), &console);
            *running = Some(process.map_err(Error::system(format!("start {}", self.kind.name)))?);
        }
        let result = self.until_ready(logged, printed).await;
        if result.is_err() {
            self.process().take();
        }
        result
    }

    async fn until_ready(&self, logged: usize, printed: usize) -> Result<()> {
        let deadline = Instant::now() + self.kind.start_deadline;
        loop {
            let ended = self.ended()?;
            let log = since(&self.log(), logged).to_owned();
            let console = since(&self.instance.read(CONSOLE), printed).to_owned();
            let tail = || self.tail();
            if TAKEN.iter().any(|taken| log.contains(taken) || console.contains(taken)) {
                return Err(Error::AddressTaken { server: self.kind.name, tail: tail() });
            }
            if let Some(status) = ended {
                return Err(Error::NotStarted {
                    server: self.kind.name,
                    reason: reason(status, &console),
                    tail: tail(),
                });
            }
            if log.contains(self.kind.ready) && self.answers().await {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Error::NotReady {
                    server: self.kind.name,
                    deadline: self.kind.start_deadline,
                    tail: tail(),
                });
            }
            tokio::time::sleep(READY_POLL).await;
        }
    }

    /// [`stop`](Server::stop), then [`start_again`](Server::start_again).
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Kills it (SIGKILL), as a crash would; it is gone and its ports are free when this returns.
    pub async fn kill(&self) -> Result<()> {
        match &*self.process() {
            Some(process) => process.kill(),
            None => return Err(Error::NotRunning(self.kind.name)),
        }
        self.until_ended(KILL_DEADLINE).await
    }

    /// Tells it to end (SIGTERM) and waits until it has.
    pub async fn stop(&self) -> Result<()> {
        match &*self.process() {
            // A paused server would not hear it.
            Some(process) => {
                process.signal(Signal::CONT);
                process.signal(Signal::TERM);
            }
            None => return Err(Error::NotRunning(self.kind.name)),
        }
        self.until_ended(STOP_DEADLINE).await
    }

    /// Stops it in its tracks (SIGSTOP): its connections stay open, and nothing answers on them from when this
    /// returns.
    pub async fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let until = Instant::now() + PAUSE_DEADLINE;
        while !self.process().as_ref().is_some_and(Process::is_paused) {
            if Instant::now() > until {
                return Err(Error::NotPaused { server: self.kind.name, deadline: PAUSE_DEADLINE });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Lets it go on after [`pause`](Server::pause) (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Whether its process is there, paused or not.
    pub fn is_running(&self) -> bool {
        matches!(self.ended(), Ok(None))
    }

    /// The number of its process.
    pub fn process_id(&self) -> Option<u32> {
        let server = self.process().as_ref()?.server()?;
        u32::try_from(server.as_raw_nonzero().get()).ok()
    }

    /// Its log so far, over all its lives.
    pub fn log(&self) -> String {
        self.instance.read(self.kind.log)
    }

    /// Where its log is, seen from outside the root.
    pub fn log_path(&self) -> PathBuf {
        self.instance.path(self.kind.log)
    }

    /// The end of its log, or of what it printed if it has not come to log anything.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        tail(&if log.is_empty() { self.instance.read(CONSOLE) } else { log })
    }

    /// Whether its probe is answered, if it has one.
    async fn answers(&self) -> bool {
        match &self.launch.probe {
            Some(probe) => probe.get("/asterisk/info").await.is_ok_and(|(status, _)| status == 200),
            None => true,
        }
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    pub(crate) fn root(&self) -> &Root {
        self.instance.root()
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let sent = self.process().as_ref().is_some_and(|process| process.signal(signal));
        if sent { Ok(()) } else { Err(Error::NotRunning(self.kind.name)) }
    }

    fn ended(&self) -> Result<Option<ExitStatus>> {
        match &mut *self.process() {
            Some(process) => process.ended().map_err(Error::system(format!("wait for {}", self.kind.name))),
            None => Err(Error::NotRunning(self.kind.name)),
        }
    }

    async fn until_ended(&self, deadline: Duration) -> Result<()> {
        let until = Instant::now() + deadline;
        while self.ended()?.is_none() {
            if Instant::now() > until {
                return Err(Error::NotEnded { server: self.kind.name, deadline, tail: self.tail() });
            }
            tokio::time::sleep(POLL).await;
        }
        self.process().take();
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Why a test fails may be that its server crashed, which must not look like anything of ours.
        if std::thread::panicking()
            && let Ok(Some(status)) = self.ended()
        {
            println!(
                "--- {} had ended by itself ({status}); its last words:\n{}",
                self.kind.name,
                self.tail()
            );
        }
    }
}

/// What was added to a log after it had the given length.
fn since(log: &str, length: usize) -> &str {
    log.get(length..).unwrap_or_default()
}

/// Why a server ended while it started.
fn reason(status: ExitStatus, console: &str) -> String {
    if let Some(hint) = no_mounts(console) {
        return hint.to_owned();
    }
    format!("it ended by itself ({status})")
}
