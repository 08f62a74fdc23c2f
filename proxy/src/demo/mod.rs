//! `ari-proxy demo`: one phone call from end to end in one process, for somebody who has nothing installed.
//!
//! The proxy and the worker are the real ones; Asterisk is the simulator, the bus is in memory. What is shown is what
//! passes: every message waits in a [`spy`] around the bus until it was shown on the [`stage`].

mod outcome;
mod record;
mod spy;
mod stage;
mod text;
mod worker;

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use ari_bus::memory::MemoryBus;
use ari_proxy::{Proxy, config::Config};
use asterisk_sim::{Call, Simulator, SimulatorOptions};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use outcome::Outcome;
use record::Counts;
use spy::{Seen, Spy};
use stage::{Line, Party, Stage};

/// How long a message is held up, in milliseconds, unless told otherwise: an eye can follow, and the whole takes less
/// than ten seconds.
const PACE_MS: u64 = 120;
/// Slower than this, and the worker would take the proxy for dead.
const MAX_PACE_MS: u64 = 500;
/// How long the greeting plays.
const GREETING: Duration = Duration::from_secs(1);
/// How long the whole may take at full speed, before it counts as failed.
const DEADLINE: Duration = Duration::from_secs(15);
/// The deadline's share of each line that is shown: there are fewer lines than these.
const LINES: u32 = 150;
/// How long the dialog stays quiet before it is over: there is no second proxy here whose late events could come.
const LINGER: &str = "100ms";
/// The Stasis application, and so the topic of its workers.
const APPLICATION: &str = "hello-world";

/// Shows one phone call from end to end: needs no Asterisk, no bus and no configuration
///
/// A phone calls a simulated Asterisk; the proxy offers the call on a bus in memory; a sample worker takes it,
/// answers, plays a greeting to its end, sends DTMF, holds, takes off hold and hangs up. Every message is shown as
/// it passes. Exit status: 0 if the call went as planned, 1 if not.
///
/// RUST_LOG=debug shows the logs of proxy and worker as well, NO_COLOR=1 takes the colours away.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many milliseconds each message is held up, so that an eye can follow; 0 is full speed
    #[arg(long, value_name = "MS", default_value_t = PACE_MS, value_parser = clap::value_parser!(u64).range(..=MAX_PACE_MS))]
    pace: u64,
}

/// Runs the demo; it fails if anything went otherwise than planned.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let play = Play::new(Box::new(anstream::stdout()), Duration::from_millis(options.pace)).await?;
    text::opening(&play.stage);
    tokio::select! {
        result = play.perform() => result,
        () = play.stage.closed.cancelled() => bail!("nobody reads the output of the demo any more"),
    }
}

/// The parties of one call.
struct Play {
    simulator: Arc<Simulator>,
    stage: Arc<Stage>,
    bus: MemoryBus,
    seen: Arc<Seen>,
    deadline: Instant,
}

impl Play {
    /// Sets the stage: Asterisk listens.
    async fn new(output: Box<dyn Write + Send>, pace: Duration) -> anyhow::Result<Self> {
        let settings = SimulatorOptions { playback: GREETING, ..SimulatorOptions::default() };
        let simulator = Simulator::start(settings).await.context("the fake Asterisk cannot listen")?;
        let simulator = Arc::new(simulator);
        Ok(Self {
            stage: Arc::new(Stage::new(output, Arc::clone(&simulator), pace)),
            simulator,
            bus: MemoryBus::new(),
            seen: Arc::default(),
            deadline: Instant::now() + DEADLINE + pace * LINES,
        })
    }

