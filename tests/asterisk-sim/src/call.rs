//! A call from a phone, as a test places and follows it.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{sync::watch, time::sleep};

use crate::{
    server::Shared,
    simulator::Run,
    state::{
        World,
        call::{CallEnd, CallState, CallWatch},
        channel::Party,
        lifecycle::{By, Incoming},
    },
};

/// How long a phone holds a key down.
const DIGIT_MS: u64 = 100;

/// What a caller does, one step after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Waits for some time.
    Wait(Duration),
    /// Waits until the call is answered.
    WaitAnswered,
    /// Presses keys.
    Dtmf(String),
    /// Puts the call on hold.
    Hold,
    /// Takes it off hold.
    Unhold,
    /// Hangs up.
    HangUp,
}

/// A call that is about to be placed.
#[must_use = "no call is placed before `place`"]
pub struct CallBuilder {
    shared: Arc<Shared>,
    run: Run,
    incoming: Incoming,
    steps: Vec<Step>,
}

impl CallBuilder {
    pub(crate) fn new(shared: Arc<Shared>, run: Run, application: &str) -> Self {
        let incoming = Incoming {
            application: application.to_owned(),
            args: Vec::new(),
            caller: Party { name: String::new(), number: "100".into() },
            dialled: "1000".into(),
            endpoint: "PJSIP/phone".into(),
            id: None,
        };
        Self { shared, run, incoming, steps: Vec::new() }
    }

    /// The arguments of `Stasis()`.
    pub fn args<T: Into<String>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.incoming.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Who calls.
    pub fn caller(mut self, name: &str, number: &str) -> Self {
        self.incoming.caller = Party { name: name.to_owned(), number: number.to_owned() };
        self
    }

    /// The number that was dialled.
    pub fn number(mut self, number: &str) -> Self {
        self.incoming.dialled = number.to_owned();
        self
    }

    /// The endpoint that the call comes from, as `PJSIP/bob`.
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.incoming.endpoint = endpoint.to_owned();
        self
    }

    /// The channel's id; otherwise Asterisk makes one.
    pub fn channel_id(mut self, id: &str) -> Self {
        self.incoming.id = Some(id.to_owned());
        self
    }

    /// What the caller does once the call is placed.
    pub fn script(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps = steps.into_iter().collect();
        self
    }

    /// Places the call: StasisStart is sent before this returns.
    pub fn place(self) -> Call {
        let watch = CallWatch::new();
        let state = watch.subscribe();
        let channel_id = self.shared.world().incoming(self.incoming, watch);
        let call = Call { shared: self.shared, channel_id, state };
        if !self.steps.is_empty() {
            let (caller, steps, cancel) = (call.clone(), self.steps, self.run.cancel.clone());
            self.run.tasks.spawn(async move {
                cancel.run_until_cancelled(caller.act(&steps)).await;
            });
        }
        call
    }
}

/// A call that was placed, seen from the caller's side.
#[derive(Clone)]
pub struct Call {
    shared: Arc<Shared>,
    channel_id: String,
    state: watch::Receiver<CallState>,
}

impl Call {
    pub(crate) fn on(shared: Arc<Shared>, channel_id: &str) -> Option<Self> {
        let state = shared.world().channels.get_mut(channel_id)?.watch().subscribe();
        Some(Self { shared, channel_id: channel_id.to_owned(), state })
    }

    /// The channel's id.
    pub fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// Where the call stands.
    pub fn state(&self) -> CallState {
        self.state.borrow().clone()
    }

    /// Presses keys.
    pub fn dtmf(&self, digits: &str) {
        self.shared.world().digits(&self.channel_id, digits);
    }

    /// Puts the call on hold.
    pub fn hold(&self) {
        self.shared.world().channel_event(
            &self.channel_id,
            "ChannelHold",
            json!({ "musicclass": "default" }),
        );
    }

    /// Takes it off hold.
    pub fn unhold(&self) {
        self.shared.world().channel_event(&self.channel_id, "ChannelUnhold", json!({}));
    }

    /// The caller hangs up, in Stasis or in the dialplan.
    pub fn hangup(&self) {
        self.shared.world().hang_up(&self.channel_id, 0, By::Caller);
    }

    /// Waits until somebody answers; false if the call ended before.
    pub async fn wait_answered(&self) -> bool {
        let mut state = self.state.clone();
        let state = state.wait_for(|state| state.answered || state.end.is_some()).await;
        state.is_ok_and(|state| state.answered)
    }

    /// Waits until the call is in this application.
    pub async fn wait_in(&self, application: &str) -> bool {
        let inside = |state: &CallState| state.application.as_deref() == Some(application);
        let mut state = self.state.clone();
        let state = state.wait_for(|state| inside(state) || state.end.is_some()).await;
        state.is_ok_and(|state| inside(&state))
    }

    /// Waits until ARI is done with the call, and tells how it ended.
    pub async fn wait_ended(&self) -> CallEnd {
        let mut state = self.state.clone();
        match state.wait_for(|state| state.end.is_some()).await {
            Ok(state) => state.end.clone().unwrap_or(CallEnd::AsteriskGone),
            Err(_) => CallEnd::AsteriskGone,
        }
    }

    async fn act(&self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Wait(time) => sleep(*time).await,
                Step::WaitAnswered => {
                    self.wait_answered().await;
                }
                Step::Dtmf(digits) => self.dtmf(digits),
                Step::Hold => self.hold(),
                Step::Unhold => self.unhold(),
                Step::HangUp => self.hangup(),
            }
        }
    }
}

impl World {
    /// Digits arrive from a channel's phone, one after the other.
    pub(crate) fn digits(&mut self, id: &str, digits: &str) {
        let pace = self.options.digit;
        for (index, digit) in digits.chars().enumerate() {
            // The event is sent when the key is let go.
            self.later_on(id, pace * (index as u32 + 1), move |world, id| {
                let fields = json!({ "digit": digit.to_string(), "duration_ms": DIGIT_MS });
                world.channel_event(id, "ChannelDtmfReceived", fields);
            });
        }
    }
}
