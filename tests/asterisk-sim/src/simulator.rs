//! The simulator as a test holds it.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    call::{Call, CallBuilder},
    faults::Faults,
    limits,
    load::{Load, LoadPlan},
    options::{Outcome, SimulatorOptions},
    record::RecordedRequest,
    script::{self, ScriptedFrame},
    server::{self, Shared, frame::opcode, outbox::Outbox},
};

/// A running fake Asterisk. Dropping it stops it without waiting; [`stop`](Self::stop) waits.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    run: Mutex<Run>,
}

/// The tasks between a start and a stop.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) cancel: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Simulator {
    /// Binds the address and begins to serve.
    pub async fn start(options: SimulatorOptions) -> io::Result<Self> {
        let listener = server::bind(options.address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options));
        let run = Run::begin(&shared, listener, address);
        Ok(Self { shared, address, run: Mutex::new(run) })
    }

    /// Stops as a machine that is switched off: all connections end, all state is gone, nobody listens.
    /// What was recorded stays, and so do faults.
    pub async fn stop(&self) {
        let run = self.current_run();
        run.cancel.cancel();
        run.tasks.close();
        if timeout(limits::STOP_PATIENCE, run.tasks.wait()).await.is_err() {
            // Every task waits under the cancellation: this is a bug, and hiding it helps nobody.
            eprintln!("asterisk-sim: a task did not end when the simulator was stopped");
        }
        self.shared.forget_all();
    }

    /// Starts again after [`stop`](Self::stop), on the same port.
    pub async fn start_again(&self) -> io::Result<()> {
        let listener = server::bind(self.address).await?;
        let run = Run::begin(&self.shared, listener, self.address);
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = run;
        Ok(())
    }

    /// Stops and starts again at once.
    pub async fn restart(&self) -> io::Result<()> {
        self.stop().await;
        self.start_again().await
    }

    pub(crate) fn current_run(&self) -> Run {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the REST interface, without a slash at its end: `http://127.0.0.1:1234/ari`.
    pub fn ari_url(&self) -> String {
        format!("http://{}/ari", self.address)
    }

    /// The address of the event websocket: `ws://127.0.0.1:1234/ari/events`.
    pub fn websocket_url(&self) -> String {
        format!("ws://{}/ari/events", self.address)
    }

    /// The ARI user.
    pub fn user(&self) -> &str {
        &self.shared.options.user
    }

    /// The ARI user's password.
    pub fn password(&self) -> &str {
        &self.shared.options.password
    }

    /// What can be made to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// A phone calls, and the dialplan sends it to this application. Nothing happens before
    /// [`place`](CallBuilder::place).
    pub fn call(&self, application: &str) -> CallBuilder {
        CallBuilder::new(Arc::clone(&self.shared), self.current_run(), application)
    }

    /// Starts calls at a steady rate, each with many numbered events.
    pub fn load(&self, plan: LoadPlan) -> Load {
        Load::start(Arc::clone(&self.shared), &self.current_run(), plan)
    }

    /// From now on endpoints that fit the pattern (`PJSIP/bob`, `Local/*@out`) do this when dialled.
    pub fn set_outcome(&self, pattern: &str, outcome: Outcome) {
        self.shared.world().outcomes.insert(0, (pattern.to_owned(), outcome));
    }

    /// Whether somebody has registered this application, and is still connected.
    pub fn is_registered(&self, application: &str) -> bool {
        self.shared.world().is_active(application)
    }

    /// Waits until somebody has registered this application.
    pub async fn wait_registered(&self, application: &str) {
        let mut changes = self.shared.registrations();
        while !self.is_registered(application) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Events of this application that were thrown away because nobody was connected.
    pub fn thrown_away(&self, application: &str) -> u64 {
        self.shared.world().applications.get(application).map_or(0, |application| application.thrown_away)
    }

    /// The phone at the far end of a channel, whoever made the channel: to press keys or hang up on a leg that
    /// an ARI client dialled. `None` when there is no such channel.
    pub fn phone(&self, channel_id: &str) -> Option<Call> {
        Call::on(Arc::clone(&self.shared), channel_id)
    }

    /// The ids of all channels there are now.
    pub fn channel_ids(&self) -> Vec<String> {
        self.shared.world().channels.keys().cloned().collect()
    }

    /// Every request that came in, REST over the websocket among them, in the order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.record.all().into_iter().filter(|request| !request.is_handshake()).collect()
    }

    /// The requests from this [number](RecordedRequest::number) on, for who follows them: what was seen before is not
    /// looked at again.
    pub fn requests_since(&self, number: u64) -> Vec<RecordedRequest> {
        let mut requests = self.shared.record.since(number);
        requests.retain(|request| !request.is_handshake());
        requests
    }

    /// Every websocket handshake that came in.
    pub fn handshakes(&self) -> Vec<RecordedRequest> {
        self.shared.record.all().into_iter().filter(RecordedRequest::is_handshake).collect()
    }

    /// How many requests fit a method and path, in which `*` stands for any text.
    pub fn count_requests(&self, method: &str, path: &str) -> usize {
        self.shared.record.count(method, path)
    }

    /// Waits for so many requests that fit, and returns the first of them. Answered or not.
    pub async fn wait_for_requests(&self, method: &str, path: &str, count: usize) -> Option<RecordedRequest> {
        let mut changes = self.shared.record.changes();
        while self.shared.record.count(method, path) < count {
            changes.changed().await.ok()?;
        }
        self.shared.record.find(method, path)
    }

    /// Forgets the requests recorded so far.
    pub fn clear_requests(&self) {
        self.shared.record.clear();
    }

    /// Requests that were forgotten because there were too many to keep.
    pub fn forgotten_requests(&self) -> u64 {
        self.shared.record.forgotten()
    }

    /// Sends a text to the application's websocket as it is, past filters and subscriptions. False when
    /// nobody is connected.
    pub fn send_raw(&self, application: &str, text: &str) -> bool {
        self.outbox(application).map(|outbox| outbox.send_text(text)).is_some()
    }

    /// Sends a binary frame. False when nobody is connected.
    pub fn send_binary(&self, application: &str, payload: &[u8]) -> bool {
        self.outbox(application).map(|outbox| outbox.send_frame(opcode::BINARY, payload)).is_some()
    }

    /// Sends frames one after the other, each after its delay, to whoever is then connected. Returns once
    /// the last was sent, or the simulator stopped.
    pub async fn play_script(&self, application: &str, frames: &[ScriptedFrame]) {
        let cancel = self.current_run().cancel;
        cancel.run_until_cancelled(script::play(&self.shared, application, frames)).await;
    }

    fn outbox(&self, application: &str) -> Option<Outbox> {
        script::outbox(&self.shared, application)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.current_run().cancel.cancel();
    }
}

impl Run {
    fn begin(shared: &Arc<Shared>, listener: tokio::net::TcpListener, address: SocketAddr) -> Self {
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accept = server::accept(Arc::clone(shared), listener, address, cancel.clone(), tasks.clone());
        tasks.spawn(accept);
        tasks.spawn(server::timers(Arc::clone(shared), cancel.clone()));
        Self { cancel, tasks }
    }
}
