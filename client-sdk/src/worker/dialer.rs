//! Calls that a worker begins itself.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{oneshot, watch};
use tracing::Instrument as _;

use super::{
    handler::{BoxError, Handler, Handling},
    opened,
    run::Running,
};
use crate::{Call, CommandError, CommandErrorKind, Dialing, Originate, Result};

/// The way to calls that nobody made: a program that wants to call somebody asks for one of
/// [its worker](crate::Worker::dialer), before it runs that. Clones are the same.
///
/// ```no_run
/// # async fn example(worker: ari_client::Worker) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use ari_client::{Call, Outcome};
///
/// let dialer = worker.dialer();
/// let reminder = async move {
///     let alice = dialer.call("reminders", "PJSIP/alice").ring_for(Duration::from_secs(20));
///     alice
///         .run(|_call, dialing| async move {
///             let Outcome::Answered(alice) = dialing.outcome().await? else { return Ok(()) };
///             alice.play("sound:hello-world").await?.finished().await?;
///             alice.hangup().await
///         })
///         .await
/// };
/// // Should this worker die meanwhile, another one goes on with the call.
/// let resumed = |call: Call| async move { call.channel().hangup().await };
/// let (_reminded, _done) = tokio::join!(reminder, worker.application("reminders").run(resumed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Dialer(Arc<watch::Sender<State>>);

/// The worker of a dialer.
#[derive(Clone, Default)]
pub(super) enum State {
    /// It does not run yet.
    #[default]
    Early,
    Runs(Weak<Running>),
    /// It never will.
    Over,
}

/// The worker's end of a dialer: when it is gone, nothing is to be waited for.
#[derive(Default)]
pub(super) struct Line(Dialer);

impl Line {
    pub(super) fn dialer(&self) -> &Dialer {
        &self.0
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.0.send_replace(State::Over);
    }
}

/// Who is to call, and through which proxy.
#[derive(Clone)]
pub struct Placing {
    dialer: Dialer,
    application: String,
    server_id: Option<String>,
}

impl Default for Dialer {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::Early)))
    }
}

impl Dialer {
    /// Prepares to call an endpoint, such as `PJSIP/alice`, into an application, which one of its proxies must serve. Whatever
    /// can be set of a [channel that a call makes](Originate) can be set; [`run`](Originate::run) starts the calling.
    pub fn call(&self, application: impl Into<String>, endpoint: impl Into<String>) -> Originate<Placing> {
        let application = application.into();
        Originate::new(Placing::new(self, application.clone()), &application, endpoint.into())
    }

    /// The worker runs.
    pub(super) fn begin(&self, running: &Arc<Running>) {
        self.0.send_replace(State::Runs(Arc::downgrade(running)));
    }

    /// Its worker, as soon as that runs.
    async fn running(&self) -> Result<Arc<Running>> {
        let mut state = self.0.subscribe();
        // `self` has the sender: this cannot fail.
        let _ = state.wait_for(|state| !matches!(state, State::Early)).await;
        let running = match &*state.borrow() {
            State::Runs(running) => running.upgrade(),
            State::Early | State::Over => None,
        };
        running
            .filter(|running| !running.draining.is_cancelled())
            .ok_or_else(|| unavailable("the worker stops, or has stopped"))
    }
}

impl Originate<Placing> {
    /// Through the proxy of this `server_id`, and no other.
    pub fn on(mut self, server_id: impl Into<String>) -> Self {
        self.by.on(server_id.into());
        self
    }

    /// Opens a call of its own and starts the calling. Returns the call as soon as it is open; the handler runs in a task of its
    /// own, as one of a call that came in does, with what there is to know of the calling. Its [`Call::channel`] is the channel that is
    /// called.
    ///
    /// Waits for the worker to run. The call counts among those of the worker's [limit](crate::Worker::limit). Should the worker
    /// die, another one of the application's pool gets it, [resumed](Call::resumed), with the handler that it has for that.
    ///
    /// # Errors
    /// `Unavailable` when no proxy serves the application, when that has no Asterisk, or when the worker is full or stops; `NotFound`
    /// when the proxy that was asked for does not serve it. What goes wrong with the calling itself is the handler's failure.
    pub async fn run<H, F, E>(self, handler: H) -> Result<Call>
    where
        H: FnOnce(Call, Dialing) -> F + Send + 'static,
        F: Future<Output = std::result::Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (placing, content) = (self.by.clone(), self.content());
        let work = move |call: Call| -> Handling {
            Box::pin(async move {
                let dialing = self.by(call.clone()).dial().await?;
                handler(call, dialing).await.map_err(Into::into)
            })
        };
        placing.begin(content, work).await
    }
}

impl Placing {
    pub(super) fn new(dialer: &Dialer, application: String) -> Self {
        Self { dialer: dialer.clone(), application, server_id: None }
    }

    pub(super) fn on(&mut self, server_id: String) {
        self.server_id = Some(server_id);
    }

    /// Opens a call, whose first channel will be made of this content, and does its work in a task of its own.
    pub(super) async fn begin(
        self,
        content: String,
        work: impl FnOnce(Call) -> Handling + Send + 'static,
    ) -> Result<Call> {
        let running = self.dialer.running().await?;
        let place =
            running.room.take().ok_or_else(|| unavailable("the worker has as many calls as it may"))?;
        let span = tracing::info_span!("call", application = %self.application, placed = true);
        let wanted = opened::Wanted { application: self.application, server_id: self.server_id };
        let (begun, beginning) = oneshot::channel();
        let handler: Box<dyn Handler> = Box::new(Once(Mutex::new(Some(Box::new(work)))));
        let serving = opened::serve(Arc::clone(&running), wanted, content, handler, place, begun);
        running.spawn(serving.instrument(span));
        drop(running);
        beginning.await.unwrap_or_else(|_| Err(unavailable("the worker stops, or has stopped")))
    }
}

/// The work of one call.
type Work = Box<dyn FnOnce(Call) -> Handling + Send>;

/// A handler of one call.
struct Once(Mutex<Option<Work>>);

impl Handler for Once {
    fn handle(&self, call: Call) -> Handling {
        let work = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match work {
            Some(work) => work(call),
            None => Box::pin(async { Err(BoxError::from("a call began twice")) }),
        }
    }
}

pub(super) fn unavailable(text: &str) -> CommandError {
    CommandError::new(CommandErrorKind::Unavailable, "open", text)
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Placing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placing").field("application", &self.application).finish_non_exhaustive()
    }
}
