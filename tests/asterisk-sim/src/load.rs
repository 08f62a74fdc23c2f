//! Many calls at a steady rate, each with numbered events right behind its StasisStart: load, and an oracle
//! for what was lost, doubled or swapped.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::sleep_until};

use crate::{
    server::{
        Shared, frame,
        frame::opcode,
        outbox::{Outbox, Outgoing},
    },
    simulator::Run,
    state::{
        World,
        call::{CallEnd, CallState, CallWatch},
        channel::Party,
        lifecycle::{By, Incoming},
        now,
    },
};

/// Which event carries the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadEvent {
    /// `"userevent":{"eventname":"load","n":17}`.
    #[default]
    Userevent,
    /// `"variable":"LOAD","value":"17"`.
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
    /// Numbered events of each call, 1, 2, 3 …, without a pause behind StasisStart.
    pub events_per_call: u64,
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
    /// Numbered events that were handed to the websocket: 0 when nobody was connected.
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
    stop: tokio_util::sync::CancellationToken,
    began: Instant,
}

impl Load {
    pub(crate) fn start(shared: Arc<Shared>, run: &Run, plan: LoadPlan) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let stop = run.cancel.child_token();
        let (made, token) = (Arc::clone(&calls), stop.clone());
        let task = run.tasks.spawn(async move {
            token.run_until_cancelled(place_all(&shared, &plan, &made)).await;
        });
        Self { calls, task, stop, began: Instant::now() }
    }

    /// Calls placed so far.
    pub fn placed(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Places no more calls.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until all calls are placed.
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
    let (channel_id, ready) = {
        let mut world = shared.world();
        let at = Instant::now();
        let channel_id = world.incoming(incoming, watch);
        if let Some(after) = plan.hang_up_after {
            world.later_on(&channel_id, after, |world, id| world.hang_up(id, 0, By::Caller));
        }
        let outbox = receiver(&world, &plan.application);
        if let Some(outbox) = &outbox
            && plan.events_per_call > 0
        {
            outbox.send(Outgoing::Bytes(numbered(&world, &channel_id, plan).into()));
        }
        (channel_id, (at, outbox.is_some()))
    };
    let events = if ready.1 { plan.events_per_call } else { 0 };
    LoadCall { channel_id, at: ready.0, events, state }
}

fn receiver(world: &World, application: &str) -> Option<Outbox> {
    world.applications.get(application).and_then(|application| application.socket.clone())
}

/// All numbered events of a call as frames in one buffer. Only the number differs, so that the rest is
/// written once.
fn numbered(world: &World, channel_id: &str, plan: &LoadPlan) -> Vec<u8> {
    let channel = world.channels.get(channel_id).map(|channel| channel.json()).unwrap_or_default();
    let mut head = json!({
        "timestamp": now(),
        "asterisk_id": world.options.asterisk_id,
        "application": plan.application,
        "channel": channel,
    });
    let tail = match plan.event {
        LoadEvent::Userevent => {
            head["type"] = "ChannelUserevent".into();
            head["eventname"] = "load".into();
            let filler = if plan.filler > 0 { filler(plan.filler) } else { String::new() };
            (r#","userevent":{"eventname":"load""#.to_owned() + &filler + r#","n":"#, "}}")
        }
        LoadEvent::Varset => {
            head["type"] = "ChannelVarset".into();
            head["variable"] = "LOAD".into();
            let filler = if plan.filler > 0 { filler(plan.filler) } else { String::new() };
            (filler + r#","value":""#, "\"}")
        }
    };
    let mut text = Value::to_string(&head);
    text.pop();
    text.push_str(&tail.0);
    let fixed = text.len();
    let mut frames = Vec::with_capacity((fixed + 32) * plan.events_per_call as usize);
    for number in 1..=plan.events_per_call {
        text.truncate(fixed);
        // Writing to a String cannot fail.
        let _ = write!(text, "{number}{}", tail.1);
        frame::encode(opcode::TEXT, text.as_bytes(), &mut frames);
    }
    frames
}

fn filler(bytes: usize) -> String {
    format!(r#","filler":"{}""#, "x".repeat(bytes))
}
