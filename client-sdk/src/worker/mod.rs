//! The worker: what it is told before it runs.

mod connect;
mod connecting;
mod dialer;
mod env;
mod failure;
mod handler;
mod opened;
mod pool;
mod room;
mod run;
mod secured;
mod serve;
mod session;
mod stop;

use std::{fmt, sync::Arc, time::Duration};

use ari_bus::{
    Bus,
    protocol::{Names, check_application},
    security::Security,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Calls,
    error::WorkerError,
    limits::{CALLS_AT_ONCE, COMMAND_DEADLINE, CONNECT_DEADLINE, DRAIN_TIMEOUT, WRAP_UP},
};
use dialer::Line;

pub use {
    connecting::Connecting,
    dialer::{Dialer, Placing},
    failure::OnFailure,
    handler::{Handler, Handling},
    session::{Opening, Session},
};

/// A member of the pools of one or several applications: it takes calls and gives each to a handler.
///
/// See the [crate](crate)'s front page for an example and for what can be set by environment variables.
#[must_use = "a worker takes calls when it is run"]
pub struct Worker {
    bus: Arc<dyn Bus>,
    /// Where this worker itself connected the bus to, and with which prefix; `None` for a bus that was given to it.
    connected: Option<Connected>,
    settings: Settings,
    calls: Calls,
    line: Line,
}

#[derive(Clone)]
struct Connected {
    url: String,
    prefix: String,
}

/// What a worker is told before it runs.
#[derive(Debug, Clone)]
struct Settings {
    applications: Vec<String>,
    queue: String,
    prefix: String,
    limit: usize,
    drain_timeout: Duration,
    connect_deadline: Duration,
    command_deadline: Duration,
    wrap_up: Duration,
    on_failure: OnFailure,
    name: String,
    shutdown: Option<CancellationToken>,
    security: Security,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            applications: Vec::new(),
            queue: String::new(),
            prefix: String::new(),
            limit: CALLS_AT_ONCE,
            drain_timeout: DRAIN_TIMEOUT,
            connect_deadline: CONNECT_DEADLINE,
            command_deadline: COMMAND_DEADLINE,
            wrap_up: WRAP_UP,
            on_failure: OnFailure::default(),
            name: format!("worker-{}", Uuid::now_v7().simple()),
            shutdown: None,
            security: Security::default(),
        }
    }
}

impl Worker {
    /// Connects to the bus that `url` names (`nats://`, `tls://`, `amqp://`, `amqps://`) and waits until it is up, for
    /// [30 s](crate::limits::CONNECT_DEADLINE) at most. From then on the connection comes back by itself. Where more is needed than
    /// the URL says, a certificate or an nkey, [what is returned](Connecting) takes it before it is awaited.
    ///
    /// # Errors
    /// [`WorkerError::Unreachable`] when the bus does not come up, [`WorkerError::Bus`] for a URL that names none, and for a login or a
    /// file of TLS that cannot be used.
    pub fn connect(url: impl AsRef<str>) -> Connecting {
        Connecting::to(url.as_ref(), Settings::default())
    }

    /// A worker on a bus that the program already has, which it also closes itself.
    pub fn with_bus(bus: Arc<dyn Bus>) -> Self {
        Self {
            bus,
            connected: None,
            settings: Settings::default(),
            calls: Calls::default(),
            line: Line::default(),
        }
    }

    /// A worker as the environment describes it: see [the table](crate#environment). Connects as
    /// [`connect`](Self::connect) does.
    ///
    /// # Errors
    /// [`WorkerError::Setting`] for a variable that cannot be used, which it names; those of
    /// [`connect`](Self::connect).
    pub async fn from_env() -> Result<Self, WorkerError> {
        let (url, settings) = env::read(std::env::vars_os())?;
        Self::connect_with(&url, settings).await
    }

    async fn connect_with(url: &str, settings: Settings) -> Result<Self, WorkerError> {
        let bus = connect::connect(url, &settings).await?;
        let connected = Some(Connected { url: url.to_owned(), prefix: settings.prefix.clone() });
        Ok(Self { bus, connected, settings, calls: Calls::default(), line: Line::default() })
    }

