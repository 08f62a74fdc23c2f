//! A proxy process dies, and another takes its place: calls go on, each in the handler that runs already.

mod events;
mod goes_on;
mod lost;
mod worker;

use std::time::Duration;

use crate::common::{
    Running,
    beats::{Answering, Control, confirmed},
    hand_over, of_channel,
    proxy::{Dialog, From},
    soon,
};
use ari_bus::{
    memory::MemoryBus,
    protocol::{Attach, Object, ObjectKind},
};
use ari_client::{Call, CallEnd, CommandErrorKind as Kind, Method, limits};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};

/// A worker with one call, whose proxy answers heartbeats.
struct Scene {
    bus: MemoryBus,
    worker: Running,
    beats: Answering,
    proxy: Dialog,
    call: Call,
    calls: mpsc::Receiver<Call>,
}

impl Scene {
    async fn new() -> Self {
        let bus = MemoryBus::new();
        let (worker, mut calls) = hand_over(&bus, |worker| worker);
        let beats = Control::new(&bus).await.answering();
        let proxy = Dialog::accepted(&bus, "17.1").await;
        beats.list(&proxy);
        let call = soon(calls.recv()).await.unwrap();
        soon(beats.another(1)).await;
        Self { bus, worker, beats, proxy, call, calls }
    }

    /// Another process takes the place of the proxy, and gets the call.
    async fn restart(&mut self, incarnation: &str) -> Attach {
        self.beats.restart(incarnation);
        let attach = self.beats.attach().await;
        self.take(incarnation, &attach).await;
        attach
    }

    /// The process has the call: its first event, then the answer.
    async fn take(&mut self, incarnation: &str, attach: &Attach) {
        self.proxy = self.proxy.attached(incarnation, attach).await;
        self.proxy.gap().await;
        self.beats.attached(attach, &self.proxy).await;
        self.beats.list(&self.proxy);
        soon(self.call.reconnected()).await.unwrap();
    }

    /// The end of the call, and of the worker.
    async fn end(mut self) {
        self.proxy.end().await;
        assert_eq!(soon(self.call.ended()).await, CallEnd::Ended);
        self.worker.stopped().await;
    }
}

fn command(call: &Call, url: &str) -> JoinHandle<Option<Kind>> {
    let request = call.command(Method::Post, url).send();
    tokio::spawn(async move { request.await.err().map(|error| error.kind()) })
}

fn save(call: &Call, state: Value) -> JoinHandle<ari_client::Result> {
    let call = call.clone();
    tokio::spawn(async move { call.save(&state).await })
}
