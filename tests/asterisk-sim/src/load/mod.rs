//! Many calls at a steady rate, each with numbered events, all at once behind its StasisStart or one after the other while
//! it is up: load, and the ground on which a test judges what was lost, doubled or swapped.

mod numbered;
mod stream;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle, time::sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    server::{
        Shared,
        outbox::{Outbox, Outgoing},
    },
    simulator::Run,
    state::{
        World,
        call::{CallEnd, CallState, CallWatch},
        channel::Party,
        lifecycle::{By, Incoming},
    },
};
use numbered::numbered;

/// Which event carries the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadEvent {
    /// `"userevent":{"eventname":"load","n":17}`; the call's last also has `"last":true`.
    #[default]
    Userevent,
    /// `"variable":"LOAD","value":"17"`; the call's last is `"17 last"`.
    Varset,
}

/// What a load consists of.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// The application the calls enter.
    pub application: String,
    /// Arguments of `Stasis()`.
    pub args: Vec<String>,
    /// Calls a second. 0: all at once.
    pub rate: f64,
    /// How many calls in all. 0: until stopped.
    pub calls: u64,
    /// Numbered events of each call, 1, 2, 3 …. With a [`pause`](Self::pause), 0: until the load is
    /// [finished](Load::finish).
    pub events_per_call: u64,
    /// Between the numbered events of a call. Zero: all at once, right behind StasisStart. Otherwise one after the other
    /// while the call is up and somebody is connected: Asterisk throws none away.
    pub pause: Duration,
    /// Which event carries the numbers.
    pub event: LoadEvent,
    /// Bytes of filler in each numbered event. Without any an event has about 600 bytes.
    pub filler: usize,
    /// When the caller hangs up, if nobody did before. `None`: never.
    pub hang_up_after: Option<Duration>,
}

impl Default for LoadPlan {
    fn default() -> Self {
        Self {
            application: "hello".into(),
            args: Vec::new(),
            rate: 10.0,
            calls: 10,
            events_per_call: 0,
            pause: Duration::ZERO,
            event: LoadEvent::default(),
            filler: 0,
            hang_up_after: None,
        }
    }
}

/// One call of a load.
#[derive(Clone, Debug)]
pub struct LoadCall {
    /// The channel's id.
    pub channel_id: String,
    /// When its StasisStart was handed to the websocket.
    pub at: Instant,
    /// Numbered events that were handed to the websocket so far: 0 when nobody was connected.
    pub events: u64,
    state: watch::Receiver<CallState>,
}

impl LoadCall {
    /// Where the call stands now.
    pub fn state(&self) -> CallState {
        self.state.borrow().clone()
    }

    /// Waits until ARI is done with the call.
    pub async fn wait_ended(&self) -> CallEnd {
        let mut state = self.state.clone();
        match state.wait_for(|state| state.end.is_some()).await {
            Ok(state) => state.end.clone().unwrap_or(CallEnd::AsteriskGone),
            Err(_) => CallEnd::AsteriskGone,
        }
    }
}

/// What a load did.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// Every call, in the order they were placed.
    pub calls: Vec<LoadCall>,
    /// Numbered events handed to the websocket.
    pub events: u64,
    /// From the first call to the last.
    pub took: Duration,
}

/// A load under way.
pub struct Load {
    calls: Arc<Mutex<Vec<LoadCall>>>,
    task: JoinHandle<()>,
    stop: CancellationToken,
    finish: CancellationToken,
    began: Instant,
}

impl Load {
    pub(crate) fn start(shared: Arc<Shared>, run: &Run, plan: LoadPlan) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let stop = run.cancel.child_token();
        let finish = stop.child_token();
        let (made, stopped, finished) = (Arc::clone(&calls), stop.clone(), finish.clone());
        let task = run.tasks.spawn(async move {
            let placed = CancellationToken::new();
            let place = async {
                finished.run_until_cancelled(place_all(&shared, &plan, &made)).await;
                placed.cancel();
            };
            let stream = async {
                if !plan.pause.is_zero() {
                    stream::send_all(&shared, &plan, &made, &placed, &finished).await;
                }
            };
            stopped.run_until_cancelled(async { tokio::join!(place, stream) }).await;
        });
        Self { calls, task, stop, finish, began: Instant::now() }
    }

    /// Calls placed so far.
    pub fn placed(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The calls placed so far.
    pub fn calls(&self) -> Vec<LoadCall> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Places no more calls and sends no more events.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Places no more calls; with a [pause](LoadPlan::pause), the next event of each call is its last.
    pub fn finish(&self) {
        self.finish.cancel();
    }

    /// Waits until all calls are placed and all their events are sent.
    pub async fn wait(self) -> LoadReport {
        // Cancelled or through: the report tells which.
        let _ = self.task.await;
        let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        let took = calls.last().map_or(Duration::ZERO, |call| call.at.duration_since(self.began));
        LoadReport { events: calls.iter().map(|call| call.events).sum(), calls, took }
    }

    /// Waits until all calls are placed and have ended.
    pub async fn wait_ended(self) -> LoadReport {
        let report = self.wait().await;
        for call in &report.calls {
            call.wait_ended().await;
        }
        report
    }
}

async fn place_all(shared: &Shared, plan: &LoadPlan, made: &Mutex<Vec<LoadCall>>) {
    let began = Instant::now();
    let mut number = 0;
    while plan.calls == 0 || number < plan.calls {
        if plan.rate > 0.0 {
            // Against the beginning, not the call before: a late one does not delay the rest.
            sleep_until((began + Duration::from_secs_f64(number as f64 / plan.rate)).into()).await;
        } else {
            tokio::task::yield_now().await;
        }
        let call = place(shared, plan, number);
        made.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        number += 1;
    }
}

fn place(shared: &Shared, plan: &LoadPlan, number: u64) -> LoadCall {
    let watch = CallWatch::new();
    let state = watch.subscribe();
    let incoming = Incoming {
        application: plan.application.clone(),
        args: plan.args.clone(),
        caller: Party { name: "Load".into(), number: number.to_string() },
        dialled: "1000".into(),
        endpoint: "PJSIP/load".into(),
        id: None,
    };
    // Under one lock, so that nothing comes between StasisStart and the numbered events.
    let (channel_id, at, events) = {
        let mut world = shared.world();
        let at = Instant::now();
        let channel_id = world.incoming(incoming, watch);
        if let Some(after) = plan.hang_up_after {
            world.later_on(&channel_id, after, |world, id| world.hang_up(id, 0, By::Caller));
        }
        let outbox = receiver(&world, &plan.application);
        let mut events = 0;
        if let Some(outbox) = &outbox
            && plan.events_per_call > 0
            && plan.pause.is_zero()
        {
            events = plan.events_per_call;
            let frames = numbered(&world, &channel_id, plan, 1..=events, Some(events));
            outbox.send(Outgoing::Bytes(frames.into()));
        }
        (channel_id, at, events)
    };
    LoadCall { channel_id, at, events, state }
}

fn receiver(world: &World, application: &str) -> Option<Outbox> {
    world.applications.get(application).and_then(|application| application.socket.clone())
}
