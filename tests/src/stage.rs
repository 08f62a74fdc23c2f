//! Where calls outlive what carries them: a fake Asterisk before a crew of processes, and the judgement in the end.

use std::{
    ops::Deref,
    time::{Duration, Instant},
};

use asterisk_sim::{Load, LoadPlan, LoadReport, Simulator};
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    brokers::Setup,
    crew::Crew,
    figures::Durations,
    oracle::{Findings, Gaps, Ledger, Request, judge},
    programs::{Programs, Running},
    proxies::RunningProxy,
    wait::{DEADLINE, eventually, soon},
    worlds::{start_simulator, until_connected},
};

/// A fake Asterisk and a crew.
pub struct Stage {
    /// The fake Asterisk.
    pub simulator: Simulator,
    crew: Crew,
}

impl Deref for Stage {
    type Target = Crew;

    fn deref(&self) -> &Crew {
        &self.crew
    }
}

impl Stage {
    /// Starts Asterisk and the broker.
    ///
    /// # Panics
    /// When something does not start; the text says why.
    pub async fn new(setup: Setup, programs: Programs) -> Self {
        Self { simulator: start_simulator().await, crew: Crew::new(setup, programs).await }
    }

    /// The proxy's configuration.
    #[must_use]
    pub fn config(&self) -> Value {
        self.config_for(&(&self.simulator).into(), &self.broker.url())
    }

    /// Runs a proxy inside the test, whose metrics can be read.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn proxy_here(&self, config: &Value) -> RunningProxy {
        let proxy = RunningProxy::start(config);
        until_connected(&self.simulator, &self.application).await;
        proxy
    }

    /// Runs a proxy as a process.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn proxy(&self) -> Running {
        self.proxy_with(&self.config()).await
    }

    /// Runs a proxy as a process, configured so.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn proxy_with(&self, config: &Value) -> Running {
        let proxy = self.start_proxy(config);
        until_connected(&self.simulator, &self.application).await;
        proxy
    }

    /// Calls that are up, each with a numbered event every `pause`, until the load is finished; each has taken a step.
    ///
    /// # Panics
    /// When they do not come to that.
    pub async fn calls_up(&self, calls: u64, pause: Duration) -> Load {
        let load = self.simulator.load(LoadPlan {
            application: self.application.clone(),
            rate: 100.0,
            calls,
            pause,
            ..LoadPlan::default()
        });
        eventually(&format!("{calls} calls up"), {
            let mut ledger = Ledger::default();
            async move || {
                ledger.read(&self.simulator);
                ledger.calls() as u64 == calls
            }
        })
        .await;
        load
    }

    /// How long after `from` the first command of another worker than `not` reached Asterisk, for each of these calls.
    /// Waits long for all; those that never come are not in it.
    pub async fn moved_on(&self, calls: &[String], not: &str, from: Instant) -> Durations {
        let mut ledger = Ledger::default();
        let until = Instant::now() + DEADLINE;
        loop {
            ledger.read(&self.simulator);
            let mut after = Durations::default();
            for call in calls {
                let others = |of: &&Request| of.signed.is_some() && !of.is_of(not) && of.at > from;
                if let Some(next) = ledger.of(call).iter().find(others) {
                    after.add(next.at - from);
                }
            }
            if after.len() == calls.len() || Instant::now() > until {
                return after;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until each of these calls has taken a step after `from`.
    ///
    /// # Panics
    /// When they do not.
    pub async fn until_each_steps(&self, calls: &[String], from: Instant) {
        let mut ledger = Ledger::default();
        eventually("a step of each call", async || {
            ledger.read(&self.simulator);
            calls.iter().all(|call| ledger.last_step(call).is_some_and(|step| step.at > from))
        })
        .await;
    }

    /// Lets each call have its last event, waits for the end of all, and judges.
    ///
    /// # Panics
    /// When the fake Asterisk does not come to send the events.
    pub async fn finish(&self, load: Load, gaps: Gaps) -> Findings {
        load.finish();
        self.judge(&soon("all events sent", load.wait()).await, gaps).await
    }

    /// Waits for the end of all calls, and judges. A call that is still up long afterwards is in the findings.
    pub async fn judge(&self, load: &LoadReport, gaps: Gaps) -> Findings {
        self.judge_after(load, gaps, DEADLINE).await
    }

    /// The same, waiting no longer than this for calls that may never end.
    pub async fn judge_after(&self, load: &LoadReport, gaps: Gaps, patience: Duration) -> Findings {
        let all = async {
            for call in &load.calls {
                call.wait_ended().await;
            }
        };
        // Whether it was in time the findings tell.
        let _ = timeout(patience, all).await;
        let mut ledger = Ledger::default();
        ledger.read(&self.simulator);
        let calls = load.calls.iter().map(|call| (call.channel_id.clone(), call.events, call.state().end));
        judge(&self.records(calls, |channel| ledger.of(channel)), gaps)
    }
}

/// How often the record of thousands of requests is looked at.
const LOOK: Duration = Duration::from_millis(20);
