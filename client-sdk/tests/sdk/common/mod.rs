//! What the tests share: proxies that do what a test tells them, and workers to tell it about.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

pub mod beats;
pub mod proxy;
pub mod proxy1;

use std::{sync::Arc, time::Duration};

use ari_bus::{Bus, memory::MemoryBus};
use ari_client::{Call, CommandError, Handler, Worker, WorkerError};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes; it only turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that must happen.
pub async fn soon<F: Future>(what: F) -> F::Output {
    timeout(PATIENCE, what).await.expect("what was waited for did not happen")
}

/// A worker that runs in a task of its own.
pub struct Running {
    pub stop: CancellationToken,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    /// Runs a worker for `hello`, set up further by `set_up`.
    pub fn start<H, F>(bus: &MemoryBus, set_up: impl FnOnce(Worker) -> Worker, handler: H) -> Self
    where
        H: Fn(Call) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), CommandError>> + Send + 'static,
    {
        Self::serve(bus, set_up, handler)
    }

    /// The same, with any handler.
    pub fn serve(bus: &MemoryBus, set_up: impl FnOnce(Worker) -> Worker, handler: impl Handler) -> Self {
        let stop = CancellationToken::new();
        let bus: Arc<dyn Bus> = Arc::new(bus.clone());
        let worker = set_up(Worker::with_bus(bus).application("hello").shutdown(stop.clone()));
        Self { stop, task: tokio::spawn(worker.run(handler)) }
    }

    /// Tells it to stop and waits until it has.
    pub async fn stopped(self) {
        self.stop.cancel();
        soon(self.task).await.expect("the worker's task panicked").expect("the worker failed");
    }

    /// Waits until it has stopped by itself.
    pub async fn ended(self) -> Result<(), WorkerError> {
        soon(self.task).await.expect("the worker's task panicked")
    }
}

/// A worker whose calls are handed to the test, which then is their handler; each handler ends when its call does.
pub fn hand_over(bus: &MemoryBus, set_up: impl FnOnce(Worker) -> Worker) -> (Running, mpsc::Receiver<Call>) {
    let (sender, calls) = mpsc::channel(1000);
    let running = Running::start(bus, set_up, move |call: Call| {
        let sender = sender.clone();
        async move {
            sender.send(call.clone()).await.expect("the test has gone");
            call.ended().await;
            Ok(())
        }
    });
    (running, calls)
}

pub fn stasis_start(channel: &str) -> Value {
    json!({
        "type": "StasisStart", "application": "hello", "args": ["a", "b c"], "timestamp": "2026-11-20T17:13:34.872+0000",
        "channel": { "id": channel, "name": "PJSIP/alice-1", "state": "Ring",
            "caller": { "name": "Alice", "number": "+15550100" }, "connected": { "name": "", "number": "" },
            "dialplan": { "context": "default", "exten": "1000", "priority": 1 } },
    })
}

pub fn of_channel(kind: &str, channel: &str) -> Value {
    json!({ "type": kind, "channel": { "id": channel } })
}

/// A channel as Asterisk describes it, with a field that only a newer one has.
pub fn described(channel: &str) -> Value {
    json!({
        "id": channel, "protocol_id": "", "name": "PJSIP/bob-1", "state": "Down", "accountcode": "", "language": "en",
        "caller": { "name": "", "number": "" }, "connected": { "name": "", "number": "" },
        "dialplan": { "context": "default", "exten": "1", "priority": 1, "app_name": "", "app_data": "" },
        "creationtime": "2026-11-20T17:13:34.872+0000", "new": 1,
    })
}
