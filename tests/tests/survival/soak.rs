//! Minutes of chance: workers are killed, replaced and stopped, links are cut, stalled, halved and throttled, the broker is
//! killed; and in the end every call has reached its planned end, every step taken once. `ARI_TEST_SEED` repeats a run,
//! `ARI_TEST_SOAK` makes it longer than three minutes, in seconds.

use std::time::{Duration, Instant};

use ari_tests::{
    brokers::Setup,
    crew::{ALONE, ROOM},
    fault_proxy::{Cut, FaultProxy, Way},
    handlers::Handler,
    on_every_bus,
    oracle::Gaps,
    programs,
    programs::Running,
    seed::Seed,
    stage::Stage,
    wait::{eventually, ok},
};
use asterisk_sim::LoadPlan;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::json;
use tokio::time::sleep;

on_every_bus!(
    #[ignore = "takes minutes: tests/run --long"]
    whatever_fails_every_call_reaches_its_end,
);

const WORKERS: usize = 3;

async fn whatever_fails_every_call_reaches_its_end(setup: Setup) {
    let _alone = ALONE.lock().await;
    let seed = Seed::take(&format!("soak, {setup:?}"));
    let seconds = std::env::var("ARI_TEST_SOAK").map_or(180, |text| ok(text.parse()));
    let stage = Stage::new(setup, programs!()).await;
    let (link, behind) = stage.broker.behind_a_network().await;
    let mut config = stage.config_for(&(&stage.simulator).into(), &behind);
    // A call that finds no healthy worker for a while is no loss.
    config["dialog"] = json!({"offer_deadline": "10m", "outage_patience": "10m"});
    let proxy = stage.proxy_with(&config).await;
    let mut soak = Soak { rng: seed.rng(), stage: &stage, proxy, link, workers: Vec::new(), started: 0 };
    for _ in 0..WORKERS {
        let worker = soak.start_worker().await;
        soak.workers.push(worker);
    }
    stage.broker.until_read_by(&stage.application, WORKERS as u64).await;
    let load = stage.simulator.load(LoadPlan {
        application: stage.application.clone(),
        rate: 5.0,
        calls: 0,
        events_per_call: 20,
        pause: Duration::from_millis(500),
        ..LoadPlan::default()
    });
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        soak.trouble().await;
        let pause = soak.rng.random_range(500..4_000);
        sleep(Duration::from_millis(pause)).await;
    }
    // All is well from here on.
    soak.heal().await;
    load.finish();
    let report = load.wait().await;
    // A handler whose worker is gone for good may have waited for its answer for 30 s.
    let findings = stage.judge_after(&report, Gaps::None, Duration::from_secs(180)).await;
    println!("{setup:?}: {seconds} s of trouble: {findings}");
    findings.must_be_clean();
    for (worker, _) in soak.workers {
        worker.stop().await;
    }
    soak.proxy.stop().await;
}

struct Soak<'a> {
    rng: StdRng,
    stage: &'a Stage,
    proxy: Running,
    link: FaultProxy,
    /// Each with its link to the broker.
    workers: Vec<(Running, FaultProxy)>,
    /// How many there have been.
    started: usize,
}

impl Soak<'_> {
    async fn start_worker(&mut self) -> (Running, FaultProxy) {
        self.started += 1;
        let (link, behind) = self.stage.broker.behind_a_network().await;
        let name = format!("w{}", self.started);
        let worker = self.stage.worker_at(&behind, &name, ROOM, Handler::Signs);
        (worker, link)
    }

    async fn trouble(&mut self) {
        let which = self.rng.random_range(0..WORKERS);
        let time = Duration::from_millis(self.rng.random_range(200..8_000));
        match self.rng.random_range(0..20) {
            0..3 => self.replace(which, true).await,
            3..5 => self.replace(which, false).await,
            5..7 => self.stop_worker(which, time).await,
            7 => self.stop_proxy(time).await,
            8 => self.kill_broker(time).await,
            9..16 => self.fail_link(Some(which), time).await,
            _ => self.fail_link(None, time).await,
        }
    }

    async fn replace(&mut self, which: usize, kill: bool) {
        let fresh = self.start_worker().await;
        let (old, link) = std::mem::replace(&mut self.workers[which], fresh);
        say(&format!("{} {}", old.name(), if kill { "is killed" } else { "is told to end" }));
        if kill {
            ok(old.kill().await);
        } else {
            // A link that is still halved is in nobody's way any more.
            link.cut(Cut::Reset).await;
            old.stop().await;
        }
    }

    async fn stop_worker(&mut self, which: usize, time: Duration) {
        let (worker, _) = &self.workers[which];
        say(&format!("{} is stopped for {time:?}", worker.name()));
        ok(worker.pause().await);
        sleep(time).await;
        ok(worker.resume());
    }

    async fn stop_proxy(&mut self, time: Duration) {
        say(&format!("the proxy is stopped for {time:?}"));
        ok(self.proxy.pause().await);
        sleep(time).await;
        ok(self.proxy.resume());
    }

    async fn kill_broker(&mut self, time: Duration) {
        say(&format!("the broker is away for {time:?}"));
        ok(self.stage.broker.server().kill().await);
        sleep(time).await;
        ok(self.stage.broker.server().start_again().await);
    }

    /// A worker's link, or the proxy's.
    async fn fail_link(&mut self, which: Option<usize>, time: Duration) {
        let (name, link) = match which {
            Some(which) => (self.workers[which].0.name(), &self.workers[which].1),
            None => ("the proxy", &self.link),
        };
        let way = [Way::ToServer, Way::ToClient, Way::Both][self.rng.random_range(0..3)];
        let what = match self.rng.random_range(0..6) {
            0 => {
                link.cut(Cut::Reset).await;
                "is reset".to_owned()
            }
            1 => {
                link.cut(Cut::Clean).await;
                "is cut".to_owned()
            }
            2 => {
                link.halve(way);
                format!("is dead {way:?}")
            }
            3 => {
                link.throttle(way, Some(self.rng.random_range(2_000..100_000)));
                format!("is slow {way:?} for {time:?}")
            }
            4 => {
                link.refuse(true).await;
                link.cut(Cut::Reset).await;
                format!("is refused for {time:?}")
            }
            _ => {
                link.stall(way);
                format!("stalls {way:?} for {time:?}")
            }
        };
        say(&format!("the link of {name} {what}"));
        sleep(time).await;
        link.resume();
        link.throttle(Way::Both, None);
        link.refuse(false).await;
    }

    async fn heal(&mut self) {
        say("all is well");
        let stage = self.stage;
        eventually("all workers back", async || {
            stage.broker.readers(&stage.application).await == WORKERS as u64
        })
        .await;
    }
}

/// One line of the run's story.
fn say(what: &str) {
    println!("soak: {what}");
}