    /// Joins the pool of an application as well.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.settings.applications.contains(&name) {
            self.settings.applications.push(name);
        }
        self
    }

    /// Joins the pool of an application if no other was named, in the program or in the environment.
    pub fn default_application(self, name: impl Into<String>) -> Self {
        if self.settings.applications.is_empty() { self.application(name) } else { self }
    }

    /// NATS: the queue group whose members share the calls; without it, or with an empty one, the application's name.
    /// RabbitMQ has one pool an application and needs none.
    pub fn queue(mut self, group: impl Into<String>) -> Self {
        self.settings.queue = group.into();
        self
    }

    /// What the installation puts before every topic (`bus_config.prefix` of the proxy). A bus that was given to
    /// [`with_bus`](Self::with_bus) must have been connected with the same one.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// The most calls at once, over all applications; [1,000](crate::limits::CALLS_AT_ONCE) if not set. A worker that
    /// is full leaves its pools and comes back when it has room.
    pub fn limit(mut self, calls: usize) -> Self {
        self.settings.limit = calls;
        self
    }

    /// How long calls may go on once the worker is to stop; [15 s](crate::limits::DRAIN_TIMEOUT) if not set.
    pub fn drain_timeout(mut self, longest: Duration) -> Self {
        self.settings.drain_timeout = longest;
        self
    }

    /// How long a command waits for its answer; [30 s](crate::limits::COMMAND_DEADLINE) if not set.
    pub fn command_timeout(mut self, longest: Duration) -> Self {
        self.settings.command_deadline = longest;
        self
    }

    /// What becomes of a call whose handler returns an error or panics, and of one of an [old proxy](crate#old-proxies) that
    /// does not finish when the worker stops; [`OnFailure::HangUp`] if not set.
    pub fn on_failure(mut self, what: OnFailure) -> Self {
        self.settings.on_failure = what;
        self
    }

    /// How long a handler may go on once its call is over; [30 s](crate::limits::WRAP_UP) if not set. Then it is cancelled:
    /// dropped at the next `await`. [`Call::wrap_up`](crate::Call::wrap_up) changes it for one call, and says more.
    pub fn wrap_up(mut self, longest: Duration) -> Self {
        self.settings.wrap_up = longest;
        self
    }

    /// What this worker is called in the logs of proxies, which see a unique end added to it: they tell workers apart by it.
    /// The broker knows the worker by the name that it was connected with, which `ARI_WORKER_NAME` sets.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Stops when `token` is cancelled, instead of at SIGTERM or SIGINT.
    pub fn shutdown(mut self, token: CancellationToken) -> Self {
        self.settings.shutdown = Some(token);
        self
    }

    /// The way to calls that the program begins itself, once the worker runs.
    #[must_use]
    pub fn dialer(&self) -> Dialer {
        self.line.dialer().clone()
    }

    /// The calls that the worker will have, for what else the program does: it is empty until the worker
    /// [runs](Self::run).
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    /// Takes calls and gives each to `handler`, in a task of its own, until the worker is told to stop: by SIGTERM or
    /// SIGINT, or by the token given to [`shutdown`](Self::shutdown). Then it [drains](crate#stopping).
    ///
    /// # Errors
    /// [`WorkerError::Setting`] for what cannot be used; [`WorkerError::Bus`] when the bus refuses the worker (its
    /// permissions, for one) or is closed. A broker that is away is no error: the worker waits for it.
    pub async fn run(self, handler: impl Handler) -> Result<(), WorkerError> {
        self.settings.check()?;
        let (bus, ours) = self.bus_for_run().await?;
        let result =
            run::run(Arc::clone(&bus), self.settings, Box::new(handler), (self.calls, self.line.dialer()))
                .await;
        if ours {
            bus.close().await;
        }
        result
    }

    /// The bus, and whether it is the worker's to close. A prefix that was set after connecting needs a connection that
    /// knows of it.
    async fn bus_for_run(&self) -> Result<(Arc<dyn Bus>, bool), WorkerError> {
        match &self.connected {
            Some(connected) if connected.prefix != self.settings.prefix => {
                self.bus.close().await;
                Ok((connect::connect(&connected.url, &self.settings).await?, true))
            }
            connected => Ok((Arc::clone(&self.bus), connected.is_some())),
        }
    }
}

impl Settings {
    fn check(&self) -> Result<(), WorkerError> {
        if self.applications.is_empty() {
            return Err(WorkerError::setting(
                "application",
                "none is named: call .application(\"…\") or set ARI_WORKER_APPLICATIONS",
            ));
        }
        for application in &self.applications {
            check_application(application)
                .map_err(|error| WorkerError::setting("application", error.to_string()))?;
            // The name alone is good: what is wrong now is the prefix.
            (self.names().check_application(application))
                .map_err(|error| WorkerError::setting("prefix", error.to_string()))?;
        }
        if !self.queue.is_empty() {
            check_application(&self.queue)
                .map_err(|error| WorkerError::setting("queue", error.to_string()))?;
        }
        if self.limit == 0 {
            return Err(WorkerError::setting("limit", "0 calls at once is no worker"));
        }
        Ok(())
    }

    fn names(&self) -> Names {
        Names::new(self.prefix.clone())
    }

    /// The pool's name: never empty, since that would give every worker every call.
    fn queue_of<'a>(&'a self, application: &'a str) -> &'a str {
        if self.queue.is_empty() { application } else { &self.queue }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which may hold a password.
        f.debug_struct("Worker").field("settings", &self.settings).finish_non_exhaustive()
    }
}