    /// One call, from its first ring to the end of everybody.
    async fn perform(&self) -> anyhow::Result<()> {
        let (stop_proxy, stop_worker) = (CancellationToken::new(), CancellationToken::new());
        let (reports, mut reported) = mpsc::channel(1);

        let proxy = Proxy::with_bus(self.config()?, self.spy(Party::Proxy));
        let proxy = tokio::spawn(proxy.run(stop_proxy.clone()));
        self.within("the proxy connects to Asterisk", self.simulator.wait_registered(APPLICATION)).await?;
        let connected = format!("connects to Asterisk, for the application {APPLICATION}");
        self.stage.say([Line::act(Party::Proxy, connected)]).await;

        let worker = tokio::spawn(worker::run(
            self.spy(Party::Worker),
            APPLICATION,
            Arc::clone(&self.stage),
            reports,
            stop_worker.clone(),
        ));
        self.recorded("the worker joins its pool", |counts| counts.joined).await?;

        let call = self.place_call().await;
        let phone = tokio::spawn(phone(call.clone(), Arc::clone(&self.stage)));
        let end = self.within("the call ends", call.wait_ended()).await?;
        self.within("the phone notices that", phone).await??;
        let report = self.within("the worker's handler returns", reported.recv()).await?;
        let report = report.context("the worker ended before its call")?;
        self.recorded("the proxy ends the dialog", |counts| counts.over).await?;

        stop_worker.cancel();
        self.within("the worker stops", worker).await???;
        stop_proxy.cancel();
        self.within("the proxy stops", proxy).await???;
        let channels = self.simulator.channel_ids().len();
        let requests = self.simulator.requests();
        self.within("the fake Asterisk stops", self.simulator.stop()).await?;

        let counts = self.seen.counts();
        text::closing(&self.stage, &Outcome { end, requests, report, counts, channels })
    }

    fn spy(&self, party: Party) -> Arc<Spy> {
        let (seen, stage) = (Arc::clone(&self.seen), Arc::clone(&self.stage));
        Arc::new(Spy::new(self.bus.another(), party, seen, stage))
    }

    /// What would stand in config.json.
    fn config(&self) -> anyhow::Result<Config> {
        let config = json!({
            "server_id": "pbx",
            "applications": [APPLICATION],
            "websocket_url": self.simulator.websocket_url(),
            "stasis_url": self.simulator.ari_url(),
            "ws_user": self.simulator.user(),
            "ws_password": self.simulator.password(),
            // Not used: the proxy is given its bus.
            "message_bus": "NATS",
            "dialog": { "linger": LINGER },
        });
        serde_json::from_value(config).context("the demo's own configuration")
    }

    async fn place_call(&self) -> Call {
        let call =
            self.simulator.call(APPLICATION).caller("Bob", "4711").number("1000").endpoint("PJSIP/bob");
        self.stage.say([Line::blank(), Line::act(Party::Phone, "Bob (4711) dials 1000")]).await;
        call.place()
    }

    /// Waits for something, but not for ever.
    async fn within<T>(&self, what: &str, wait: impl Future<Output = T>) -> anyhow::Result<T> {
        timeout_at(self.deadline, wait).await.with_context(|| format!("waited in vain for this: {what}"))
    }

    /// Waits until something has passed on the bus.
    async fn recorded(&self, what: &str, has: impl Fn(&Counts) -> bool) -> anyhow::Result<()> {
        let mut counts = self.seen.changes.subscribe();
        self.within(what, counts.wait_for(has)).await?.context("the record is gone")?;
        Ok(())
    }
}

/// What Bob notices, and the key that he presses.
async fn phone(call: Call, stage: Arc<Stage>) {
    if call.wait_answered().await {
        stage.say([Line::act(Party::Phone, "somebody answers; Bob presses 5")]).await;
        call.dtmf("5");
    }
    call.wait_ended().await;
    stage.say([Line::act(Party::Phone, "the line is dead")]).await;
}

#[cfg(test)]
mod tests {
    use asterisk_sim::RestFault;

    use super::*;

    #[tokio::test]
    async fn a_call_that_asterisk_does_not_answer_fails_the_demo() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let play = Play::new(Box::new(std::io::sink()), Duration::ZERO).await.unwrap();
        play.simulator.faults().add(RestFault::on("POST", "/channels/*/answer").answer(500, "{}"));
        let error = play.perform().await.unwrap_err().to_string();
        assert!(error.contains("a command of the worker failed") && error.contains("500"), "{error}");
    }
}
